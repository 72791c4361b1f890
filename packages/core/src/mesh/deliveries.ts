import { bytesKey, bytesToHex, type NodeId } from '@yakmesh/crypto';
import type { Parcel } from '../envelope/batch.js';
import { MESSAGE_ID_BYTES } from '../envelope/envelope.js';
import {
  DELIVERIES_BYTES_MAX,
  DELIVERIES_MAX,
  DeliveryMachine,
  type DeliveryAction,
} from '../routing/delivery-machine.js';
import { runMachine, type Clock, type MachineRunner } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Forwarder } from './forwarder.js';
import type { Peer } from './peer.js';
import { unreachable } from './publish-errors.js';
import type { RouteFinder } from './route-finder.js';

export interface DeliveriesOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly forwarder: Forwarder;
  readonly finder: RouteFinder;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** A message of ours whose destination is to acknowledge it. */
export interface Delivery {
  readonly to: NodeId;
  /** The one message, as it was signed: every copy is the same. */
  readonly parcel: Parcel;
  /** The only neighbour to go through, if its sender said so. */
  readonly via: NodeId | undefined;
  /** The neighbour that took the first copy; undefined where none did. */
  readonly sentVia: NodeId | undefined;
  readonly signal: AbortSignal | undefined;
}

interface Pending extends Delivery {
  readonly key: string;
  /** Of the latest copy. */
  lastVia: NodeId | undefined;
  isSearching: boolean;
  readonly resolve: (via: NodeId) => void;
  readonly reject: (reason: unknown) => void;
}

/** Sends messages again until their destinations have acknowledged them: by other ways where there are any, and over new ones. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #machine = new DeliveryMachine();
  readonly #runner: MachineRunner<DeliveryMachine, DeliveryAction>;
  #bytes = 0;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#runner = runMachine(this.#machine, {
      clock: options.clock,
      perform: (action) => this.#perform(action),
      failed: () => options.counters.add('handler:failed'),
    });
  }

  get isFull(): boolean {
    return this.#pending.size >= DELIVERIES_MAX || this.#bytes >= DELIVERIES_BYTES_MAX;
  }

  /** Messages that wait for their acknowledgement. */
  get size(): number {
    return this.#pending.size;
  }

  /** Resolves with the neighbour through which the message went when its destination has it; rejects with MESH_UNREACHABLE or the signal's reason. */
  begin(delivery: Delivery): Promise<NodeId> {
    const { parcel, signal, sentVia } = delivery;
    const [message] = parcel.messages;
    if (message === undefined) return Promise.reject(unreachable(delivery.to));
    const id = bytesToHex(message.id);
    const key = bytesKey(message.envelope.to);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#end(id)?.reject(signal?.reason);
      const settle = (): void => signal?.removeEventListener('abort', onAbort);
      this.#pending.set(id, {
        ...delivery,
        key,
        lastVia: sentVia,
        isSearching: false,
        resolve: (via) => (settle(), resolve(via)),
        reject: (reason) => (settle(), reject(reason)),
      });
      this.#bytes += parcel.bytes;
      const lifeMs = message.envelope.lifeSeconds * 1_000;
      const rttMs = this.#rttMs(key, delivery.to, sentVia);
      this.#runner.feed((machine, nowMs) => machine.begin(id, rttMs, lifeMs, nowMs));
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort);
      if (sentVia === undefined) this.#search(id);
    });
  }

  /** A node acknowledges messages by their ids, 16 bytes each; answers how many of them we waited for. */
  acknowledged(origin: NodeId, ids: Uint8Array): number {
    const { clock, finder, counters } = this.#options;
    let count = 0;
    for (let at = 0; at + MESSAGE_ID_BYTES <= ids.length; at += MESSAGE_ID_BYTES) {
      const id = bytesToHex(ids.subarray(at, at + MESSAGE_ID_BYTES));
      // A message is acknowledged by its destination alone.
      if (this.#pending.get(id)?.to !== origin) continue;
      const ended = this.#machine.end(id, clock.monotonicMs());
      const pending = this.#end(id);
      if (pending === undefined) continue;
      const { key, lastVia, to } = pending;
      if (lastVia !== undefined) finder.used(key, lastVia, ended?.rttMs);
      counters.add('messages:acknowledged');
      count += 1;
      pending.resolve(lastVia ?? to);
    }
    return count;
  }

  /** Whoever waits hears `reason`. */
  stop(reason: unknown): void {
    this.#runner.stop();
    for (const id of [...this.#pending.keys()]) this.#end(id)?.reject(reason);
  }

  #perform(action: DeliveryAction): void {
    const { counters } = this.#options;
    switch (action.type) {
      case 'resend':
        return this.#resend(action.id, action.attempt);
      case 'expired': {
        counters.add('messages:unacknowledged');
        const pending = this.#end(action.id);
        return pending?.reject(unreachable(pending.to));
      }
      default:
        return action satisfies never;
    }
  }

  #resend(id: string, attempt: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const isSent = this.#transmit(pending);
    // One lost copy may be chance; after a second one all that is known of the way is in doubt.
    if (!isSent || attempt > 2) this.#search(id);
  }

  #transmit(pending: Pending): boolean {
    const { to, parcel, via, lastVia } = pending;
    const sending = this.#options.forwarder.send(to, parcel, { via, avoid: lastVia });
    if (sending.via === undefined) return false;
    this.#options.counters.add('messages:resent');
    pending.lastVia = sending.via;
    return true;
  }

  /** Looks for a way that rests on a newer word of the destination than all that are known. */
  #search(id: string): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.isSearching) return;
    const { parcel, via, key, to } = pending;
    const destination = parcel.messages[0]?.envelope.to;
    if (destination === undefined) return;
    const { finder, peer } = this.#options;
    pending.isSearching = true;
    const isNeighbour = peer(to) !== undefined && (via ?? to) === to;
    const newerThanMs = isNeighbour ? 0 : finder.newest(key);
    void finder.find(destination, { via, newerThanMs }).then((isFound) => {
      pending.isSearching = false;
      if (isFound && this.#pending.get(id) === pending) this.#transmit(pending);
    });
  }

  #rttMs(key: string, to: NodeId, via: NodeId | undefined): number | undefined {
    if (via === to) return this.#options.peer(to)?.rttMs;
    return this.#options.finder.nextHops(key, 'source').find((nextHop) => nextHop.via === via)?.rttMs;
  }

  #end(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#bytes -= pending.parcel.bytes;
    this.#machine.end(id, 0);
    return pending;
  }
}
