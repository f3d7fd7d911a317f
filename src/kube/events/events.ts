import { randomUUID } from 'node:crypto';
import { PatchStrategy } from '@kubernetes/client-node';
import { API_VERSION, KIND } from '../../api/names.ts';
import { visible } from '../../api/visible.ts';
import type { ManagedObject } from '../../core/model/object.ts';
import { withoutRequestIds } from '../../core/model/request-ids.ts';
import type { Events, ObjectEvent } from '../../ports.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { KubeClient } from '../client/client.ts';
import { toKubeError } from '../client/errors.ts';
import type { KubeLog } from '../client/log.ts';
import { pathOf } from '../client/paths.ts';
import { cut } from '../client/raw.ts';
import { renderMicroTime } from '../lease/micro-time.ts';
import type { KubeMetrics } from '../objects/objects.ts';
import { type EventRecord, EventSeries } from './event-series.ts';

export interface EventsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly metrics: KubeMetrics;
  readonly log: KubeLog;
  /** Which process of the operator speaks: the pod's name. */
  readonly instance: string;
  /** Ends what is under way when the operator stops. */
  readonly signal: AbortSignal;
}

const EVENTS = { groupVersion: 'events.k8s.io/v1', plural: 'events' };
const CONTROLLER = 'azure-ir.io/azure-ir-operator';
/** The API server's limits. */
const NOTE_BYTES = 1024;
const INSTANCE_LENGTH = 128;
/** Of the object's name at the start of the event's, which is limited to 253 characters in all. */
const NAME_LENGTH = 200;

/**
 * Events of `events.k8s.io/v1`. One that is told again within some minutes is no new one, but counted in the first, as
 * client-go's recorder does it; only that this one tells the server at once. What fails is logged, as a warning the first time.
 */
export function createEvents({ client, clock, metrics, log, instance, signal }: EventsOptions): Events {
  const series = new EventSeries(() => clock.monotonic());
  let warned = false;

  const complain = (object: ManagedObject, event: ObjectEvent, error: unknown): void => {
    if (signal.aborted) return;
    const { status, reason, message } = toKubeError(error);
    const keys = { object: object.key, event: event.reason, status, reason, error: message };
    if (warned) log.debug('failed to record an event', keys);
    else log.warn('failed to record an event; further failures are logged at debug level', keys);
    warned = true;
  };

  const create = async (object: ManagedObject, event: ObjectEvent, sameness: string): Promise<void> => {
    const body = toApiEvent(object, event, clock.now(), instance);
    const { namespace } = object;
    const path = pathOf({ ...EVENTS, namespace });
    await client.request({ method: 'POST', path, query: { fieldValidation: 'Strict' }, body }, signal);
    series.begin(sameness, { namespace, name: body.metadata.name });
  };

  /** Answers whether the first one is still there. */
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
      const sameness = samenessOf(object, event);
      try {
        const told = series.again(sameness);
        if (told === undefined || !(await count(told))) await create(object, event, sameness);
        metrics.kubernetesWrite('event');
      } catch (error) {
        complain(object, event, error);
      }
    },
  };
}

/** Equal for events that tell the same of the same object, whichever request to Azure it was this time. */
function samenessOf({ uid }: ManagedObject, { type, reason, message }: ObjectEvent): string {
  return JSON.stringify([uid, type, reason, withoutRequestIds(visible(message))]);
}

/** The event as the API server takes it. */
export function toApiEvent(object: ManagedObject, event: ObjectEvent, now: number, instance: string) {
  const { namespace, name, uid } = object;
  return {
    apiVersion: EVENTS.groupVersion,
    kind: 'Event',
    // A part of a name must not end in a dot or a hyphen.
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
  // Bytes that go on with a character look like 10xxxxxx.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end--;
  return encoded.toString('utf8', 0, end) + mark;
}
