import type { NodeId } from '@yakmesh/crypto';
import type { Priority } from './priority.js';

/**
 * What messages carry, encoded as strict CBOR: JSON's values, bytes, and bigint for integers of 64 bits. Anything else
 * (undefined, functions, dates, maps, NaN, class instances) is a TypeError at the sender.
 */
export type Payload =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Payload[]
  | { readonly [key: string]: Payload };

/** To all, or to one node. */
export type MessageKind = 'broadcast' | 'direct';

/** What is known of a message whose signature was verified. */
export interface MessageInfo {
  readonly kind: MessageKind;
  /** The node that signed it. */
  readonly from: NodeId;
  /** The neighbour that handed it to us; equal to `from` when it came without a relay. */
  readonly via: NodeId;
  /** The first 16 bytes of SHA-256 over what was signed, as 32 hexadecimal digits. */
  readonly id: string;
  readonly priority: Priority;
  /** The origin's epoch and the sequence number within it, both u48. */
  readonly epoch: number;
  readonly sequence: number;
  /** The origin's wall clock when it signed, in milliseconds since 1970. */
  readonly timeMs: number;
  /** How long after `timeMs` it may be accepted. */
  readonly lifeMs: number;
  /** Our monotonic clock in the socket's callback, before decryption. */
  readonly receivedMs: number;
}

/** What is known of a link frame. */
export interface FrameInfo {
  /** The neighbour that sent it. */
  readonly via: NodeId;
  /** Our monotonic clock in the socket's callback, before decryption. */
  readonly receivedMs: number;
}
