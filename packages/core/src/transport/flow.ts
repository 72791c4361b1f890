import type { NodeId } from '@yakmesh/crypto';
import type { Priority } from './priority.js';

/** How a flow is opened. */
export interface FlowOptions {
  /** The neighbour to go through. @default the best route */
  readonly via?: NodeId | undefined;
  /** @default 0 (routine) */
  readonly priority?: Priority | undefined;
  /** Rides in the opening message, so that the other end can answer at once; at most 16,384 bytes. @default empty */
  readonly body?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a flow that someone opened to us: there is no source. */
export interface FlowInfo {
  readonly via: NodeId;
  /** What rode in the opening message; untrusted bytes. */
  readonly body: Uint8Array;
  /** Our monotonic clock in the socket's callback, before decryption. */
  readonly receivedMs: number;
}

/** What is known of one message of a flow. */
export interface FlowMessageInfo {
  /** Our monotonic clock in the socket's callback, before decryption. */
  readonly receivedMs: number;
  /** A relay's queue is more than half full: send less. */
  readonly isCongested: boolean;
}

/** What one end of a flow does with what arrives. */
export interface FlowHandlers {
  /** In order as far as the path keeps it; messages may be lost. The bytes are valid during the call only. */
  message(body: Uint8Array, info: FlowMessageInfo): void;
  /** A queue that had refused takes again, or has run empty. */
  drain?(): void;
  /** The end, exactly once, unless we closed it ourselves. 0 is an orderly close; other codes are the other end's or a relay's. */
  close?(code: number): void;
}

/**
 * Bytes to and from any node, sealed link by link (see `send` for what is sealed already), routed without a source and unsigned: what rides inside proves
 * itself. Idle for five minutes, it is closed.
 */
export interface Flow {
  /** The neighbour it goes through. */
  readonly via: NodeId;
  /** Bytes queued in our process, at most 262,144, or 1,048,576 where the neighbour is the other end. */
  readonly queuedBytes: number;
  /** Bytes of a message that says where its seal begins (`send`): 65,024 where the neighbour is the other end, else 16,384 as for any other. */
  readonly sealedBytesMax: number;
  /** Sets who receives; once. Until then at most 262,144 bytes wait, further ones are dropped and counted. */
  handle(handlers: FlowHandlers): void;
  /**
   * Queues a copy of at most 16,384 bytes (RangeError); false: the queue is full or the flow closed, nothing was taken. From `sealedFrom` on,
   * at most 64, the bytes are sealed under keys that only the two ends have: where the neighbour is the other end, a link may leave them as they
   * are, and whether they are genuine is then for the other end to find out. Of these a message has up to `sealedBytesMax`.
   *
   * With `released` the bytes themselves are queued where their array has FLOW_HEADROOM_BYTES in front of them, which are written over: what was taken must be left
   * alone until `released`, which comes at most once, and not where the link or the flow ends before.
   */
  send(body: Uint8Array, sealedFrom?: number, released?: (body: Uint8Array) => void): boolean;
  /** Twice is fine. `code` is a u8. @default 0 */
  close(code?: number): void;
}
