import { bytesKey, type NodeId, type SigningIdentity } from '@yakmesh/crypto';
import { encodeLeafMessage, envelopeBytes, type Envelope } from '../envelope/envelope.js';
import { HopFlag } from '../envelope/hop-flags.js';
import type { MeshCrypto } from '../mesh-crypto.js';
import { TTL_MAX, withAbort, type BroadcastResult, type Clock, type SendResult } from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Deliveries } from './deliveries.js';
import {
  Dispatcher,
  type BeforeSending,
  type Direct,
  type Hop,
  type Outcome,
  type Pending,
} from './dispatcher.js';
import { EnvelopeMaker, requireWithin, type EnvelopeOptions } from './envelope-maker.js';
import type { Forwarder } from './forwarder.js';
import type { Peer } from './peer.js';
import { busy, queueFull, signingError, unreachable } from './publish-errors.js';
import type { Spreader } from './spreader.js';

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
  readonly deliveries: Deliveries;
  readonly peers: () => readonly Peer[];
}

/** What the sender of a message may choose. */
export interface PublishOptions extends EnvelopeOptions {
  readonly ttl?: number | undefined;
  readonly mode?: 'tree' | 'flood' | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Done with messages that are signed before they leave. Those of one batch come together. */
  readonly before?: BeforeSending | undefined;
}

/** What the sender of a direct message may choose. */
export interface DirectOptions extends PublishOptions {
  readonly ack?: boolean | undefined;
  readonly via?: NodeId | undefined;
}

/** Signs what this node says, in batches, and sends it to the neighbours, none faster than it takes. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #envelopes: EnvelopeMaker;
  readonly #dispatcher: Dispatcher;
  /** Messages that wait for their signature. */
  readonly #pending = new Map<Uint8Array, Pending>();
  readonly #listening = new Set<Uint8Array>();
  #pendingBytes = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#envelopes = new EnvelopeMaker(options.clock);
    this.#dispatcher = new Dispatcher({ ...options, take: (message) => this.#take(message) });
  }

  async broadcast(protocol: string, payload: unknown, options: PublishOptions): Promise<BroadcastResult> {
    const ttl = options.ttl ?? TTL_MAX;
    requireWithin('ttl', ttl, 1, TTL_MAX);
    const envelope = this.#envelopes.broadcast(protocol, payload, options);
    const { signal } = options;
    const hop = { ttl, flags: options.mode === 'flood' ? HopFlag.FLOOD : 0 };
    const own = await this.#publish(
      this.#options.networkHash,
      envelope,
      hop,
      undefined,
      signal,
      options.before,
    );
    // Peers of an older network that we accept get a copy that is signed for it; its number is the same.
    const older = this.#olderNetworks();
    if (older.length === 0) return own;
    const copies = await Promise.all(
      older.map((networkHash) => this.#publish(networkHash, envelope, hop, undefined, signal)),
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

  /** Looks for a way first where none is known, which may take seconds. */
  async send(to: NodeId, protocol: string, payload: unknown, options: DirectOptions): Promise<SendResult> {
    const draft = this.#envelopes.draft(to, protocol, payload, options);
    const { via, signal, ack: isAckWanted = false } = options;
    if (isAckWanted && this.#options.deliveries.isFull) throw busy();
    const networkHash = this.#wayNow(to, via) ?? (await this.#wayFound(to, via, signal));
    const outcome = await this.#publish(
      networkHash,
      draft(),
      directHop(isAckWanted),
      { to, via, isAckWanted, signal },
      signal,
    );
    const { id, direct, delivery } = outcome;
    if (delivery !== undefined) return { id, via: await delivery, acknowledged: true };
    if (direct?.via !== undefined) return { id, via: direct.via, acknowledged: false };
    throw direct?.code === 'MESH_QUEUE_FULL' ? queueFull(to) : unreachable(to);
  }

  /** Acknowledges messages that were delivered here. One that cannot be sent is sent when its message comes again. */
  async acknowledge(to: NodeId, protocol: string, ids: Uint8Array): Promise<void> {
    try {
      const networkHash = this.#wayNow(to, undefined) ?? (await this.#wayFound(to, undefined, undefined));
      const envelope = this.#envelopes.acknowledgement(to, protocol, ids);
      const direct = { to, via: undefined, isAckWanted: false, signal: undefined };
      const outcome = await this.#publish(networkHash, envelope, directHop(false), direct, undefined);
      const isSent = outcome.direct?.via !== undefined;
      this.#options.counters.add(isSent ? 'acknowledgements:sent' : 'acknowledgements:dropped');
    } catch {
      this.#options.counters.add('acknowledgements:dropped');
    }
  }

  /** The network for which a message must be signed that goes out now; undefined where no way is known. */
  #wayNow(to: NodeId, via: NodeId | undefined): Uint8Array | undefined {
    const { forwarder, networkHash } = this.#options;
    const next = forwarder.next(to, { via });
    return next === undefined || next.accepts(networkHash) ? next && networkHash : next.outcome.networkHash;
  }

  async #wayFound(to: NodeId, via: NodeId | undefined, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const isFound = await withAbort(signal, this.#options.forwarder.find(to, via));
    const networkHash = isFound ? this.#wayNow(to, via) : undefined;
    if (networkHash === undefined) throw unreachable(to);
    return networkHash;
  }

  async #publish(
    networkHash: Uint8Array,
    envelope: Envelope,
    hop: Hop,
    direct: Direct | undefined,
    signal: AbortSignal | undefined,
    before?: BeforeSending,
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
      signer.onBatch = (batch) => this.#dispatcher.signed(batch, networkHash);
    }
    return new Promise<Outcome>((resolve, reject) => {
      this.#pending.set(message, {
        core,
        envelope: { ...envelope, payload },
        message,
        ...hop,
        direct,
        before,
        resolve,
        reject,
      });
      this.#pendingBytes += core.length;
      signer.add(direct === undefined ? 'gossip' : 'direct', message, signal).catch((error: unknown) => {
        this.#take(message);
        reject(signingError(error));
      });
    });
  }

  #take(message: Uint8Array): Pending | undefined {
    const pending = this.#pending.get(message);
    if (pending === undefined) return undefined;
    this.#pending.delete(message);
    this.#pendingBytes -= pending.core.length;
    return pending;
  }
}

/** We know the way to ourselves, so whoever gets our message may take up the way back. */
function directHop(isAckWanted: boolean): Hop {
  return { ttl: TTL_MAX, flags: HopFlag.ADOPTED | (isAckWanted ? HopFlag.ACK_WANTED : 0) };
}
