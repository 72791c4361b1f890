import * as nodeCrypto from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concatBytes, hexToBytes, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import type {
  AsymmetricProvider,
  Encapsulation,
  MlDsa65,
  MlDsa65PrivateKey,
  MlKem768,
  MlKem768PrivateKey,
  X25519,
  X25519PrivateKey,
} from './provider.js';
import { CONTEXT_BYTES_MAX, ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';

/**
 * DER that stands before a raw key. Every release with these algorithms reads this form, while raw import came later
 * (24.15). RFC 9881 §6 and RFC 9935 §6 define the seed-only private keys ([0] IMPLICIT OCTET STRING), RFC 8410 X25519.
 */
const DER = {
  mlDsa65Public: hexToBytes('308207b2300b0609608648016503040312038207a100'),
  mlDsa65Seed: hexToBytes('3034020100300b060960864801650304031204228020'),
  mlKem768Public: hexToBytes('308204b2300b0609608648016503040402038204a100'),
  mlKem768Seed: hexToBytes('3054020100300b060960864801650304040204428040'),
  x25519Public: hexToBytes('302a300506032b656e032100'),
  x25519Private: hexToBytes('302e020100300506032b656e04220420'),
} as const;

/**
 * Public keys kept imported: an import takes 50 µs, a quarter of a verification. 256 of about 20 kB each cover the
 * neighbours and the busiest origins; the least recently used goes first.
 */
const PUBLIC_KEYS_MAX = 256;

/** Functions newer than the types of the oldest Node that is supported. */
interface KemFunctions {
  readonly encapsulate?: (key: KeyObject) => { sharedKey: Buffer; ciphertext: Buffer };
  readonly decapsulate?: (key: KeyObject, ciphertext: Uint8Array) => Buffer;
}

interface ContextKey {
  key: KeyObject;
  context: Uint8Array;
}

const { encapsulate, decapsulate } = nodeCrypto as KemFunctions;

class ImportedKey {
  readonly publicKey: Uint8Array;
  #key: KeyObject | undefined;

  constructor(privateHeader: Uint8Array, secret: Uint8Array, publicHeader: Uint8Array) {
    const der = concatBytes(privateHeader, secret);
    try {
      this.#key = nodeCrypto.createPrivateKey({ key: der as Buffer, format: 'der', type: 'pkcs8' });
    } finally {
      wipe(der);
    }
    const spki = nodeCrypto.createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    this.publicKey = new Uint8Array(spki.subarray(publicHeader.length));
  }

  use(): KeyObject {
    if (this.#key === undefined) throw new CryptoError('IDENTITY_DESTROYED', 'the key was destroyed');
    return this.#key;
  }

  /** OpenSSL wipes the key when the last reference is collected; JavaScript cannot hasten it. */
  destroy(): void {
    this.#key = undefined;
  }
}

class NodeMlDsa65PrivateKey extends ImportedKey implements MlDsa65PrivateKey {
  constructor(seed: Uint8Array) {
    super(DER.mlDsa65Seed, seed, DER.mlDsa65Public);
  }

  async sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const key: ContextKey = { key: this.use(), context };
    return new Promise((resolve, reject) => {
      nodeCrypto.sign(null, message, key, (error, signature) => {
        if (error) reject(error);
        else resolve(plain(signature));
      });
    });
  }
}

class NodeMlKem768PrivateKey extends ImportedKey implements MlKem768PrivateKey {
  constructor(seed: Uint8Array) {
    super(DER.mlKem768Seed, seed, DER.mlKem768Public);
  }

  async decapsulate(ciphertext: Uint8Array): Promise<Uint8Array> {
    if (decapsulate === undefined) throw missing('ML-KEM-768');
    return plain(decapsulate(this.use(), ciphertext));
  }
}

class NodeX25519PrivateKey extends ImportedKey implements X25519PrivateKey {
  constructor(privateKey: Uint8Array) {
    super(DER.x25519Private, privateKey, DER.x25519Public);
  }

  async agree(publicKey: Uint8Array): Promise<Uint8Array> {
    const privateKey = this.use();
    const shared = nodeCrypto.diffieHellman({
      privateKey,
      publicKey: importPublic(DER.x25519Public, publicKey),
    });
    return plain(shared);
  }
}

const publicKeys = new Map<string, KeyObject>();

/** Imports a public key or finds it among those imported before. */
function cachedPublicKey(publicKey: Uint8Array): KeyObject {
  const id = nodeCrypto.hash('sha256', publicKey, 'binary');
  const known = publicKeys.get(id);
  if (known !== undefined) publicKeys.delete(id); // Set again below, as the most recently used.
  const key = known ?? importPublic(DER.mlDsa65Public, publicKey);
  publicKeys.set(id, key);
  if (publicKeys.size > PUBLIC_KEYS_MAX) {
    for (const oldest of publicKeys.keys()) {
      publicKeys.delete(oldest);
      break;
    }
  }
  return key;
}

const mlDsa65: MlDsa65 = {
  provider: 'native',
  offThread: true,
  importSeed: async (seed) => new NodeMlDsa65PrivateKey(seed),
  verify: async (publicKey, message, signature, context) => {
    if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return false;
    if (signature.length !== ML_DSA_65_SIGNATURE_BYTES || context.length > CONTEXT_BYTES_MAX) return false;
    const key = tryImport(publicKey);
    if (key === undefined) return false;
    const withContext: ContextKey = { key, context };
    return new Promise((resolve) => {
      nodeCrypto.verify(null, message, withContext, signature, (error, valid) => {
        resolve(error === null && valid);
      });
    });
  },
};

const mlKem768: MlKem768 = {
  provider: 'native',
  importSeed: async (seed) => new NodeMlKem768PrivateKey(seed),
  encapsulate: async (publicKey): Promise<Encapsulation> => {
    if (encapsulate === undefined) throw missing('ML-KEM-768');
    const { ciphertext, sharedKey } = encapsulate(importPublic(DER.mlKem768Public, publicKey));
    return { ciphertext: plain(ciphertext), sharedSecret: plain(sharedKey) };
  },
};

const x25519: X25519 = {
  provider: 'native',
  importPrivateKey: async (privateKey) => new NodeX25519PrivateKey(privateKey),
};

/** node:crypto's algorithms, whether or not this release has them: the probe finds out by using them. */
export function nodeCandidates(): AsymmetricProvider {
  return { name: 'native', mlDsa65, mlKem768, x25519 };
}

function tryImport(publicKey: Uint8Array): KeyObject | undefined {
  try {
    return cachedPublicKey(publicKey);
  } catch {
    return undefined;
  }
}

function importPublic(header: Uint8Array, publicKey: Uint8Array): KeyObject {
  return nodeCrypto.createPublicKey({
    key: concatBytes(header, publicKey) as Buffer,
    format: 'der',
    type: 'spki',
  });
}

function missing(algorithm: string): CryptoError {
  return new CryptoError('CRYPTO_UNAVAILABLE', `this Node release has no ${algorithm}`);
}

/** A Buffer as a plain array of its own memory. */
function plain(buffer: Buffer): Uint8Array {
  if (buffer.byteLength !== buffer.buffer.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, 0, buffer.byteLength);
}
