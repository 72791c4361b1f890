import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { x25519 as curve } from '@noble/curves/ed25519.js';
import { concatBytes, hexToBytes, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import type {
  AsymmetricProvider,
  MlDsa65,
  MlDsa65PrivateKey,
  MlKem768,
  MlKem768PrivateKey,
  X25519,
  X25519PrivateKey,
} from './provider.js';
import { CONTEXT_BYTES_MAX, ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';

/** A WebCrypto key; its insides are out of JavaScript's reach, for it is imported as not extractable. */
export type WebKey = object;

export interface WebAlgorithm {
  readonly name: string;
  readonly context?: Uint8Array;
  readonly public?: WebKey;
}

/** The part of SubtleCrypto that is used here, including the methods that its TypeScript types do not know yet. */
export interface Subtle {
  importKey(
    format: 'raw-seed' | 'raw-public' | 'raw' | 'pkcs8',
    bytes: Uint8Array,
    algorithm: WebAlgorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<WebKey>;
  sign(algorithm: WebAlgorithm, key: WebKey, message: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: WebAlgorithm, key: WebKey, signature: Uint8Array, message: Uint8Array): Promise<boolean>;
  encapsulateBits(
    algorithm: WebAlgorithm,
    key: WebKey,
  ): Promise<{ ciphertext: ArrayBuffer; sharedKey: ArrayBuffer }>;
  decapsulateBits(algorithm: WebAlgorithm, key: WebKey, ciphertext: Uint8Array): Promise<ArrayBuffer>;
  deriveBits(algorithm: WebAlgorithm, key: WebKey, bits: number): Promise<ArrayBuffer>;
}

const ML_DSA: WebAlgorithm = { name: 'ML-DSA-65' };
const ML_KEM: WebAlgorithm = { name: 'ML-KEM-768' };
const X25519_NAME: WebAlgorithm = { name: 'X25519' };

/** PKCS#8 before a raw X25519 private key (RFC 8410 §7). */
const X25519_PKCS8 = hexToBytes('302e020100300506032b656e04220420');

/** Holds a WebCrypto key until destroyed. */
class HeldKey {
  readonly publicKey: Uint8Array;
  #key: WebKey | undefined;

  constructor(publicKey: Uint8Array, key: WebKey) {
    this.publicKey = publicKey;
    this.#key = key;
  }

  use(): WebKey {
    if (this.#key === undefined) throw new CryptoError('IDENTITY_DESTROYED', 'the key was destroyed');
    return this.#key;
  }

  destroy(): void {
    this.#key = undefined;
  }
}

/** WebCrypto's algorithms, untried; undefined outside a secure context, where there is no `crypto.subtle`. */
export function webCandidates(): AsymmetricProvider | undefined {
  const subtle = (globalThis.crypto as { subtle?: unknown } | undefined)?.subtle;
  return subtle === undefined ? undefined : candidatesOf(subtle as Subtle);
}

/** The candidates of one implementation of WebCrypto. */
export function candidatesOf(subtle: Subtle): AsymmetricProvider {
  return {
    name: 'native',
    mlDsa65: webMlDsa65(subtle),
    mlKem768: webMlKem768(subtle),
    x25519: webX25519(subtle),
  };
}

function webMlDsa65(subtle: Subtle): MlDsa65 {
  class WebMlDsa65PrivateKey extends HeldKey implements MlDsa65PrivateKey {
    async sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
      return new Uint8Array(await subtle.sign({ ...ML_DSA, context }, this.use(), message));
    }
  }
  return {
    provider: 'native',
    offThread: true,
    importSeed: async (seed) => {
      const key = await subtle.importKey('raw-seed', seed, ML_DSA, false, ['sign']);
      const pair = ml_dsa65.keygen(seed); // WebCrypto gives the public key of an extractable key only.
      wipe(pair.secretKey);
      return new WebMlDsa65PrivateKey(pair.publicKey, key);
    },
    verify: async (publicKey, message, signature, context) => {
      if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return false;
      if (signature.length !== ML_DSA_65_SIGNATURE_BYTES || context.length > CONTEXT_BYTES_MAX) return false;
      try {
        const key = await subtle.importKey('raw-public', publicKey, ML_DSA, false, ['verify']);
        return await subtle.verify({ ...ML_DSA, context }, key, signature, message);
      } catch {
        return false;
      }
    },
  };
}

function webMlKem768(subtle: Subtle): MlKem768 {
  class WebMlKem768PrivateKey extends HeldKey implements MlKem768PrivateKey {
    async decapsulate(ciphertext: Uint8Array): Promise<Uint8Array> {
      return new Uint8Array(await subtle.decapsulateBits(ML_KEM, this.use(), ciphertext));
    }
  }
  return {
    provider: 'native',
    importSeed: async (seed) => {
      const key = await subtle.importKey('raw-seed', seed, ML_KEM, false, ['decapsulateBits']);
      const pair = ml_kem768.keygen(seed);
      wipe(pair.secretKey);
      return new WebMlKem768PrivateKey(pair.publicKey, key);
    },
    encapsulate: async (publicKey) => {
      const key = await subtle.importKey('raw-public', publicKey, ML_KEM, false, ['encapsulateBits']);
      const { ciphertext, sharedKey } = await subtle.encapsulateBits(ML_KEM, key);
      return { ciphertext: new Uint8Array(ciphertext), sharedSecret: new Uint8Array(sharedKey) };
    },
  };
}

function webX25519(subtle: Subtle): X25519 {
  class WebX25519PrivateKey extends HeldKey implements X25519PrivateKey {
    async agree(publicKey: Uint8Array): Promise<Uint8Array> {
      const theirs = await subtle.importKey('raw', publicKey, X25519_NAME, false, []);
      return new Uint8Array(await subtle.deriveBits({ ...X25519_NAME, public: theirs }, this.use(), 256));
    }
  }
  return {
    provider: 'native',
    importPrivateKey: async (privateKey) => {
      const der = concatBytes(X25519_PKCS8, privateKey);
      try {
        const key = await subtle.importKey('pkcs8', der, X25519_NAME, false, ['deriveBits']);
        return new WebX25519PrivateKey(curve.getPublicKey(privateKey), key);
      } finally {
        wipe(der);
      }
    },
  };
}
