/** Event Grid: the event subscriptions, the events that were raised, and what became of each. */
import { randomUUID } from 'node:crypto';
import { foldName } from './assumptions.ts';
import type { EventSubscription, RaisedEvent } from './control.ts';
import { type Change, eventTypeOf, messageOf } from './event-message.ts';

/** Delivers a message to a queue; rejects with why it cannot. There is no retry. */
export type Deliver = (queueUrl: string, text: string) => Promise<void>;

interface Subscribed {
  readonly id: string;
  readonly how: EventSubscription;
  toDrop: number;
  readonly held: (() => void)[];
}

/** How many events are remembered: the newest. */
const KEPT = 20_000;
/** After this, events that are held back to be reversed are sent even if they are too few. */
const HELD_MS = 300;

export class Events {
  readonly #deliver: Deliver;
  #subscribed: Subscribed[] = [];
  #raised: RaisedEvent[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  subscribe({ id = randomUUID(), ...how }: EventSubscription & { id?: string }): string {
    if (!URL.canParse(how.queueUrl)) throw new Error(`queueUrl ${how.queueUrl} is no URL`);
    this.unsubscribe({ id });
    const toDrop = how.drop === 'always' ? Number.POSITIVE_INFINITY : (how.drop ?? 0);
    this.#subscribed.push({ id, how, toDrop, held: [] });
    return id;
  }

  unsubscribe({ id, subscriptionId }: { id?: string; subscriptionId?: string }): void {
    this.#subscribed = this.#subscribed.filter(
      (one) =>
        (id !== undefined && one.id !== id) ||
        (subscriptionId !== undefined && foldName(one.how.subscriptionId) !== foldName(subscriptionId)),
    );
  }

  /** The events that an event subscription wanted, in one Azure subscription or in all, oldest first. */
  raised(subscriptionId: string | undefined): RaisedEvent[] {
    const wanted = subscriptionId === undefined ? undefined : foldName(subscriptionId);
    return this.#raised.filter((one) => wanted === undefined || foldName(one.subscriptionId) === wanted);
  }

  raise(change: Change): void {
    for (const subscribed of this.#subscribed) {
      if (wants(subscribed.how, change)) this.#publish(change, subscribed);
    }
  }

  forget(subscriptionId: string | undefined): void {
    this.unsubscribe(subscriptionId === undefined ? {} : { subscriptionId });
    const gone = new Set(this.raised(subscriptionId));
    this.#raised = this.#raised.filter((one) => !gone.has(one));
  }

  /** What is not delivered by now is lost. */
  stop(): void {
    this.#subscribed = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #publish(change: Change, subscribed: Subscribed): void {
    const { how } = subscribed;
    const id = randomUUID();
    const raised: RaisedEvent = {
      id,
      at: change.at,
      subscriptionId: change.subscriptionId,
      type: eventTypeOf(change),
      operationName: change.operationName,
      resourceUri: change.resourceUri,
      correlationId: change.correlationId,
      delivery: 'pending',
    };
    this.#raised.push(raised);
    if (this.#raised.length > KEPT) this.#raised.shift();
    if (subscribed.toDrop > 0) {
      subscribed.toDrop--;
      raised.delivery = 'dropped';
      return;
    }
    const text = messageOf(change, id, how);
    const send = () => void this.#send(raised, how, text);
    const go = () => this.#inOrder(subscribed, send);
    if (how.delayMs === undefined) go();
    else this.#later(how.delayMs, go);
  }

  /** Sends at once; with `reversed`, holds events back until there are that many, and sends them in reverse order. */
  #inOrder(subscribed: Subscribed, send: () => void): void {
    const { how, held } = subscribed;
    if (how.reversed === undefined) {
      send();
      return;
    }
    const release = () => {
      for (const each of held.splice(0).reverse()) each();
    };
    if (held.push(send) >= how.reversed) release();
    else if (held.length === 1) this.#later(HELD_MS, release);
  }

  async #send(raised: RaisedEvent, { queueUrl, copies = 1 }: EventSubscription, text: string): Promise<void> {
    try {
      await Promise.all(Array.from({ length: copies }, () => this.#deliver(queueUrl, text)));
      raised.delivery = 'delivered';
    } catch (error) {
      raised.delivery = `failed: ${error instanceof Error ? error.message : error}`;
    }
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms).unref();
    this.#timers.add(timer);
  }
}

function wants({ subscriptionId, resourceGroup, operations }: EventSubscription, change: Change): boolean {
  const same = (a: string, b: string | undefined) => b !== undefined && foldName(a) === foldName(b);
  return (
    same(subscriptionId, change.subscriptionId) &&
    (resourceGroup === undefined || same(resourceGroup, change.resourceGroup)) &&
    (operations === undefined || operations.some((one) => same(one, change.operationName)))
  );
}
