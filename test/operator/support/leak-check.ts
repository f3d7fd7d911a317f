/** All that the operator has said in a run, searched for every secret and every token of that run. */
import { readFile } from 'node:fs/promises';
import { PERSON } from '../../../dev/emulator/event-message.ts';
import type { EmulatorControl } from '../../../dev/emulator/index.ts';
import { DEFAULT_CLIENT } from '../../../dev/emulator/index.ts';
import { kubectlOf } from '../../../dev/installation/kubectl.ts';
import type { OperatorProcess } from '../../../dev/installation/operator-process.ts';
import { CREDENTIAL_SECRET } from '../../../src/api/names.ts';
import { leaksOf, partsOfToken } from '../../support/leaks.ts';
import type { Run } from './run.ts';

/**
 * Asks what can be asked while operator, cluster and emulator still run. What it resolves with is to be called when the
 * operator has stopped, since it logs until then, and resolves with what was found.
 */
export async function prepareLeakCheck(
  run: Run,
  operator: OperatorProcess,
  azure: EmulatorControl,
): Promise<() => Promise<string[]>> {
  const [asked, secrets] = [await everythingAsked(run, operator), await everySecret(run, azure)];
  return async () => {
    const texts = { ...asked, log: await readFile(run.logFile, 'utf8'), stderr: operator.stderr() };
    return leaksOf(secrets, searchable(texts));
  };
}

function searchable(texts: Record<string, string>): Record<string, string> {
  const silent = Object.entries(texts).filter(([where, text]) => text === '' && where !== 'stderr');
  if (silent.length > 0) throw new Error(`there is nothing to search in ${silent.map(([where]) => where).join(', ')}`);
  return texts;
}

async function everythingAsked(run: Run, operator: OperatorProcess): Promise<Record<string, string>> {
  const get = async (url: string) => (await fetch(url)).text();
  const all = (kinds: string) => kubectlOf(run.cluster, ['get', kinds, '-A', '-o', 'json', '--show-managed-fields']);
  return {
    metrics: await get(`${operator.metricsUrl}/metrics`),
    'health endpoint': await get(`${operator.healthUrl}/readyz?verbose`),
    objects: await all('azureintegrationruntimes.azure-ir.io'),
    events: await all('events.events.k8s.io'),
  };
}

interface SecretList {
  items: { metadata: { name: string }; data?: Record<string, string> }[];
}

/** What clients presented to Entra, right or wrong; what it gave them; and what namespaces have that was never presented. */
async function everySecret(run: Run, azure: EmulatorControl): Promise<string[]> {
  const list: SecretList = JSON.parse(await kubectlOf(run.cluster, ['get', 'secrets', '-A', '-o', 'json']));
  const hasFinalizer = list.items
    .filter(({ metadata }) => metadata.name === CREDENTIAL_SECRET)
    .flatMap(({ data = {} }) => Object.entries(data))
    .filter(([key]) => !['AZURE_TENANT_ID', 'AZURE_CLIENT_ID'].includes(key))
    .map(([, value]) => Buffer.from(value, 'base64').toString());
  const tokens = (await azure.issuedTokens()).flatMap(({ token }) => partsOfToken(token));
  if (tokens.length === 0) throw new Error('the emulator knows of no token, so nothing was searched for');
  // Who has made a change, by the events that tell of it.
  const people = Object.values(PERSON);
  return [
    ...people,
    DEFAULT_CLIENT.clientSecret,
    'never-shown-',
    ...hasFinalizer,
    ...(await azure.presentedSecrets()),
    ...tokens,
  ];
}
