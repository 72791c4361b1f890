import { PROTOCOL_ID_BYTES_MAX, type ProtocolId } from './transport/index.js';

/** A protocol's name and version, such as "beacon/1". */
const PATTERN = /^[a-z0-9][a-z0-9._-]*\/[0-9]{1,5}$/;

/** True for name/version in at most 32 lower-case ASCII characters. */
export function isProtocolId(text: unknown): text is ProtocolId {
  return typeof text === 'string' && text.length <= PROTOCOL_ID_BYTES_MAX && PATTERN.test(text);
}
