import { ByteReader, ByteWriter } from '@yakmesh/crypto';
import { PARAMS_BYTES } from './messages.js';

const BOOT_ID_BYTES = 16;

/** What an initiator wants of the link: one more neighbour, enough of them, any at all, or a link beyond maxPeers. */
export type LinkPurpose = 'fill' | 'need' | 'join' | 'hold';

/** Numbers of the purposes: an append-only table, 0 is unstated. */
const PURPOSES: readonly (LinkPurpose | undefined)[] = [undefined, 'fill', 'need', 'join', 'hold'];
const PURPOSE_OFFSET = 24;

/** What each side states of itself under its handshake signature: the fixed 64 B `params` field. */
export interface LinkParams {
  /** Random, fresh for each process start: tells a restarted peer from a second dial. 16 B. */
  readonly bootId: Uint8Array;
  /** Data bytes that the sender of these params is willing to hold unconsumed at first. */
  readonly creditBytes: number;
  /** Envelopes that it accepts of one origin in a second. */
  readonly messagesPerSecond: number;
  /** Of the initiator only; undefined where it is not stated. */
  readonly purpose?: LinkPurpose | undefined;
}

/** Layout: bootId 16 · credit u32 · messages per second u32 · purpose u8 · zeros 39, which a later version may use. */
export function encodeParams(params: LinkParams): Uint8Array {
  const writer = new ByteWriter(PARAMS_BYTES);
  writer.bytes(params.bootId).u32(params.creditBytes).u32(params.messagesPerSecond);
  writer.u8(PURPOSES.indexOf(params.purpose));
  return writer.zeros(PARAMS_BYTES - writer.length).finish();
}

/** Undefined for another length. Bytes past the known fields are ignored, so that they can be used later. */
export function decodeParams(bytes: Uint8Array): LinkParams | undefined {
  if (bytes.length !== PARAMS_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  return {
    bootId: reader.bytes(BOOT_ID_BYTES).slice(),
    creditBytes: reader.u32(),
    messagesPerSecond: reader.u32(),
    purpose: PURPOSES[reader.u8()],
  };
}

/** The same params with a purpose. */
export function withPurpose(params: Uint8Array, purpose: LinkPurpose): Uint8Array {
  const copy = params.slice();
  copy[PURPOSE_OFFSET] = PURPOSES.indexOf(purpose);
  return copy;
}
