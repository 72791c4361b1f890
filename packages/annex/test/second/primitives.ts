// What PROTOCOL.md takes from elsewhere, from node:crypto and noble: nothing of this package's or of @yakmesh/crypto's.
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';

export type Bytes = Uint8Array;

export const KEMS = {
  1: { kem: ml_kem768_x25519, ekBytes: 1_216, ctBytes: 1_120 },
  2: { kem: ml_kem768, ekBytes: 1_184, ctBytes: 1_088 },
} as const;
export type Suite = keyof typeof KEMS;

export const EMPTY: Bytes = new Uint8Array();
export const join = (...parts: readonly Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));
export const text = (value: string): Bytes => new Uint8Array(Buffer.from(value));
export const zeros = (count: number): Bytes => new Uint8Array(count);
export const equal = (a: Bytes, b: Bytes): boolean => Buffer.compare(a, b) === 0;

/** An unsigned number of so many bytes, big-endian. */
export function uint(value: number, bytes: number): Bytes {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(value));
  return new Uint8Array(number.subarray(8 - bytes));
}

const digest =
  (name: string) =>
  (...parts: readonly Bytes[]): Bytes =>
    new Uint8Array(
      createHash(name)
        .update(join(...parts))
        .digest(),
    );
export const sha256 = digest('sha256');
export const H = digest('sha512');
export const hmac = (key: Bytes, data: Bytes): Bytes =>
  new Uint8Array(createHmac('sha512', key).update(data).digest());
/** RFC 5869 §2.2. */
export const extract = (salt: Bytes, material: Bytes): Bytes => hmac(salt, material);

/** PROTOCOL.md §3: one block of HKDF-Expand, for L is at most 64. */
export function XL(s: Bytes, name: string, context: Bytes, length: number): Bytes {
  const label = text(`annex/1 ${name}`);
  const info = [uint(length, 2), uint(label.length, 1), label, uint(context.length, 1), context];
  return hmac(s, join(...info, uint(1, 1))).slice(0, length);
}

export function seal(key: Bytes, iv: Bytes, head: Bytes, plaintext: Bytes): Bytes {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(head);
  return join(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Throws where the tag does not fit. */
export function open(key: Bytes, iv: Bytes, head: Bytes, sealed: Bytes): Bytes {
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(head).setAuthTag(sealed.subarray(-16));
  return join(decipher.update(sealed.subarray(0, -16)), decipher.final());
}

/** An identity from FIPS 204's ξ; it signs without randomness, so that a run can be repeated. */
export interface SecondIdentity {
  readonly publicKey: Bytes;
  readonly id: Bytes;
  sign(message: Bytes, context: Bytes): Bytes;
}

export function identityOf(seed: Bytes): SecondIdentity {
  const { publicKey, secretKey } = ml_dsa65.keygen(seed);
  const sign = (message: Bytes, context: Bytes): Bytes =>
    ml_dsa65.sign(message, secretKey, { context, extraEntropy: false });
  return { publicKey, id: idOf(publicKey), sign };
}

/** PROTOCOL.md §1. */
export const idOf = (publicKey: Bytes): Bytes =>
  sha256(text('yakmesh/nodeid/1'), zeros(1), uint(1, 2), publicKey);

export const isSigned = (publicKey: Bytes, message: Bytes, signature: Bytes, context: Bytes): boolean =>
  ml_dsa65.verify(signature, message, publicKey, { context });
