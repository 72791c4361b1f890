/**
 * ANNEX: end-to-end encrypted, post-quantum channels between two nodes of a YAKMESH mesh, which heal after a theft of keys.
 *
 * @packageDocumentation
 */
export { AnnexChannel, type EstablishOptions } from './annex-channel.js';
export { AnnexListener } from './annex-listener.js';
export { SecureChannel } from './secure-channel.js';
export { AnnexError, type AnnexErrorCode, type HandshakeErrorCode } from './errors.js';
export type { AnnexChannelEvents, AnnexListenerEvents } from './events.js';
export {
  ANNEX_DEFAULTS,
  type AnnexChannelOptions,
  type AnnexConfig,
  type AnnexListenerOptions,
  type AnnexOptions,
} from './options.js';
export type { AnnexStream } from './stream-pair.js';
