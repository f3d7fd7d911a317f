/** The Lease of the leader election: read, watched and written. */
import { PatchStrategy } from '@kubernetes/client-node';
import { FIELD_MANAGER } from '../../api/names.ts';
import { compact } from '../../core/model/compact.ts';
import { isObject } from '../../core/model/json.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LeaseConflict, type LeaseStore } from '../../runtime/elector.ts';
import type { Lease, StoredLease } from '../../runtime/leader.ts';
import type { Log } from '../../runtime/log.ts';
import type { KubeClient } from '../client/client.ts';
import { KubeError } from '../client/errors.ts';
import { renderMicroTime } from '../client/micro-time.ts';
import { pathOf } from '../client/paths.ts';
import { readInteger, readRecord, readText } from '../client/raw.ts';
import { compareVersions } from '../client/resource-version.ts';
import { createSource } from '../watch/source.ts';
import { runScopes } from '../watch/watch.ts';

export interface LeaseStoreOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
  /** Annotations that the holder puts on the lease with each write, for people. */
  readonly notes?: () => Readonly<Record<string, string>>;
}

const API_VERSION = 'coordination.k8s.io/v1';
const LEASES = { groupVersion: API_VERSION, plural: 'leases' };
const WRITE = { fieldManager: FIELD_MANAGER.lease, fieldValidation: 'Strict' };
/** Short: a dead connection hides a release until the next stream is opened. */
const WATCH_SECONDS = 30;
/** The default of Kubernetes' own components, for a lease that has a holder and no duration. */
const DEFAULT_DURATION_S = 15;

/**
 * A lease of `coordination.k8s.io/v1`, in the fields that client-go writes and kubectl shows. Its methods reject with
 * `LeaseConflict` as promised, else with `KubeError` or the signal's reason.
 *
 * A write is a merge patch that names the version: the server refuses it when it has another version, and labels that others
 * have set stay. List and watch select by the name, so that RBAC can grant them for that name alone.
 */
export function createLeaseStore(options: LeaseStoreOptions): LeaseStore {
  return new KubeLeaseStore(options);
}

class KubeLeaseStore implements LeaseStore {
  readonly #options: LeaseStoreOptions;
  /** The paths of all leases of the namespace, and of this one. */
  readonly #paths: { readonly all: string; readonly one: string };
  /** The newest version that was reported or returned. */
  #newest = '';

  constructor(options: LeaseStoreOptions) {
    this.#options = options;
    const { namespace, name } = options;
    this.#paths = { all: pathOf({ ...LEASES, namespace }), one: pathOf({ ...LEASES, namespace, name }) };
  }

  watch(report: (stored: StoredLease | undefined) => void, signal: AbortSignal): Promise<void> {
    const { client, clock, log, namespace, name } = this.#options;
    const reportNew = (stored: StoredLease) => {
      if (this.#isNews(stored)) report(this.#admit(stored));
    };
    const watch = runScopes<StoredLease>({
      client,
      clock,
      log,
      signal,
      namespaces: [namespace],
      watchSeconds: WATCH_SECONDS,
      source: createSource(client, LEASES, `metadata.name=${name}`),
      decode: parseLease,
      logKeys: { lease: `${namespace}/${name}` },
      sink: () => ({
        replace: ([stored]) => (stored === undefined ? report(undefined) : reportNew(stored)),
        apply: reportNew,
        remove: (stored) => {
          if (this.#isNews(stored)) report(undefined);
        },
      }),
    });
    return watch.done;
  }

  async read(signal: AbortSignal): Promise<StoredLease | undefined> {
    try {
      const answer = await this.#options.client.request({ method: 'GET', path: this.#paths.one }, signal);
      return this.#admit(parseAnswer(answer));
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  async write(lease: Lease, version: string | undefined, signal: AbortSignal): Promise<StoredLease> {
    try {
      const answer = version === undefined ? this.#create(lease, signal) : this.#patch(lease, version, signal);
      return this.#admit(parseAnswer(await answer));
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      const isGone = error.status === 404 && version !== undefined;
      if (error.status === 409 || isGone) throw new LeaseConflict(error.message, { cause: error });
      throw error;
    }
  }

  #create(lease: Lease, signal: AbortSignal): Promise<unknown> {
    const { client, namespace, name } = this.#options;
    const metadata = { namespace, name, ...this.#annotations };
    const body = { apiVersion: API_VERSION, kind: 'Lease', metadata, spec: renderSpec(lease) };
    return client.request({ method: 'POST', path: this.#paths.all, query: WRITE, body }, signal);
  }

  #patch(lease: Lease, resourceVersion: string, signal: AbortSignal): Promise<unknown> {
    const body = { metadata: { resourceVersion, ...this.#annotations }, spec: renderSpec(lease) };
    const contentType = PatchStrategy.MergePatch;
    return this.#options.client.request(
      { method: 'PATCH', path: this.#paths.one, query: WRITE, body, contentType },
      signal,
    );
  }

  get #annotations(): { readonly annotations?: Readonly<Record<string, string>> } {
    return compact({ annotations: this.#options.notes?.() });
  }

  #isNews({ version }: StoredLease): boolean {
    return (compareVersions(version, this.#newest) ?? 1) > 0;
  }

  #admit(stored: StoredLease): StoredLease {
    if (this.#isNews(stored)) this.#newest = stored.version;
    return stored;
  }
}

function parseAnswer(answer: unknown): StoredLease {
  const stored = parseLease(answer);
  if (stored !== undefined) return stored;
  throw new KubeError({
    status: 0,
    reason: 'BadAnswer',
    message: 'the API server answered with something that is not a Lease',
  });
}

/** Undefined for what is not an object with a version; never throws. */
function parseLease(raw: unknown): StoredLease | undefined {
  if (!isObject(raw)) return undefined;
  const version = readText(readRecord(raw.metadata).resourceVersion);
  if (version === undefined) return undefined;
  const spec = readRecord(raw.spec);
  return {
    version,
    lease: {
      holder: readText(spec.holderIdentity) ?? '',
      durationMs: (readInteger(spec.leaseDurationSeconds, 1) ?? DEFAULT_DURATION_S) * 1000,
      acquiredAt: readMicroTime(spec.acquireTime),
      renewedAt: readMicroTime(spec.renewTime),
      transitions: readInteger(spec.leaseTransitions, 0) ?? 0,
    },
  };
}

/** As the API server accepts it. */
function renderSpec({ holder, durationMs, acquiredAt, renewedAt, transitions }: Lease): Record<string, unknown> {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: renderMicroTime(acquiredAt),
    renewTime: renderMicroTime(renewedAt),
    leaseTransitions: transitions,
  };
}

function readMicroTime(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? 0 : ms;
}
