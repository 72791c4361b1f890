import { ByteReader, ByteWriter } from '@yakmesh/crypto';
import { PARAMS_BYTES } from './messages.js';

const FLAG_ANONYMOUS = 1;

/** What each side states of itself under its handshake signature: the fixed 64 B `params` field. */
export interface ChannelParams {
  /** The initiator shows no identity: its key and signature are filler. */
  readonly isAnonymous: boolean;
  /** After so long without a word the sender of these params closes. The shorter of both holds. */
  readonly idleSeconds: number;
  /** Bytes that it takes at first over all streams, and on each. */
  readonly sessionWindow: number;
  readonly streamWindow: number;
}

/** Layout: flags u8 · 0 u8 · idle u16 s · session window u32 · stream window u32 · zeros 52, which a later version may use. */
export function encodeParams(params: ChannelParams): Uint8Array {
  const writer = new ByteWriter(PARAMS_BYTES);
  writer
    .u8(params.isAnonymous ? FLAG_ANONYMOUS : 0)
    .u8(0)
    .u16(params.idleSeconds);
  writer.u32(params.sessionWindow).u32(params.streamWindow);
  return writer.zeros(PARAMS_BYTES - writer.length).finish();
}

/** Undefined for another length. Bytes and flags past the known ones are ignored, so that they can be used later. */
export function decodeParams(bytes: Uint8Array): ChannelParams | undefined {
  if (bytes.length !== PARAMS_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const flags = reader.u8();
  reader.skip(1);
  return {
    isAnonymous: (flags & FLAG_ANONYMOUS) !== 0,
    idleSeconds: reader.u16(),
    sessionWindow: reader.u32(),
    streamWindow: reader.u32(),
  };
}
