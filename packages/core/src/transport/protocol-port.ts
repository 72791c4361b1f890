import type {
  BatchProof,
  NodeId,
  PoolSignOptions,
  PoolVerifyOptions,
  SigningIdentity,
  SolvePuzzleOptions,
} from '@yakmesh/crypto';
import type { Clock } from './clock.js';
import type { Flow, FlowOptions } from './flow.js';
import type { Logger } from './logger.js';
import type { Payload } from './message.js';
import type { Priority } from './priority.js';
import type { ProtocolId } from './protocol-handlers.js';
import type { Random } from './random.js';
import type { Store } from './store.js';

interface MessageOptions {
  /** @default 0 (routine) */
  readonly priority?: Priority | undefined;
  /** How long it may be accepted after signing, 1 to 86,400,000 ms, rounded up to seconds. @default 600,000 */
  readonly lifeMs?: number | undefined;
  /** Aborting takes it out of the queue if it has not left; the promise rejects with the reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How a broadcast travels. */
export interface BroadcastOptions extends MessageOptions {
  /** `tree` costs each node about one copy; `flood` sends over every link: fastest and most robust. @default 'tree' */
  readonly mode?: 'tree' | 'flood' | undefined;
  /** Links it may cross, 1 to 32. @default 32 */
  readonly ttl?: number | undefined;
}

/** A neighbour that did not get a copy from us, and the code of the reason, as MESH_QUEUE_FULL. */
export interface SkippedPeer {
  readonly nodeId: NodeId;
  readonly code: string;
}

/** What became of a broadcast here. Whom it reached behind the neighbours is not known. */
export interface BroadcastResult {
  /** The message's id, as the receivers see it. */
  readonly id: string;
  /** Neighbours whose queue took it. */
  readonly peersSent: number;
  readonly skipped: readonly SkippedPeer[];
}

/** How a direct message travels. */
export interface SendOptions extends MessageOptions {
  /** Wait for the destination's signed acknowledgement: up to 15 s, in which the message is sent again by all ways there are. @default false */
  readonly ack?: boolean | undefined;
  /** The neighbour to go through. @default the best route */
  readonly via?: NodeId | undefined;
}

/** What became of a direct message here. */
export interface SendResult {
  /** The message's id, as the receiver sees it. */
  readonly id: string;
  /** The neighbour whose queue took it. */
  readonly via: NodeId;
  /** Whether the destination has acknowledged it; always false without `ack`. */
  readonly acknowledged: boolean;
}

/** How a link frame leaves. */
export interface FrameOptions {
  /** @default 0 (routine) */
  readonly priority?: Priority | undefined;
  /** A link record of its own, as onion cells need. @default false */
  readonly alone?: boolean | undefined;
  /** It may wait so long for a record that leaves anyway. @default 0 */
  readonly lazyMs?: number | undefined;
  /** Told the monotonic time at which it was handed to the socket. Never called for one that is dropped. */
  readonly onSent?: ((sentMs: number) => void) | undefined;
}

/** What a protocol may sign for; kinds that only the network itself signs are not among them. */
export type SignatureUse = 'hop' | 'desc' | 'record' | 'receipt' | 'peer';

/**
 * The network's workers: ML-DSA-65 and puzzles off this thread, in one bounded queue for all. Every method rejects with
 * CRYPTO_POOL_FULL, CRYPTO_POOL_CLOSED or the signal's reason.
 */
export interface SignatureWorkers {
  /** A signature of 3,309 bytes. */
  sign(identity: SigningIdentity, message: Uint8Array, options: PoolSignOptions): Promise<Uint8Array>;
  /** Whether a signature fits; false for anything malformed. */
  verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context: Uint8Array,
    options?: PoolVerifyOptions,
  ): Promise<boolean>;
  /** The 40 B solution of a hash puzzle. */
  solvePuzzle(prefix: Uint8Array, bits: number, options?: SolvePuzzleOptions): Promise<Uint8Array>;
}

/** One protocol's access to the network, from `MeshTransport.open`. After `close` its methods reject or throw PROTOCOL_CLOSED. */
export interface ProtocolPort {
  readonly protocol: ProtocolId;
  readonly clock: Clock;
  readonly random: Random;
  /** Namespaced by the protocol. */
  readonly store: Store;
  /** Marked with the protocol. */
  readonly log: Logger;
  readonly workers: SignatureWorkers;

  /** The bytes of a payload, as envelopes carry it. @throws TypeError for what a message cannot carry; it names the path. */
  encode(payload: Payload): Uint8Array;
  /** The payload of bytes from a peer; undefined unless they are what `encode` could have made. */
  decode(bytes: Uint8Array): { readonly payload: Payload } | undefined;

  /**
   * Signs in a batch, off this thread. What is signed is the protocol's id ‖ 0x00 ‖ bytes under the context of the use,
   * so no protocol can be made to sign for another. Rejects with MESH_BUSY.
   */
  sign(use: SignatureUse, bytes: Uint8Array): Promise<BatchProof>;

  /**
   * Signs and sends to all. Resolves when the neighbours' queues have taken or refused it; queues that refuse are
   * listed, never waited for. Payload at most 65,536 bytes encoded. Rejects with MESH_TOO_LARGE, MESH_BUSY,
   * MESH_STOPPED.
   */
  broadcast(payload: Payload, options?: BroadcastOptions): Promise<BroadcastResult>;

  /**
   * Signs and sends to one node, near or far. Resolves when a neighbour's queue took it, with `ack` when the destination's
   * handlers were called. Payload at most 524,288 bytes encoded. Rejects with MESH_TOO_LARGE, MESH_UNREACHABLE (no way
   * within 6 s, or no acknowledgement within 15 s), MESH_QUEUE_FULL (never with `ack`), MESH_BUSY, MESH_STOPPED.
   */
  send(to: NodeId, payload: Payload, options?: SendOptions): Promise<SendResult>;

  /**
   * Queues a frame of at most 16,384 bytes (RangeError) for a neighbour, without signature. False when its queue is
   * full, when it is no neighbour or has not opened this protocol: nothing was taken.
   */
  frame(to: NodeId, body: Uint8Array, options?: FrameOptions): boolean;

  /** Opens a flow to any node. Rejects with MESH_UNREACHABLE, MESH_QUEUE_FULL, FLOW_LIMIT, MESH_STOPPED or the signal's reason. */
  openFlow(to: NodeId, options?: FlowOptions): Promise<Flow>;

  /** A peer broke this protocol's rules: counted by code, and told to the guard. @param weight 1 to 100. @default 1 */
  report(peer: NodeId, code: string, weight?: number): void;

  /** Unregisters the protocol, drops its queues, closes its flows and rejects its waits with PROTOCOL_CLOSED. Twice is fine. */
  close(): void;
}
