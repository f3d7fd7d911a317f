/** What `kubectl azir check --azure` says: whether the identity that asks has the rights that the objects need. */
import type { Desired } from '../../core/model/desired.ts';
import { AzureFailure } from '../../core/model/failure.ts';
import { foldCase } from '../../core/model/letter-case.ts';
import { type Parent, parentArmId, parentKey } from '../../core/model/runtime.ts';
import { grants, PERMISSIONS_READ } from '../azure/permissions.ts';
import type { AzureReader } from '../azure/reader.ts';
import { inPool } from '../pool.ts';
import type { Finding, Judgement } from './finding.ts';
import type { Found } from './objects.ts';

/** A right, and for what it is needed: always, or for objects that declare it. */
interface Need {
  readonly action: string;
  readonly isNeededBy: (desired: Desired) => boolean;
}

const always = () => true;
const manages = ({ managementPolicy }: Desired): boolean => managementPolicy === 'Manage';
const deletes = (desired: Desired): boolean => manages(desired) && desired.deletionPolicy !== 'Retain';
const makesNetworks = (desired: Desired): boolean =>
  manages(desired) && desired.managedVirtualNetwork?.creation === 'IfMissing';
const isInNetwork = ({ managedVirtualNetwork }: Desired): boolean => managedVirtualNetwork !== undefined;
const authors = (desired: Desired): boolean => manages(desired) && desired.interactiveAuthoring !== undefined;

/** Those of deploy/azure/role.json: a test holds the two together. */
export const NEEDS: Readonly<Record<Parent['kind'], readonly Need[]>> = {
  factory: [
    { action: 'Microsoft.DataFactory/factories/read', isNeededBy: always },
    { action: 'Microsoft.DataFactory/factories/integrationruntimes/read', isNeededBy: always },
    { action: 'Microsoft.DataFactory/factories/integrationruntimes/getstatus/read', isNeededBy: always },
    { action: 'Microsoft.DataFactory/factories/integrationruntimes/write', isNeededBy: manages },
    { action: 'Microsoft.DataFactory/factories/integrationruntimes/delete', isNeededBy: deletes },
    {
      action: 'Microsoft.DataFactory/factories/integrationruntimes/enableInteractiveQuery/action',
      isNeededBy: authors,
    },
    { action: 'Microsoft.DataFactory/factories/managedVirtualNetworks/read', isNeededBy: isInNetwork },
    { action: 'Microsoft.DataFactory/factories/managedVirtualNetworks/write', isNeededBy: makesNetworks },
  ],
  workspace: [
    { action: 'Microsoft.Synapse/workspaces/read', isNeededBy: always },
    { action: 'Microsoft.Synapse/workspaces/integrationRuntimes/read', isNeededBy: always },
    { action: 'Microsoft.Synapse/workspaces/integrationRuntimes/getStatus/action', isNeededBy: always },
    { action: 'Microsoft.Synapse/workspaces/integrationRuntimes/write', isNeededBy: manages },
    { action: 'Microsoft.Synapse/workspaces/integrationRuntimes/delete', isNeededBy: deletes },
    { action: 'Microsoft.Synapse/workspaces/integrationRuntimes/enableInteractiveQuery/action', isNeededBy: authors },
  ],
};

export type Rights = Pick<AzureReader, 'identity' | 'credential' | 'permissions'>;

const AT_ONCE = 4;

/** Of the factories and workspaces that are named, or else of those that the objects are in: a line for each. */
export async function azureRights(
  azure: Rights,
  named: readonly Parent[],
  objects: readonly Found[],
): Promise<Finding[]> {
  const places = new Map(named.map((parent) => [parentKey(parent), parent]));
  const inCluster = objects.flatMap(({ object: { spec, status } }) =>
    spec.valid ? [{ desired: spec.desired, claimedAs: status.claim?.identity }] : [],
  );
  if (named.length === 0)
    for (const { desired } of inCluster) places.set(parentKey(desired.id.parent), desired.id.parent);
  return inPool([...places], AT_ONCE, async ([key, parent]) => {
    const own = inCluster.filter(({ desired }) => parentKey(desired.id.parent) === key);
    const judged = await rightsOn(azure, parent, own);
    return { what: `Azure rights of ${azure.credential} on ${parent.kind} ${parent.name}`, ...judged };
  });
}

async function rightsOn(
  azure: Rights,
  parent: Parent,
  own: readonly { readonly desired: Desired; readonly claimedAs: string | undefined }[],
): Promise<Judgement> {
  const needs = NEEDS[parent.kind].filter(
    ({ isNeededBy }) => own.length === 0 || own.some(({ desired }) => isNeededBy(desired)),
  );
  try {
    const permissions = await azure.permissions(parent);
    const lacks = needs.filter(({ action }) => !grants(permissions, action)).map(({ action }) => action);
    return judged(lacks, othersOf(azure, own), parent);
  } catch (error) {
    if (!(error instanceof AzureFailure)) throw error;
    const { failure, message } = error;
    if (failure.kind !== 'forbidden') return { verdict: 'unknown', detail: message };
    return {
      verdict: 'unknown',
      detail: message,
      remedy: `asking takes ${PERMISSIONS_READ}, which the role of docs/azure-role.md lacks; Reader has it`,
    };
  }
}

/** The identities under which these objects are managed, where that is not the one that asks. */
function othersOf({ identity }: Rights, own: readonly { readonly claimedAs: string | undefined }[]): string[] {
  const all = new Set(own.flatMap(({ claimedAs }) => claimedAs ?? []));
  return [...all].filter((each) => foldCase(each) !== foldCase(identity)).sort();
}

/** What this identity may says nothing of another one. */
function judged(lacks: readonly string[], others: readonly string[], parent: Parent): Judgement {
  const found = lacks.length === 0 ? 'all that is needed, by its roles' : `it lacks ${lacks.join(', ')}`;
  if (others.length > 0) {
    return {
      verdict: 'unknown',
      detail: `${found}; but the runtimes are managed as ${others.join(' and ')}, whose rights are not known`,
      remedy: 'check with the credential of that identity: --azure-credential',
    };
  }
  if (lacks.length === 0) return { verdict: 'ok', detail: found };
  return {
    verdict: 'failed',
    detail: found,
    remedy: `assign the role of docs/azure-role.md at ${parentArmId(parent)}`,
  };
}
