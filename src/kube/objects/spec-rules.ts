/** The values that the fields of a spec may have: the CRD's rules once more, since an object may have been stored before the CRD had them. */
import type { PlainPath } from '../../core/model/fields.ts';
import type { Json } from '../../core/model/runtime.ts';

export interface Rule {
  readonly matches: RegExp;
  readonly longest: number;
  readonly shortest: number;
  /** Ends the sentence "spec.x must be …". */
  readonly mustBe: string;
}

const NAME = /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/;
export const RUNTIME_NAME = '3 to 63 letters and digits, separated by single hyphens';

export const RULES = {
  azureName: {
    matches: NAME,
    shortest: 3,
    longest: 63,
    mustBe: RUNTIME_NAME,
  },
  factoryName: { matches: NAME, shortest: 3, longest: 63, mustBe: `the name of a Data Factory: ${RUNTIME_NAME}` },
  workspaceName: {
    matches: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    shortest: 1,
    longest: 50,
    mustBe:
      'the name of a Synapse workspace: 1 to 50 letters, digits and hyphens, starting and ending with a letter or digit',
  },
  subscriptionId: {
    matches: /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/,
    shortest: 36,
    longest: 36,
    mustBe: 'the ID (GUID) of a subscription',
  },
  resourceGroup: {
    matches: /^[\p{L}\p{N}._()-]*[\p{L}\p{N}_()-]$/u,
    shortest: 1,
    longest: 90,
    mustBe:
      'the name of a resource group: 1 to 90 letters, digits, hyphens, underscores, dots and parentheses, not ending with a dot',
  },
  networkName: {
    matches: /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/,
    shortest: 1,
    longest: 127,
    mustBe: 'a valid network name; omit the field, because Azure supports only "default"',
  },
} as const satisfies Record<string, Rule>;

/** The values that a leaf of the definition may have, and the end of the sentence "spec.x must be …". */
interface LeafRule {
  readonly accepts: (value: Json) => boolean;
  readonly mustBe: string;
}

const text = (rule: Rule): LeafRule => ({
  accepts: (value) => typeof value === 'string' && fits(value, rule),
  mustBe: rule.mustBe,
});
const oneOf = (...choices: readonly Json[]): LeafRule => ({
  accepts: (value) => choices.includes(value),
  mustBe: `one of ${choices.join(', ')}`,
});
const whole = (mustBe: string, least: number, most: number, step = 1): LeafRule => ({
  accepts: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most && value % step === 0,
  mustBe,
});
/** The largest 32-bit number: neither Azure nor Terraform documents a maximum. */
const MOST_MINUTES = 2 ** 31 - 1;
const minutes = (least: number) => whole(`a whole number of minutes, ${least} or more`, least, MOST_MINUTES);
const units = whole('a multiple of 4 from 4 to 256', 4, 256, 4);
const nodes = whole('a whole number from 1 to 10', 1, 10);

export const LEAVES: Readonly<Record<PlainPath, LeafRule>> = {
  location: text({
    matches: /^[A-Za-z0-9(]([A-Za-z0-9 ()-]*[A-Za-z0-9)])?$/,
    shortest: 1,
    longest: 64,
    mustBe: 'an Azure region, for example "West Europe" or westeurope, or AutoResolve',
  }),
  description: text({
    matches: /^/,
    shortest: 0,
    longest: 4096,
    mustBe: 'text of at most 4096 characters',
  }),
  'dataFlow.computeType': oneOf('General', 'MemoryOptimized', 'ComputeOptimized'),
  'dataFlow.coreCount': oneOf(8, 16, 32, 48, 80, 144, 272),
  'dataFlow.timeToLiveMinutes': minutes(0),
  'dataFlow.cleanup': oneOf(true, false),
  'copyCompute.dataIntegrationUnits': units,
  'copyCompute.timeToLiveMinutes': minutes(5),
  'pipelineExternalCompute.timeToLiveMinutes': minutes(5),
  'pipelineExternalCompute.pipelineNodes': nodes,
  'pipelineExternalCompute.externalNodes': nodes,
};

export const PROPERTY = {
  name: { matches: /^/, shortest: 1, longest: 128, mustBe: 'text of 1 to 128 characters' },
  value: { matches: /^/, shortest: 0, longest: 1024, mustBe: 'text of at most 1024 characters' },
} as const satisfies Record<string, Rule>;
export const MOST_PROPERTIES = 32;

export function fits(value: string, { matches, shortest, longest }: Rule): boolean {
  // UTF-16 units are an upper bound of characters: the exact count matters only where the two differ.
  const length = value.length <= longest ? value.length : [...value].length;
  return length >= shortest && length <= longest && matches.test(value);
}
