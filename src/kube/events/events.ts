/** Publishes events of `events.k8s.io/v1`. */
import { randomUUID } from 'node:crypto';
import { PatchStrategy } from '@kubernetes/client-node';
import { API_VERSION, KIND } from '../../api/names.ts';
import { visible } from '../../api/visible.ts';
import type { OperatorEvent } from '../../core/model/event.ts';
import type { ManagedObject } from '../../core/model/object.ts';
import { withoutRequestIds } from '../../core/model/request-ids.ts';
import type { Events } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { TokenBucket } from '../../runtime/token-bucket.ts';
import { WarnOnce } from '../../runtime/warn-once.ts';
import type { KubeClient } from '../client/client.ts';
import { toKubeError } from '../client/errors.ts';
import { renderMicroTime } from '../client/micro-time.ts';
import { pathOf } from '../client/paths.ts';
import { cut } from '../client/raw.ts';
import type { KubeMetrics } from '../metrics.ts';
import { type EventRecord, EventSeries } from './event-series.ts';

export interface EventsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly metrics: KubeMetrics;
  readonly log: Log;
  /** The process that publishes: the pod's name. */
  readonly instance: string;
  /** Aborts requests under way when the operator stops. */
  readonly signal: AbortSignal;
}

const EVENTS = { groupVersion: 'events.k8s.io/v1', plural: 'events' };
const CONTROLLER = 'azure-ir.io/azure-ir-operator';
/** The API server's limits. */
const NOTE_BYTES = 1024;
const INSTANCE_LENGTH = 128;
/**
 * For events that thousands of objects may have in common: an outage adds no more requests than that to the writes of their
 * statuses. client-go's default for a whole client is the same rate.
 */
const SHARED_RATE = { burst: 100, perSecond: 5 };
/** The part of the object's name that starts the event's name, which has at most 253 characters. */
const NAME_LENGTH = 200;

/**
 * An event that comes again within some minutes is counted in the first, as client-go's recorder does; but here the server
 * is told at once. A lost event is logged, the first one as a warning.
 */
export function createEvents({ client, clock, metrics, log, instance, signal }: EventsOptions): Events {
  const series = new EventSeries(() => clock.monotonic());
  const warnOnce = new WarnOnce();
  const room = new TokenBucket(SHARED_RATE, () => clock.monotonic());

  const logLost = (object: ManagedObject, event: OperatorEvent, error: unknown): void => {
    if (signal.aborted) return;
    const { status, reason, message } = toKubeError(error);
    const keys = { object: object.key, event: event.reason, status, reason, error: message };
    log[warnOnce.level('events', 'lost')](
      'failed to record an event; further failures are logged at debug level',
      keys,
    );
  };

  const create = async (object: ManagedObject, event: OperatorEvent, eventKey: string): Promise<void> => {
    const body = toApiEvent(object, event, clock.now(), instance);
    const { namespace } = object;
    const path = pathOf({ ...EVENTS, namespace });
    await client.request({ method: 'POST', path, query: { fieldValidation: 'Strict' }, body }, signal);
    series.first(eventKey, { namespace, name: body.metadata.name });
  };

  /** Says whether the first event still exists. */
  const count = async ({ namespace, name, count: times }: EventRecord): Promise<boolean> => {
    const body = { series: { count: times, lastObservedTime: renderMicroTime(clock.now()) } };
    try {
      await client.request(
        {
          method: 'PATCH',
          path: pathOf({ ...EVENTS, namespace, name }),
          query: { fieldValidation: 'Strict' },
          body,
          contentType: PatchStrategy.MergePatch,
        },
        signal,
      );
      return true;
    } catch (error) {
      if (toKubeError(error).status === 404) return false;
      throw error;
    }
  };

  return {
    async publish(object, event) {
      const eventKey = eventKeyOf(object, event);
      try {
        const record = series.repeated(eventKey);
        if (record === undefined || !(await count(record))) await create(object, event, eventKey);
        metrics.kubernetesWrite('event');
      } catch (error) {
        logLost(object, event, error);
      }
    },
    takeRoom: () => room.take() === 0,
  };
}

/** Equal for events that say the same of the same object, except for the ids of requests to Azure. */
function eventKeyOf({ uid }: ManagedObject, { type, reason, message }: OperatorEvent): string {
  return JSON.stringify([uid, type, reason, withoutRequestIds(visible(message))]);
}

/** The event as the API server takes it. */
export function toApiEvent(object: ManagedObject, event: OperatorEvent, now: number, instance: string) {
  const { namespace, name, uid } = object;
  return {
    apiVersion: EVENTS.groupVersion,
    kind: 'Event',
    // A label of a name must not end in a dot or a hyphen.
    metadata: { namespace, name: `${name.slice(0, NAME_LENGTH).replace(/[.-]+$/, '')}.${randomUUID()}` },
    eventTime: renderMicroTime(now),
    reportingController: CONTROLLER,
    reportingInstance: cut(instance, INSTANCE_LENGTH) || 'unknown',
    action: visible(event.reason),
    reason: visible(event.reason),
    type: event.type,
    note: cutBytes(visible(event.message), NOTE_BYTES),
    regarding: { apiVersion: API_VERSION, kind: KIND, namespace, name, uid },
  };
}

/** At most so many bytes of UTF-8, of whole characters. */
export function cutBytes(text: string, bytes: number): string {
  const whole = text.toWellFormed();
  const encoded = Buffer.from(whole);
  if (encoded.length <= bytes) return whole;
  const mark = '…';
  let end = bytes - Buffer.byteLength(mark);
  // Bytes within a character look like 10xxxxxx.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end) + mark;
}
