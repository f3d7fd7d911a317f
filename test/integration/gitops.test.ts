/** What is under deploy/argocd and deploy/flux, on the real API server. */
import { glob, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { KIND } from '../../src/api/names.ts';
import { kubectl, run } from './support/kubectl.ts';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Of our kind, in worked examples, by file and name. */
async function examples(): Promise<[string, Manifest][]> {
  const found: [string, Manifest][] = [];
  for await (const path of glob('deploy/{argocd,flux}/**/*.yaml')) {
    const manifests: Manifest[] = parseAllDocuments(await readFile(path, 'utf8')).map((document) => document.toJS());
    const ours = manifests.filter(({ kind }) => kind === KIND);
    found.push(...ours.map((manifest): [string, Manifest] => [`${manifest.metadata.name} of ${path}`, manifest]));
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

const EXAMPLES = await examples();

describe('a worked example', () => {
  beforeAll(async () => {
    await kubectl(['apply', '-f', '-'], {
      stdin: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'data-platform' } },
    });
  });

  test.each(EXAMPLES)('is accepted under strict validation, without a warning: %s', async (_path, manifest) => {
    const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await run(args, { stdin: manifest })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('argocd-cm.yaml', () => {
  test("is merged into Argo CD's own ConfigMap by the command that it names, and takes nothing else away", async () => {
    const path = 'deploy/argocd/argocd-cm.yaml';
    const text = await readFile(path, 'utf8');
    const given = { 'application.instanceLabelKey': 'app', url: 'https://argocd.example.com' };
    const metadata = { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } };
    for (const stdin of [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: given },
    ]) {
      await kubectl(['apply', '-f', '-'], { stdin });
    }
    const command = ['patch', 'configmap', 'argocd-cm', '-n', 'argocd', '--patch-file', path];
    expect(text).toContain(`kubectl ${command.join(' ')}`);
    await kubectl(command);
    const stored = JSON.parse(await kubectl(['get', 'configmap', 'argocd-cm', '-n', 'argocd', '-o', 'json']));
    expect(stored.metadata.labels).toEqual(metadata.labels);
    expect(stored.data).toEqual({ ...given, ...parse(text).data });
  });
});
