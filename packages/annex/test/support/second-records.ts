// A second record layer, written from PROTOCOL.md with node:crypto alone, for tests to compare with.
import { createCipheriv, createHmac } from 'node:crypto';

type Bytes = Uint8Array;

const join = (...parts: readonly Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));
const text = (value: string): Bytes => new Uint8Array(Buffer.from(value));
const hmac512 = (key: Bytes, data: Bytes): Bytes =>
  new Uint8Array(createHmac('sha512', key).update(data).digest());

/** PROTOCOL.md "Labels", for up to 64 bytes. */
export function label(secret: Bytes, name: string, context: Bytes, length: number): Bytes {
  const full = text(`annex/1 ${name}`);
  const info = join(Uint8Array.of(0, length, full.length), full, Uint8Array.of(context.length), context);
  return hmac512(secret, join(info, Uint8Array.of(1))).slice(0, length);
}

/** A record as PROTOCOL.md says, from the root of its epoch. */
export function secondRecord(
  root: Bytes,
  direction: 'i' | 'r',
  session: Bytes,
  epoch: number,
  sequence: number,
  content: Bytes,
): Bytes {
  let chain = label(root, `chain ${direction}`, u32(epoch), 64);
  for (let turn = 0; turn < Math.floor(sequence / 256); turn += 1) chain = label(chain, 'next', text(''), 64);
  const nonce = label(chain, 'iv', text(''), 12);
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  number.forEach((byte, at) => (nonce[4 + at] = (nonce[4 + at] ?? 0) ^ byte));
  const header = join(Uint8Array.of(1, 0), session, u32(epoch), number.subarray(2));
  const wire =
    [512, 1_024, 2_048, 4_096, 8_192, 16_384, 65_024].find((bytes) => content.length + 44 <= bytes) ?? 0;
  const cipher = createCipheriv('aes-256-gcm', label(chain, 'key', text(''), 32), nonce).setAAD(header);
  const padded = join(content, new Uint8Array(wire - 44 - content.length));
  return join(header, cipher.update(padded), cipher.final(), cipher.getAuthTag());
}

function u32(value: number): Bytes {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return new Uint8Array(bytes);
}
