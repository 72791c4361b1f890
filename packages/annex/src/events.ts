import type { Payload } from '@yakmesh/core/transport';
import type { AnnexError } from './errors.js';
import type { SecureChannel } from './secure-channel.js';
import type { AnnexStream } from './stream-pair.js';

/** What a channel tells. */
export interface AnnexChannelEvents {
  /** A message of the other end, in order. Without a listener they wait for `for await`. */
  message: [value: Payload];
  /** The other end opened a stream. */
  stream: [stream: AnnexStream];
  /** A datagram came: once, or never. */
  datagram: [bytes: Uint8Array];
  /** The keys were replaced for the so-manieth time. */
  ratchet: [epoch: number];
  /** The end, once. Undefined where it was closed in order and everything arrived. */
  close: [error: AnnexError | undefined];
}

/** What a listener tells. */
export interface AnnexListenerEvents {
  /** Somebody opened a channel and was let in; it is ready for use. */
  channel: [channel: SecureChannel];
}
