import { gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { webCandidates } from './native-web.js';
import type { NativeCandidates, Platform, ScryptCost } from './platform.js';

const TAG_BYTES = 16;

/** Half a gibibyte would kill a tab; the pinned parameters take 128 MiB. */
const SCRYPT_MEMORY_BYTES_MAX = 268_435_456;

function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  try {
    return gcm(key, nonce, aad).decrypt(sealed);
  } catch {
    return undefined; // noble throws on a bad tag; its arguments were checked before.
  }
}

function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  cost: ScryptCost,
  length: number,
): Promise<Uint8Array> {
  const options = {
    N: 2 ** cost.log2N,
    r: cost.r,
    p: cost.p,
    dkLen: length,
    maxmem: SCRYPT_MEMORY_BYTES_MAX,
  };
  return scryptAsync(password, salt, options);
}

/** WebCrypto's asymmetric algorithms. */
export const nativeCandidates: NativeCandidates = webCandidates;

/** What browsers load: noble for the synchronous part and no `node:` import. */
export const platform: Platform = Object.freeze({
  name: 'web',
  symmetricProvider: 'noble',
  nativeName: 'WebCrypto',
  sha256: (bytes: Uint8Array) => sha256(bytes),
  sha256Into: (bytes: Uint8Array, target: Uint8Array, offset: number) => {
    target.set(sha256(bytes), offset);
  },
  sha512: (bytes: Uint8Array) => sha512(bytes),
  sha3Hash256: (bytes: Uint8Array) => sha3_256(bytes),
  hmacSha256: (key: Uint8Array, data: Uint8Array) => hmac(sha256, key, data),
  hmacSha512: (key: Uint8Array, data: Uint8Array) => hmac(sha512, key, data),
  aes256GcmSealInPlace: (key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, aad: Uint8Array) => {
    bytes.set(gcm(key, nonce, aad).encrypt(bytes.subarray(0, bytes.length - TAG_BYTES)));
  },
  aes256GcmSeal: (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array) =>
    gcm(key, nonce, aad).encrypt(plaintext),
  aes256GcmOpen,
  scrypt,
  startWorker: () => undefined,
  // Nothing there is filled by the dozen in a millisecond.
  discard: () => undefined,
  breathe: () =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    }),
  cores: () => 1,
});
