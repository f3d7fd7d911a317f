/** kstatus's verdict (sigs.k8s.io/cli-utils, pkg/kstatus/status), and the rules that every status of ours keeps. */

export interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
      readonly observedGeneration?: number;
    }[];
  };
}

export type Verdict = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export function kstatus({ metadata, status = {} }: Seen): Verdict {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (status.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return 'InProgress';
  for (const { type, status: value } of status.conditions ?? []) {
    if (type === 'Reconciling' && value === 'True') return 'InProgress';
    if (type === 'Stalled' && value === 'True') return 'Failed';
  }
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return 'Current';
  return ready.status === 'True' ? 'Current' : 'InProgress';
}

/** What only a person can mend; everything else heals by itself and must never be Failed. */
const NEEDS_A_PERSON = new Set([
  ...['InvalidDefinition', 'PolicyDenied', 'Locked', 'SubscriptionNotFound', 'AdoptionRefused', 'TypeConflict'],
  ...['NetworkConflict', 'Drifted', 'ProviderNotRegistered', 'RequestRefused'],
  ...['FactoryNotFound', 'WorkspaceNotFound', 'ManagedVirtualNetworkNotFound'],
  ...['CredentialsInvalid', 'RepairExhausted', 'NotApplied', 'OwnedByAnother', 'Limited', 'Suspended', 'Forbidden'],
  ...['Offline', 'AccessDenied', 'Stopped', 'Stopping', 'NeedRegistration', 'Provisioning'],
]);

/** The rules that a status breaks, in words; none for one that nobody has written yet. */
export function brokenRules(seen: Seen): string[] {
  const { metadata, status = {} } = seen;
  const conditions = status.conditions ?? [];
  if (conditions.length === 0) return status.observedGeneration === -1 ? [] : ['a status without conditions'];
  const of = (type: string) => conditions.find((condition) => condition.type === type);
  const [ready, reconciling, stalled] = [of('Ready'), of('Reconciling'), of('Stalled')];
  const broken: string[] = [];
  const rule = (holds: boolean, text: string) => void (holds || broken.push(`${text}: ${JSON.stringify(status)}`));
  for (const type of ['Ready', 'Synced', 'Healthy']) rule(of(type) !== undefined, `${type} is always present`);
  rule(reconciling === undefined || stalled === undefined, 'Reconciling and Stalled are never both there');
  for (const condition of [reconciling, stalled]) {
    rule(condition === undefined || condition.status === 'True', 'Reconciling and Stalled are True or absent');
  }
  rule(stalled === undefined || ready?.status !== 'True', 'Stalled means not Ready');
  rule(
    ready?.status !== 'Unknown' || reconciling !== undefined || stalled?.reason === 'Suspended',
    'Unknown means Reconciling',
  );
  const own = conditions.every((condition) => condition.observedGeneration === status.observedGeneration);
  rule(ready?.status !== 'True' || own, 'Ready=True means that every condition is of the observed generation');
  rule(
    ready?.status !== 'True' || of('Healthy')?.status === 'True' || ready.reason === 'Suspended',
    'Ready=True means Healthy=True',
  );
  if (kstatus(seen) === 'Failed') {
    rule(NEEDS_A_PERSON.has(stalled?.reason ?? ''), `Failed only for what a person must mend`);
  }
  if (kstatus(seen) === 'Current') {
    rule(
      ready?.status === 'True' && status.observedGeneration === metadata.generation,
      'Current means Ready at this generation',
    );
  }
  return broken;
}
