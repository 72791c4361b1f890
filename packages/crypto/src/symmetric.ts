import { platform } from '#platform';
import { requireBytes, requireLength } from './bytes.js';

/** Bytes of an AES-256-GCM key. */
export const AES_KEY_BYTES = 32;
/** Bytes of an AES-256-GCM nonce (SP 800-38D §8.2: 96 bits, never twice under one key). */
export const AES_NONCE_BYTES = 12;
/** Bytes of the tag that {@link aes256GcmSeal} appends. */
export const AES_TAG_BYTES = 16;

/** RFC 5869 §2.3: the block counter is one byte. */
const EXPAND_BLOCKS_MAX = 255;
const EMPTY = new Uint8Array(0);

type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/**
 * SHA-256 (FIPS 180-4), 32 bytes. For public data: on Node the digest passes through a string, which cannot be wiped;
 * derive secrets with {@link hkdfExpandSha512} or {@link hmacSha256}.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  requireBytes(bytes, 'bytes');
  return platform.sha256(bytes);
}

/** SHA-512 (FIPS 180-4), 64 bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  requireBytes(bytes, 'bytes');
  return platform.sha512(bytes);
}

/** SHA3-256 (FIPS 202), 32 bytes. */
export function sha3_256(bytes: Uint8Array): Uint8Array {
  requireBytes(bytes, 'bytes');
  return platform.sha3Hash256(bytes);
}

/** HMAC-SHA-256 (RFC 2104), 32 bytes. */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  requireBytes(key, 'key');
  requireBytes(data, 'data');
  return platform.hmacSha256(key, data);
}

/** HMAC-SHA-512 (RFC 2104), 64 bytes. */
export function hmacSha512(key: Uint8Array, data: Uint8Array): Uint8Array {
  requireBytes(key, 'key');
  requireBytes(data, 'data');
  return platform.hmacSha512(key, data);
}

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2): a 32-byte pseudorandom key. An empty salt stands for zeros. */
export function hkdfExtractSha256(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return hmacSha256(salt, ikm);
}

/** HKDF-Extract with SHA-512 (RFC 5869 §2.2): a 64-byte pseudorandom key. An empty salt stands for zeros. */
export function hkdfExtractSha512(salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return hmacSha512(salt, ikm);
}

/**
 * HKDF-Expand with SHA-256 (RFC 5869 §2.3): up to 8,160 bytes. Throws a `RangeError` for more, or for a `prk` shorter
 * than 32 bytes.
 */
export function hkdfExpandSha256(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return expand(platform.hmacSha256, 32, prk, info, length);
}

/**
 * HKDF-Expand with SHA-512 (RFC 5869 §2.3): up to 16,320 bytes. Throws a `RangeError` for more, or for a `prk` shorter
 * than 64 bytes.
 */
export function hkdfExpandSha512(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return expand(platform.hmacSha512, 64, prk, info, length);
}

/**
 * AES-256-GCM: the ciphertext followed by its tag of 16 bytes, in a fresh array. The caller owes a nonce that no other
 * message under this key has had.
 */
export function aes256GcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array = EMPTY,
): Uint8Array {
  requireLength(key, 'key', AES_KEY_BYTES);
  requireLength(nonce, 'nonce', AES_NONCE_BYTES);
  requireBytes(plaintext, 'plaintext');
  requireBytes(aad, 'aad');
  return platform.aes256GcmSeal(key, nonce, plaintext, aad);
}

/**
 * {@link aes256GcmSeal} without a copy: `bytes` is the plaintext and {@link AES_TAG_BYTES} bytes of room behind it, and holds the ciphertext and its tag afterwards.
 * Throws a `RangeError` where not even the tag has room.
 */
export function aes256GcmSealInPlace(
  key: Uint8Array,
  nonce: Uint8Array,
  bytes: Uint8Array,
  aad: Uint8Array = EMPTY,
): void {
  requireLength(key, 'key', AES_KEY_BYTES);
  requireLength(nonce, 'nonce', AES_NONCE_BYTES);
  requireBytes(bytes, 'bytes');
  requireBytes(aad, 'aad');
  if (bytes.length < AES_TAG_BYTES) throw new RangeError(`bytes must have at least ${AES_TAG_BYTES} bytes`);
  platform.aes256GcmSealInPlace(key, nonce, bytes, aad);
}

/** Opens what {@link aes256GcmSeal} made; undefined when the tag does not fit, for whatever reason. */
export function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array = EMPTY,
): Uint8Array | undefined {
  requireLength(key, 'key', AES_KEY_BYTES);
  requireLength(nonce, 'nonce', AES_NONCE_BYTES);
  requireBytes(sealed, 'sealed');
  requireBytes(aad, 'aad');
  return platform.aes256GcmOpen(key, nonce, sealed, aad);
}

function expand(
  hmac: Hmac,
  hashBytes: number,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  requireBytes(prk, 'prk');
  requireBytes(info, 'info');
  if (prk.length < hashBytes) throw new RangeError(`prk must have at least ${hashBytes} bytes`);
  if (!Number.isSafeInteger(length) || length < 0 || length > EXPAND_BLOCKS_MAX * hashBytes) {
    throw new RangeError(`length must be a whole number from 0 to ${EXPAND_BLOCKS_MAX * hashBytes}`);
  }
  // One block, the usual case, needs no joining: T(1) = HMAC(prk, info ‖ 1).
  const input = new Uint8Array(hashBytes + info.length + 1);
  input.set(info, hashBytes);
  const output = new Uint8Array(length);
  for (let block = 1, offset = 0; offset < length; block++, offset += hashBytes) {
    input[input.length - 1] = block;
    const bytes = hmac(prk, block === 1 ? input.subarray(hashBytes) : input);
    output.set(bytes.subarray(0, Math.min(hashBytes, length - offset)), offset);
    input.set(bytes);
    bytes.fill(0);
  }
  input.fill(0);
  return output;
}
