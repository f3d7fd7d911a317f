/** The tour: what the operator does for one runtime, from its manifest to its deletion. */
import { readFile } from 'node:fs/promises';
import { type ControlRequest, drift, listRuntimes, setState } from './azure.ts';
import type { Narrator } from './narrator.ts';
import { DEADLINE_S, type Shell, StepFailed } from './shell.ts';

export const SAMPLE = 'examples/azureintegrationruntime.yaml';
export const OBJECT = 'my-sample-azure-ir';
/** Its name in Azure. */
export const RUNTIME = 'MySampleAzureIR';

const READY = ['wait', '--for=condition=Ready', `azir/${OBJECT}`, `--timeout=${DEADLINE_S}s`];
const EVENTS = ['events', '--for', `azir/${OBJECT}`];

export interface Scene {
  readonly shell: Shell;
  readonly narrator: Narrator;
  readonly controlUrl: string;
}

/** Every step, in order. @throws StepFailed */
export async function tour(scene: Scene): Promise<void> {
  for (const step of [create, describe, move, correctDrift, repair, remove, mistake]) await step(scene);
}

export async function applySample({ shell }: Scene): Promise<void> {
  await shell.kubectl(['apply', '-f', SAMPLE]);
  await shell.kubectl(READY);
  await shell.kubectl(['get', 'azir']);
}

async function create(scene: Scene): Promise<void> {
  scene.narrator.step(
    'Apply the sample: the operator creates the runtime in Azure, and the object becomes Ready once the runtime is Online.',
  );
  await applySample(scene);
  await scene.shell.azure(listRuntimes(scene.controlUrl));
}

async function describe({ shell, narrator }: Scene): Promise<void> {
  narrator.step('Describe the object: conditions, the claim, and the reference to paste into a linked service.');
  await shell.kubectl(['describe', 'azir', OBJECT]);
}

async function move({ shell, narrator }: Scene): Promise<void> {
  narrator.step(
    'Apply the sample with another location: the operator moves the runtime in place, without recreating it.',
  );
  const from = `sed 's/West Europe/North Europe/' ${SAMPLE}`;
  const text = (await readFile(SAMPLE, 'utf8')).replaceAll('West Europe', 'North Europe');
  await shell.kubectl(['apply', '-f', '-'], { from, text });
  await shell.kubectl(READY);
  await shell.kubectl(['get', 'azir']);
}

/** Drift: what another writer may do to the runtime in Azure. */
export function moveAway(controlUrl: string): ControlRequest {
  return drift(controlUrl, RUNTIME, { typeProperties: { computeProperties: { location: 'East US' } } });
}

/** Whether the runtime is in Azure where the sample has it. */
export async function sampleIsInPlace({ shell, controlUrl }: Scene): Promise<boolean> {
  return (await shell.ask(listRuntimes(controlUrl))).includes('"West Europe"');
}

async function correctDrift({ shell, narrator, controlUrl }: Scene): Promise<void> {
  narrator.step(
    "Change the location in Azure, behind the operator's back: at the next poll the operator corrects the drift and reports it.",
  );
  await shell.azure(moveAway(controlUrl));
  await shell.until('the event DriftCorrected', () => shell.hasEvent(OBJECT, 'DriftCorrected'));
  await shell.kubectl(EVENTS);
  await shell.kubectl(['get', 'azir']);
}

async function repair({ shell, narrator, controlUrl }: Scene): Promise<void> {
  narrator.step(
    'Break the runtime, so that Azure reports Limited: the operator repairs it by re-applying its full definition.',
  );
  await shell.azure(setState(controlUrl, RUNTIME, 'Limited'));
  await shell.until('the event Repaired', () => shell.hasEvent(OBJECT, 'Repaired'));
  await shell.kubectl(EVENTS);
  await shell.kubectl(READY);
  await shell.kubectl(['get', 'azir']);
}

async function remove({ shell, narrator, controlUrl }: Scene): Promise<void> {
  narrator.step(
    'Delete the object: it created the runtime, so the operator deletes the runtime first, then the object goes.',
  );
  await shell.kubectl(['delete', 'azir', OBJECT, `--timeout=${DEADLINE_S}s`]);
  const left = await shell.azure(listRuntimes(controlUrl));
  if (left.includes(RUNTIME)) throw new StepFailed(`The object is gone, but the runtime is still in Azure: ${left}`);
}

async function mistake({ shell, narrator }: Scene): Promise<void> {
  narrator.step(
    'Make a mistake, a typo in the name of the factory: the object says what is wrong and what to do, and nothing is made in Azure.',
  );
  const from = `sed 's/SampleV2DataFactory1/SampleV2DataFactry1/' ${SAMPLE}`;
  const text = (await readFile(SAMPLE, 'utf8')).replaceAll('SampleV2DataFactory1', 'SampleV2DataFactry1');
  await shell.kubectl(['apply', '-f', '-'], { from, text });
  const reason = '--for=jsonpath={.status.conditions[0].reason}=FactoryNotFound';
  await shell.kubectl(['wait', reason, `azir/${OBJECT}`, `--timeout=${DEADLINE_S}s`]);
  await shell.kubectl(['get', 'azir', OBJECT, '-o', 'jsonpath={.status.conditions[0].message}']);
  await shell.kubectl(['delete', 'azir', OBJECT, `--timeout=${DEADLINE_S}s`]);
}
