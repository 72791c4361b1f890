import {
  bytesKey,
  bytesToHex,
  decodeBatchHead,
  type NodeId,
  type SignedBatch,
  type SigningIdentity,
} from '@yakmesh/crypto';
import { parcelBytes, Tree, type Batch, type BatchMessage, type Parcel } from '../envelope/batch.js';
import { messageId, type Envelope } from '../envelope/envelope.js';
import type { Counters } from './counters.js';
import type { Deliveries } from './deliveries.js';
import type { DirectSending, Forwarder } from './forwarder.js';
import type { Sending, Spreader } from './spreader.js';

/** The hop header that a message sets out with. */
export interface Hop {
  readonly ttl: number;
  /** Bits of HopFlag. */
  readonly flags: number;
}

/** Where a direct message goes. */
export interface Direct {
  readonly to: NodeId;
  readonly via: NodeId | undefined;
  readonly isAckWanted: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Says of each message why it must not leave; undefined where it may. */
export type BeforeSending = (
  batch: Batch,
  messages: readonly BatchMessage[],
) => Promise<readonly (Error | undefined)[]>;

/** A message between its signature and the queues. */
export interface Pending extends Hop {
  readonly core: Uint8Array;
  readonly envelope: Envelope;
  readonly message: Uint8Array;
  readonly direct: Direct | undefined;
  readonly before: BeforeSending | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface Outcome extends Sending {
  readonly id: string;
  /** Of a direct message. */
  readonly direct?: DirectSending | undefined;
  /** Settles with the acknowledgement, where one is wanted. */
  readonly delivery?: Promise<NodeId> | undefined;
}

export interface DispatcherOptions {
  readonly identity: SigningIdentity;
  readonly counters: Counters;
  readonly spreader: Spreader;
  readonly forwarder: Forwarder;
  readonly deliveries: Deliveries;
  /** What waits for the signature of these bytes; it waits no more. */
  readonly take: (message: Uint8Array) => Pending | undefined;
}

/** Brings messages that are signed to the queues, and tells their senders what became of them. */
export class Dispatcher {
  readonly #options: DispatcherOptions;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** A batch is signed: its messages go to the queues together, grouped by where they go. */
  signed(signed: SignedBatch, networkHash: Uint8Array): void {
    const head = decodeBatchHead(signed.head);
    if (head === undefined) return;
    const { identity, take } = this.#options;
    const batch: Batch = {
      use: signed.use,
      networkHash,
      publicKey: identity.publicKey,
      origin: identity.nodeId,
      originBytes: identity.nodeIdBytes,
      headBytes: signed.head,
      head,
      signature: signed.signature,
      key: bytesKey(signed.batchId),
      tree: new Tree(signed.batchId, signed.leaves),
    };
    const groups = new Map<string, { pending: Pending[]; messages: BatchMessage[] }>();
    signed.messages.forEach((message, index) => {
      const salt = signed.salts[index];
      const pending = salt === undefined ? undefined : take(message);
      if (pending === undefined || salt === undefined) return;
      const { core, envelope, ttl, flags, direct, before } = pending;
      const way = direct === undefined ? '' : `${direct.to}|${direct.via ?? ''}|${direct.isAckWanted}`;
      const name = `${way}|${ttl}|${flags}|${envelope.priority}|${before === undefined ? '' : envelope.protocol}`;
      const group = groups.get(name) ?? { pending: [], messages: [] };
      group.pending.push(pending);
      group.messages.push({ index, salt, core, envelope, id: messageId(message), path: undefined });
      groups.set(name, group);
    });
    for (const { pending, messages } of groups.values()) {
      const isWhole = messages.length === signed.messages.length;
      const before = pending[0]?.before;
      if (before === undefined) this.#dispatch(batch, pending, messages, isWhole);
      else void this.#dispatchAfter(before, batch, pending, messages, isWhole);
    }
  }

  async #dispatchAfter(
    before: BeforeSending,
    batch: Batch,
    pending: readonly Pending[],
    messages: readonly BatchMessage[],
    isWhole: boolean,
  ): Promise<void> {
    const refusals = await before(batch, messages).catch((error: unknown) => pending.map(() => error));
    const leaves = refusals.map((refusal) => refusal === undefined);
    pending.forEach(({ reject }, index) => leaves[index] === true || reject(refusals[index]));
    const isAll = isWhole && leaves.every(Boolean);
    const goes = (_: unknown, index: number): boolean => leaves[index] === true;
    this.#dispatch(batch, pending.filter(goes), messages.filter(goes), isAll);
  }

  #dispatch(
    batch: Batch,
    pending: readonly Pending[],
    messages: readonly BatchMessage[],
    isWhole: boolean,
  ): void {
    const [first] = pending;
    if (first === undefined) return;
    const { ttl, flags, direct, envelope } = first;
    // The first hop is taken by this very transmission.
    const remaining = Math.max(0, ttl - 1);
    const parcel: Parcel = {
      batch,
      messages,
      isWhole,
      ttl: remaining,
      flags,
      priority: envelope.priority,
      bytes: parcelBytes(messages),
    };
    const { spreader, counters } = this.#options;
    if (direct !== undefined) return this.#dispatchDirect(parcel, direct, pending);
    const { peersSent, skipped } = spreader.publish(parcel);
    counters.add('messages:sent', messages.length);
    if (skipped.length > 0) counters.add('messages:skipped', skipped.length * messages.length);
    pending.forEach(({ resolve }, index) => {
      const message = messages[index];
      if (message !== undefined) resolve({ id: bytesToHex(message.id), peersSent, skipped });
    });
  }

  #dispatchDirect(parcel: Parcel, direct: Direct, pending: readonly Pending[]): void {
    const { forwarder, counters, deliveries } = this.#options;
    const { to, via, isAckWanted } = direct;
    const sending = forwarder.send(to, parcel, { via });
    counters.add(sending.via === undefined ? 'messages:skipped' : 'messages:sent', parcel.messages.length);
    pending.forEach(({ resolve, direct: own }, index) => {
      const message = parcel.messages[index];
      if (message === undefined) return;
      const delivery = isAckWanted
        ? deliveries.begin({
            to,
            via,
            sentVia: sending.via,
            signal: own?.signal,
            parcel: alone(parcel, message),
          })
        : undefined;
      resolve({ id: bytesToHex(message.id), peersSent: 0, skipped: [], direct: sending, delivery });
    });
  }
}

/** One message of a parcel, as it is sent again. */
function alone(parcel: Parcel, message: BatchMessage): Parcel {
  const isWhole = parcel.isWhole && parcel.messages.length === 1;
  return { ...parcel, messages: [message], isWhole, bytes: parcelBytes([message]) };
}
