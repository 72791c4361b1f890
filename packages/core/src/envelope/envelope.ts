import { ByteReader, ByteWriter, sha256, utf8ToBytes } from '@yakmesh/crypto';
import {
  BROADCAST_PAYLOAD_BYTES_MAX,
  DIRECT_PAYLOAD_BYTES_MAX,
  MESSAGE_LIFE_MS_MAX,
  PROTOCOL_ID_BYTES_MAX,
} from '../transport/index.js';

export const ENVELOPE_VERSION = 1;
/** How long an envelope may live, in the seconds of its life field; a longer life is refused. */
const LIFE_SECONDS_MAX = MESSAGE_LIFE_MS_MAX / 1_000;
/** How far ahead of our clock an envelope's time may be. */
export const FUTURE_MS_MAX = 120_000;
export const MESSAGE_ID_BYTES = 16;
const TO_BYTES = 32;
/** version 1 · class 1 · type length 1 · to 32 · epoch 6 · sequence 6 · time 6 · life 4 · payload length 3. */
const FIXED_BYTES = 60;
export const ENVELOPE_BYTES_MAX = FIXED_BYTES + PROTOCOL_ID_BYTES_MAX + DIRECT_PAYLOAD_BYTES_MAX;
const LEAF_DOMAIN = utf8ToBytes('yak/env/1\0');
const NETWORK_BYTES = 32;
export const LEAF_MESSAGE_PREFIX_BYTES = LEAF_DOMAIN.length + NETWORK_BYTES + TO_BYTES;

/** Low five bits of the class byte. */
export const EnvelopeClass = { BROADCAST: 1, DIRECT: 2, ACK: 3 } as const;
export type EnvelopeClass = (typeof EnvelopeClass)[keyof typeof EnvelopeClass];

/** The immutable core of an envelope: what its origin signed, forwarded byte for byte. */
export interface Envelope {
  readonly class: EnvelopeClass;
  /** 0 (lowest) … 7, signed, so that no relay can promote spam. */
  readonly priority: number;
  readonly protocol: string;
  /** Raw node id of the destination; zeros exactly for broadcasts. */
  readonly to: Uint8Array;
  readonly epoch: number;
  readonly sequence: number;
  readonly timeMs: number;
  readonly lifeSeconds: number;
  readonly payload: Uint8Array;
}

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return writeEnvelope(new ByteWriter(envelopeBytes(envelope), ENVELOPE_BYTES_MAX), envelope).finish();
}

/** Leaf message and core in one go; the core is a view of the message's end. */
export function encodeLeafMessage(
  networkHash: Uint8Array,
  origin: Uint8Array,
  envelope: Envelope,
): { readonly message: Uint8Array; readonly core: Uint8Array } {
  const length = LEAF_MESSAGE_PREFIX_BYTES + envelopeBytes(envelope);
  const writer = new ByteWriter(length, LEAF_MESSAGE_PREFIX_BYTES + ENVELOPE_BYTES_MAX);
  writer.bytes(LEAF_DOMAIN).bytes(networkHash).bytes(origin);
  const message = writeEnvelope(writer, envelope).finish();
  return { message, core: message.subarray(LEAF_MESSAGE_PREFIX_BYTES) };
}

/** Length of an envelope's core. */
export function envelopeBytes({ protocol, payload }: Envelope): number {
  return FIXED_BYTES + protocol.length + payload.length;
}

function writeEnvelope(writer: ByteWriter, envelope: Envelope): ByteWriter {
  const { payload, protocol } = envelope;
  return writer
    .u8(ENVELOPE_VERSION)
    .u8(envelope.class | (envelope.priority << 5))
    .u8(protocol.length)
    .bytes(utf8ToBytes(protocol))
    .bytes(envelope.to)
    .u48(envelope.epoch)
    .u48(envelope.sequence)
    .u48(envelope.timeMs)
    .u32(envelope.lifeSeconds)
    .u24(payload.length)
    .bytes(payload);
}

function protocolName(bytes: Uint8Array): string | undefined {
  let name = '';
  for (const byte of bytes) {
    if (byte < 0x21 || byte > 0x7e) return undefined;
    name += String.fromCharCode(byte);
  }
  return name;
}

function isBroadcastAddress(to: Uint8Array): boolean {
  for (const byte of to) if (byte !== 0) return false;
  return true;
}

/** Undefined for any bytes that are not exactly one well-formed core. The payload is a view and stays undecoded. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const classByte = reader.u8();
  const typeLength = reader.u8();
  if (version !== ENVELOPE_VERSION || typeLength < 1 || typeLength > PROTOCOL_ID_BYTES_MAX) return undefined;
  const protocol = protocolName(reader.bytes(typeLength));
  const to = reader.bytes(TO_BYTES);
  const epoch = reader.u48();
  const sequence = reader.u48();
  const timeMs = reader.u48();
  const lifeSeconds = reader.u32();
  const payload = reader.bytes(reader.u24());
  const kind = classByte & 31;
  if (!reader.end() || protocol === undefined) return undefined;
  if (kind !== EnvelopeClass.BROADCAST && kind !== EnvelopeClass.DIRECT && kind !== EnvelopeClass.ACK)
    return undefined;
  if (lifeSeconds > LIFE_SECONDS_MAX || payload.length > payloadBytesMax(kind)) return undefined;
  if (isBroadcastAddress(to) !== (kind === EnvelopeClass.BROADCAST)) return undefined;
  return {
    class: kind,
    priority: classByte >> 5,
    protocol,
    to,
    epoch,
    sequence,
    timeMs,
    lifeSeconds,
    payload,
  };
}

export function payloadBytesMax(kind: EnvelopeClass): number {
  return kind === EnvelopeClass.BROADCAST ? BROADCAST_PAYLOAD_BYTES_MAX : DIRECT_PAYLOAD_BYTES_MAX;
}

/** Writes "yak/env/1" ‖ 0x00 ‖ net_fp 32 ‖ origin 32 ‖ core, the message that a batch's leaf holds. */
export function writeLeafMessage(
  target: Uint8Array,
  offset: number,
  networkHash: Uint8Array,
  origin: Uint8Array,
  core: Uint8Array,
): void {
  target.set(LEAF_DOMAIN, offset);
  target.set(networkHash, offset + LEAF_DOMAIN.length);
  target.set(origin, offset + LEAF_DOMAIN.length + NETWORK_BYTES);
  target.set(core, offset + LEAF_MESSAGE_PREFIX_BYTES);
}

export function leafMessage(networkHash: Uint8Array, origin: Uint8Array, core: Uint8Array): Uint8Array {
  const message = new Uint8Array(LEAF_MESSAGE_PREFIX_BYTES + core.length);
  writeLeafMessage(message, 0, networkHash, origin, core);
  return message;
}

/** A message's id: the first 16 bytes of SHA-256(leaf message), as hex. It is computed, never read from the wire. */
export function messageId(message: Uint8Array): Uint8Array {
  return sha256(message).subarray(0, MESSAGE_ID_BYTES);
}
