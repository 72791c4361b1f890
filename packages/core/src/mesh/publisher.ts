import {
  bytesToHex,
  decodeBatchHead,
  type NodeId,
  type SignedBatch,
  type SigningIdentity,
} from '@yakmesh/crypto';
import { bytesKey, parcelBytes, Tree, type Batch, type BatchMessage } from '../envelope/batch.js';
import { encodeLeafMessage, envelopeBytes, messageId, type Envelope } from '../envelope/envelope.js';
import type { MeshCrypto } from '../mesh-crypto.js';
import { TTL_MAX, type BroadcastResult, type Clock, type SendResult } from '../transport/index.js';
import type { Counters } from './counters.js';
import { EnvelopeMaker, requireWithin, type EnvelopeOptions } from './envelope-maker.js';
import type { Forwarder } from './forwarder.js';
import type { Peer } from './peer.js';
import { busy, queueFull, signingError, unreachable } from './publish-errors.js';
import type { Sending, Spreader } from './spreader.js';

/** Bytes that may wait for their signature: what 8,192 messages of 1 KB have. A further message is refused with MESH_BUSY. */
export const PENDING_BYTES_MAX = 8_388_608;

export interface PublisherOptions {
  readonly identity: SigningIdentity;
  readonly crypto: MeshCrypto;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly networkHash: Uint8Array;
  readonly spreader: Spreader;
  readonly forwarder: Forwarder;
  readonly peers: () => readonly Peer[];
  readonly peer: (nodeId: NodeId) => Peer | undefined;
}

/** What the sender of a message may choose. */
export interface PublishOptions extends EnvelopeOptions {
  readonly ttl?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A message between its signature and the queues. */
interface Pending {
  readonly core: Uint8Array;
  readonly envelope: Envelope;
  readonly message: Uint8Array;
  readonly ttl: number;
  readonly to: NodeId | undefined;
  readonly resolve: (outcome: Outcome) => void;
}

interface Outcome extends Sending {
  readonly id: string;
}

/** Signs what this node says, in batches, and sends it to the neighbours, none faster than it takes. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #envelopes: EnvelopeMaker;
  readonly #pending = new Map<Uint8Array, Pending>();
  readonly #listening = new Set<Uint8Array>();
  #pendingBytes = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#envelopes = new EnvelopeMaker(options.clock);
  }

  /** Messages that wait for their signature. */
  get pending(): number {
    return this.#pending.size;
  }

  async broadcast(protocol: string, payload: unknown, options: PublishOptions): Promise<BroadcastResult> {
    const ttl = options.ttl ?? TTL_MAX;
    requireWithin('ttl', ttl, 1, TTL_MAX);
    const envelope = this.#envelopes.broadcast(protocol, payload, options);
    const { signal } = options;
    const own = await this.#publish(this.#options.networkHash, envelope, ttl, undefined, signal);
    // Peers of an older network that we accept get a copy that is signed for it; its number is the same.
    const older = this.#olderNetworks();
    if (older.length === 0) return own;
    const copies = await Promise.all(
      older.map((networkHash) => this.#publish(networkHash, envelope, ttl, undefined, signal)),
    );
    return {
      id: own.id,
      peersSent: copies.reduce((sum, { peersSent }) => sum + peersSent, own.peersSent),
      skipped: [...own.skipped, ...copies.flatMap(({ skipped }) => skipped)],
    };
  }

  /** Networks of neighbours that do not accept what is signed for ours. */
  #olderNetworks(): Uint8Array[] {
    const networks = new Map<string, Uint8Array>();
    for (const peer of this.#options.peers()) {
      const { networkHash } = peer.outcome;
      if (!peer.accepts(this.#options.networkHash)) networks.set(bytesKey(networkHash), networkHash);
    }
    return [...networks.values()];
  }

  async send(to: NodeId, protocol: string, payload: unknown, options: PublishOptions): Promise<SendResult> {
    const envelope = this.#envelopes.direct(to, protocol, payload, options);
    const peer = this.#options.peer(to);
    if (peer === undefined) throw unreachable(to);
    const { networkHash } = peer.accepts(this.#options.networkHash) ? this.#options : peer.outcome;
    const { id, skipped } = await this.#publish(networkHash, envelope, 0, to, options.signal);
    const [refused] = skipped;
    if (refused?.code === 'MESH_UNREACHABLE') throw unreachable(to);
    if (refused !== undefined) throw queueFull(to);
    return { id, via: to, acknowledged: false };
  }

  async #publish(
    networkHash: Uint8Array,
    envelope: Envelope,
    ttl: number,
    to: NodeId | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const { identity, crypto } = this.#options;
    if (this.#pendingBytes > 0 && this.#pendingBytes + envelopeBytes(envelope) > PENDING_BYTES_MAX)
      throw busy();
    // Views into what is signed: a message that waits, here or in a queue, is in memory once.
    const { message, core } = encodeLeafMessage(networkHash, identity.nodeIdBytes, envelope);
    const payload = core.subarray(core.length - envelope.payload.length);
    const signer = crypto.signer(networkHash);
    if (!this.#listening.has(networkHash)) {
      this.#listening.add(networkHash);
      signer.onBatch = (batch) => this.#signed(batch, networkHash);
    }
    return new Promise<Outcome>((resolve, reject) => {
      this.#pending.set(message, { core, envelope: { ...envelope, payload }, message, ttl, to, resolve });
      this.#pendingBytes += core.length;
      signer.add(to === undefined ? 'gossip' : 'direct', message, signal).catch((error: unknown) => {
        if (this.#pending.delete(message)) this.#pendingBytes -= core.length;
        reject(signingError(error));
      });
    });
  }

  /** A batch is signed: its messages go to the queues together, grouped by where they go. */
  #signed(signed: SignedBatch, networkHash: Uint8Array): void {
    const head = decodeBatchHead(signed.head);
    if (head === undefined) return;
    const { identity } = this.#options;
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
      const pending = this.#pending.get(message);
      const salt = signed.salts[index];
      if (pending === undefined || salt === undefined) return;
      this.#pending.delete(message);
      const { core, envelope, ttl, to } = pending;
      this.#pendingBytes -= core.length;
      const name = `${to ?? ''}|${ttl}|${envelope.priority}`;
      const group = groups.get(name) ?? { pending: [], messages: [] };
      group.pending.push(pending);
      group.messages.push({ index, salt, core, envelope, id: messageId(message), path: undefined });
      groups.set(name, group);
    });
    for (const { pending, messages } of groups.values()) {
      this.#dispatch(batch, pending, messages, messages.length === signed.messages.length);
    }
  }

  #dispatch(
    batch: Batch,
    pending: readonly Pending[],
    messages: readonly BatchMessage[],
    isWhole: boolean,
  ): void {
    const [first] = pending;
    if (first === undefined) return;
    const { ttl, to, envelope } = first;
    // The first hop is taken by this very transmission.
    const remaining = Math.max(0, ttl - 1);
    const parcel = {
      batch,
      messages,
      isWhole,
      ttl: remaining,
      priority: envelope.priority,
      bytes: parcelBytes(messages),
    };
    const { spreader, forwarder, counters } = this.#options;
    const { peersSent, skipped } = to === undefined ? spreader.publish(parcel) : forwarder.send(to, parcel);
    counters.add('messages:sent', messages.length);
    if (skipped.length > 0) counters.add('messages:skipped', skipped.length * messages.length);
    pending.forEach(({ resolve }, index) => {
      const message = messages[index];
      if (message !== undefined) resolve({ id: bytesToHex(message.id), peersSent, skipped });
    });
  }
}
