// A second key schedule of the link handshake, written from PROTOCOL.md with node:crypto alone. Tests compare the
// machines with it, and malicious peers are made of it: it seals what an honest machine would never send.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';

type Bytes = Uint8Array;

const join = (...parts: readonly Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));
const text = (value: string): Bytes => new Uint8Array(Buffer.from(value));
const zeros = (length: number): Bytes => new Uint8Array(length);
export const hash512 = (...parts: readonly Bytes[]): Bytes =>
  new Uint8Array(
    createHash('sha512')
      .update(join(...parts))
      .digest(),
  );
const hmac512 = (key: Bytes, data: Bytes): Bytes =>
  new Uint8Array(createHmac('sha512', key).update(data).digest());

/** Expand of RFC 5869 under SHA-512: hkdfSync extracts too, so the blocks are chained by hand. */
function expand(secret: Bytes, info: Bytes, length: number): Bytes {
  let output = zeros(0);
  let block = zeros(0);
  for (let count = 1; output.length < length; count += 1) {
    block = hmac512(secret, join(block, info, Uint8Array.of(count)));
    output = join(output, block);
  }
  return output.slice(0, length);
}

/** PROTOCOL.md "Labels". */
export function label(secret: Bytes, name: string, context: Bytes, length: number): Bytes {
  const full = text(`link/1 ${name}`);
  const info = join(
    Uint8Array.of(length >> 8, length & 255, full.length),
    full,
    Uint8Array.of(context.length),
    context,
  );
  return expand(secret, info, length);
}

const extract = (salt: Bytes, material: Bytes): Bytes => hmac512(salt, material);

/** One role's key, iv and MAC key of the handshake. */
export interface SecondRole {
  readonly key: Bytes;
  readonly iv: Bytes;
  readonly finKey: Bytes;
}

export interface SecondSchedule {
  readonly th1: Bytes;
  readonly responder: SecondRole;
  readonly initiator: SecondRole;
  readonly handshakeSecret: Bytes;
}

/** PROTOCOL.md "Key schedule" up to the two handshake keys. `welcomeClear` ends with the KEM ciphertext. */
export function secondSchedule(
  networkHash: Bytes,
  hello: Bytes,
  welcomeClear: Bytes,
  sharedSecret: Bytes,
): SecondSchedule {
  const prologue = join(text('LINK/1'), networkHash, zeros(32));
  const early = extract(hash512(prologue), zeros(64));
  const th1 = hash512(prologue, hello, welcomeClear);
  const handshakeSecret = extract(label(early, 'derived', zeros(0), 64), sharedSecret);
  const role = (name: string): SecondRole => {
    const secret = label(handshakeSecret, name, th1, 64);
    return {
      key: label(secret, 'key', zeros(0), 32),
      iv: label(secret, 'iv', zeros(0), 12),
      finKey: label(secret, 'fin', zeros(0), 64),
    };
  };
  return { th1, handshakeSecret, responder: role('r hs'), initiator: role('i hs') };
}

export const fin = (role: SecondRole, ...hashed: readonly Bytes[]): Bytes =>
  hmac512(role.finKey, hash512(...hashed)).slice(0, 32);

export function open(role: SecondRole, sealed: Bytes, clear: Bytes): Bytes {
  const decipher = createDecipheriv('aes-256-gcm', role.key, role.iv).setAAD(clear);
  decipher.setAuthTag(sealed.slice(-16));
  return join(decipher.update(sealed.slice(0, -16)), decipher.final());
}

export function seal(role: SecondRole, plaintext: Bytes, clear: Bytes): Bytes {
  const cipher = createCipheriv('aes-256-gcm', role.key, role.iv).setAAD(clear);
  return join(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** What is left when both have proven themselves. */
export function master(
  schedule: SecondSchedule,
  welcomePlaintext: Bytes,
  confirmPlaintext: Bytes,
): { readonly root: Bytes; readonly exporter: Bytes; readonly th3: Bytes } {
  const th3 = hash512(hash512(schedule.th1, welcomePlaintext), confirmPlaintext);
  const secret = extract(label(schedule.handshakeSecret, 'derived', zeros(0), 64), zeros(64));
  return { root: label(secret, 'root', th3, 64), exporter: label(secret, 'exp', th3, 64), th3 };
}

/** PROTOCOL.md "Records": the key of one direction, epoch and phase. */
export function recordKey(
  root: Bytes,
  direction: 'i' | 'r',
  epoch: number,
  phase: number,
): { readonly key: Bytes; readonly iv: Bytes } {
  const context = Uint8Array.of(epoch >> 24, epoch >> 16, epoch >> 8, epoch);
  let chain = label(root, `chain ${direction}`, context, 64);
  for (let turn = 0; turn < phase; turn += 1) chain = label(chain, 'next', zeros(0), 64);
  return { key: label(chain, 'key', zeros(0), 32), iv: label(chain, 'iv', zeros(0), 12) };
}

/** Nonce of a record: iv ⊕ (0^32 ‖ u64 sequence). */
export function recordNonce(iv: Bytes, sequence: number): Bytes {
  const nonce = iv.slice();
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(sequence));
  number.forEach((byte, at) => (nonce[4 + at] = (nonce[4 + at] ?? 0) ^ byte));
  return nonce;
}

/** The platform's own HKDF, to show that the blocks above are RFC 5869's. */
export const platformHkdf = (secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes =>
  new Uint8Array(hkdfSync('sha512', secret, salt, info, length));
export const ownHkdf = (secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes =>
  expand(extract(salt, secret), info, length);
