import { platform } from '#platform';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { concatBytes, copyBytes, randomBytes, requireBytes, utf8ToBytes, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import { NODE_ID_BYTES } from './node-id.js';
import type { ScryptCost } from './platform.js';
import { SEED_BYTES } from './provider.js';
import { AES_KEY_BYTES, AES_NONCE_BYTES, AES_TAG_BYTES, aes256GcmOpen, aes256GcmSeal } from './symmetric.js';

/** "YKID" as a big-endian number. */
const MAGIC = 0x594b4944;
const VERSION = 1;
const KDF_SCRYPT = 1;
const SALT_BYTES = 32;

/** 0.4 s and 128 MiB for each guess. */
const COST: ScryptCost = { log2N: 17, r: 8, p: 1 };
/** A file may ask for more than ours, but not for minutes; beyond this it is refused. */
const COST_MAX: ScryptCost = { log2N: 20, r: 16, p: 4 };
/** A file that asks for more memory is refused, whichever way it combines the parameters. */
const MEMORY_BYTES_MAX = 268_435_456;
/** Longer than anyone types; hashing more would be work for nothing. */
const PASSPHRASE_LENGTH_MAX = 1024;

const HEADER_BYTES = 4 + 1 + 1 + 1 + 1 + 1 + SALT_BYTES + AES_NONCE_BYTES + NODE_ID_BYTES;
/** Bytes of a sealed identity: header 85, sealed seed 32, tag 16. */
export const IDENTITY_FILE_BYTES: number = HEADER_BYTES + SEED_BYTES + AES_TAG_BYTES;

/** The clear part of an identity file and what it seals. */
export interface IdentityFile {
  /** What one guess costs. */
  readonly cost: ScryptCost;
  /** Of the key derivation, 32 bytes. */
  readonly salt: Uint8Array;
  /** Of the seal, 12 bytes. */
  readonly nonce: Uint8Array;
  /** Whose seed it is, 32 bytes. */
  readonly nodeIdBytes: Uint8Array;
  /** Everything before the ciphertext, which the tag covers too. */
  readonly header: Uint8Array;
  /** The seed of 32 bytes under its seal, with the tag of 16. */
  readonly sealedSeed: Uint8Array;
}

/** What an identity file yields to the right passphrase. */
export interface OpenedIdentity {
  readonly seed: Uint8Array;
  readonly nodeIdBytes: Uint8Array;
}

/**
 * Reads "YKID" · version 1 · kdf 1 · log2N 1 · r 1 · p 1 · salt 32 · nonce 12 · node id 32 · sealed seed 32 · tag 16.
 * Undefined for any other length, version or derivation, or one too costly to try.
 */
export function decodeIdentityFile(bytes: Uint8Array): IdentityFile | undefined {
  if (bytes.length !== IDENTITY_FILE_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION || reader.u8() !== KDF_SCRYPT) return undefined;
  const cost: ScryptCost = { log2N: reader.u8(), r: reader.u8(), p: reader.u8() };
  if (!isAffordable(cost)) return undefined;
  const salt = reader.bytes(SALT_BYTES);
  const nonce = reader.bytes(AES_NONCE_BYTES);
  const nodeIdBytes = reader.bytes(NODE_ID_BYTES);
  return {
    cost,
    salt,
    nonce,
    nodeIdBytes,
    header: bytes.subarray(0, HEADER_BYTES),
    sealedSeed: reader.rest(),
  };
}

/** Seals a seed; the cost is a parameter for tests alone. */
export async function sealIdentity(
  seed: Uint8Array,
  nodeIdBytes: Uint8Array,
  passphrase: string,
  cost: ScryptCost = COST,
): Promise<Uint8Array> {
  const password = passwordBytes(passphrase);
  const copy = copyBytes(seed); // The identity may be destroyed while scrypt runs.
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(AES_NONCE_BYTES);
  const header = new ByteWriter(HEADER_BYTES)
    .u32(MAGIC)
    .u8(VERSION)
    .u8(KDF_SCRYPT)
    .u8(cost.log2N)
    .u8(cost.r)
    .u8(cost.p)
    .bytes(salt)
    .bytes(nonce)
    .bytes(nodeIdBytes)
    .finish();
  const key = await deriveKey(password, salt, cost);
  const sealed = aes256GcmSeal(key, nonce, copy, header);
  wipe(key, copy);
  return concatBytes(header, sealed);
}

/** Opens a sealed seed; the caller wipes it. */
export async function openIdentity(bytes: Uint8Array, passphrase: string): Promise<OpenedIdentity> {
  requireBytes(bytes, 'file');
  const password = passwordBytes(passphrase);
  const file = decodeIdentityFile(copyBytes(bytes));
  if (file === undefined) {
    wipe(password);
    throw new CryptoError('IDENTITY_BAD_FILE', 'this is no YAKMESH identity file, or it is damaged');
  }
  const key = await deriveKey(password, file.salt, file.cost);
  const seed = aes256GcmOpen(key, file.nonce, file.sealedSeed, file.header);
  wipe(key);
  // One failure for both causes: the tag cannot tell a wrong passphrase from a damaged file.
  if (seed === undefined) {
    throw new CryptoError('IDENTITY_BAD_PASSPHRASE', 'the passphrase does not open this identity file');
  }
  return { seed, nodeIdBytes: file.nodeIdBytes };
}

/** scrypt's memory is 128 · r · (2^log2N + p) bytes and some blocks of its own. */
function isAffordable({ log2N, r, p }: ScryptCost): boolean {
  if (log2N < 1 || log2N > COST_MAX.log2N || r < 1 || r > COST_MAX.r || p < 1 || p > COST_MAX.p) return false;
  return 128 * r * (2 ** log2N + p + 2) <= MEMORY_BYTES_MAX;
}

async function deriveKey(password: Uint8Array, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  try {
    return await platform.scrypt(password, salt, cost, AES_KEY_BYTES);
  } finally {
    wipe(password);
  }
}

/** The passphrase as NFKC UTF-8, so that one typed on another keyboard still fits. */
function passwordBytes(passphrase: string): Uint8Array {
  if (typeof passphrase !== 'string' || passphrase.length === 0)
    throw new TypeError('passphrase must be a string that is not empty');
  if (/\p{Surrogate}/u.test(passphrase)) throw new TypeError('passphrase must be well-formed Unicode');
  if (passphrase.length > PASSPHRASE_LENGTH_MAX)
    throw new RangeError(`passphrase must be at most ${PASSPHRASE_LENGTH_MAX} characters`);
  return utf8ToBytes(passphrase.normalize('NFKC'));
}
