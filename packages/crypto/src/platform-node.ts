import { createCipheriv, createDecipheriv, createHmac, hash, scrypt as nodeScrypt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { discard } from './discard-node.js';
import { nodeCandidates } from './native-node.js';
import type { NativeCandidates, Platform, ScryptCost } from './platform.js';
import { startNodeWorker } from './worker-node.js';

const SHA256_BYTES = 32;
const TAG_BYTES = 16;

/** Node refuses scrypt above 32 MiB unless told; the pinned parameters take 128 MiB. */
const SCRYPT_MEMORY_BYTES_MAX = 268_435_456;

/**
 * The digest travels as a binary (Latin-1) string because Node then allocates no ArrayBuffer for it, which takes 0.3 µs instead
 * of 1.1 µs (106 B, Node 20 and 26). A string cannot be wiped: SHA-256 is for public data, secrets go through HMAC.
 */
function sha256Into(bytes: Uint8Array, target: Uint8Array, offset: number): void {
  const digest = hash('sha256', bytes, 'binary');
  for (let i = 0; i < SHA256_BYTES; i++) target[offset + i] = digest.charCodeAt(i);
}

function sha256(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(SHA256_BYTES);
  sha256Into(bytes, digest, 0);
  return digest;
}

/** A Buffer as a plain array; a slice of a shared pool is copied, so that its neighbours never leak. */
function plain(buffer: Buffer): Uint8Array {
  if (buffer.byteLength !== buffer.buffer.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, 0, buffer.byteLength);
}

function hmac(algorithm: 'sha256' | 'sha512', key: Uint8Array, data: Uint8Array): Uint8Array {
  return plain(createHmac(algorithm, key).update(data).digest());
}

function aes256GcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealInto(sealed, key, nonce, plaintext, aad);
  return sealed;
}

function aes256GcmSealInPlace(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, aad: Uint8Array): void {
  sealInto(bytes, key, nonce, bytes.subarray(0, bytes.length - TAG_BYTES), aad);
}

function sealInto(
  target: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): void {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  if (aad.length > 0) cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  target.set(ciphertext);
  discard(ciphertext);
  cipher.final(); // GCM leaves nothing for the last block.
  target.set(cipher.getAuthTag(), plaintext.length);
}

function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  if (aad.length > 0) decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(length));
  const plaintext = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0); // Unauthenticated plaintext must not linger.
    return undefined;
  }
  return plain(plaintext);
}

function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  cost: ScryptCost,
  length: number,
): Promise<Uint8Array> {
  const options = { N: 2 ** cost.log2N, r: cost.r, p: cost.p, maxmem: SCRYPT_MEMORY_BYTES_MAX };
  return new Promise((resolve, reject) => {
    nodeScrypt(password, salt, length, options, (error, derived) => {
      if (error) reject(error);
      else resolve(plain(derived));
    });
  });
}

/** node:crypto's asymmetric algorithms. */
export const nativeCandidates: NativeCandidates = nodeCandidates;

/** Node's implementation: OpenSSL for everything that it has. */
export const platform: Platform = Object.freeze({
  name: 'node',
  symmetricProvider: 'node:crypto',
  nativeName: 'node:crypto',
  sha256,
  sha256Into,
  sha512: (bytes: Uint8Array) => plain(hash('sha512', bytes, 'buffer')),
  sha3Hash256: (bytes: Uint8Array) => plain(hash('sha3-256', bytes, 'buffer')),
  hmacSha256: (key: Uint8Array, data: Uint8Array) => hmac('sha256', key, data),
  hmacSha512: (key: Uint8Array, data: Uint8Array) => hmac('sha512', key, data),
  aes256GcmSeal,
  aes256GcmSealInPlace,
  aes256GcmOpen,
  scrypt,
  startWorker: startNodeWorker,
  discard,
  breathe: () =>
    new Promise<void>((resolve) => {
      setImmediate(resolve);
    }),
  cores: availableParallelism,
});
