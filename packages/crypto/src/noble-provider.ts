import { x25519 as curve } from '@noble/curves/ed25519.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { copyBytes } from './bytes.js';
import { CryptoError } from './errors.js';
import type {
  CompleteProvider,
  MlDsa65,
  MlDsa65PrivateKey,
  MlKem768,
  MlKem768PrivateKey,
  X25519,
  X25519PrivateKey,
} from './provider.js';
import { CONTEXT_BYTES_MAX, ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';

/** A secret that is overwritten on destroy; using it afterwards throws. */
class Secret {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  use(): Uint8Array {
    if (this.#bytes === undefined) throw new CryptoError('IDENTITY_DESTROYED', 'the key was destroyed');
    return this.#bytes;
  }

  destroy(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }
}

class NobleMlDsa65PrivateKey implements MlDsa65PrivateKey {
  readonly publicKey: Uint8Array;
  readonly #secret: Secret;

  constructor(seed: Uint8Array) {
    const pair = ml_dsa65.keygen(seed);
    this.publicKey = pair.publicKey;
    this.#secret = new Secret(pair.secretKey);
  }

  async sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    return ml_dsa65.sign(message, this.#secret.use(), { context });
  }

  destroy(): void {
    this.#secret.destroy();
  }
}

class NobleMlKem768PrivateKey implements MlKem768PrivateKey {
  readonly publicKey: Uint8Array;
  readonly #secret: Secret;

  constructor(seed: Uint8Array) {
    const pair = ml_kem768.keygen(seed);
    this.publicKey = pair.publicKey;
    this.#secret = new Secret(pair.secretKey);
  }

  async decapsulate(ciphertext: Uint8Array): Promise<Uint8Array> {
    return ml_kem768.decapsulate(ciphertext, this.#secret.use());
  }

  destroy(): void {
    this.#secret.destroy();
  }
}

class NobleX25519PrivateKey implements X25519PrivateKey {
  readonly publicKey: Uint8Array;
  readonly #secret: Secret;

  constructor(privateKey: Uint8Array) {
    this.publicKey = curve.getPublicKey(privateKey);
    this.#secret = new Secret(copyBytes(privateKey));
  }

  async agree(publicKey: Uint8Array): Promise<Uint8Array> {
    return curve.getSharedSecret(this.#secret.use(), publicKey);
  }

  destroy(): void {
    this.#secret.destroy();
  }
}

const mlDsa65: MlDsa65 = {
  provider: 'noble',
  offThread: false,
  importSeed: async (seed) => new NobleMlDsa65PrivateKey(seed),
  verify: async (publicKey, message, signature, context) =>
    verifyMlDsa65(publicKey, message, signature, context),
};

const mlKem768: MlKem768 = {
  provider: 'noble',
  importSeed: async (seed) => new NobleMlKem768PrivateKey(seed),
  encapsulate: async (publicKey) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey);
    return { ciphertext: cipherText, sharedSecret };
  },
};

const x25519: X25519 = {
  provider: 'noble',
  importPrivateKey: async (privateKey) => new NobleX25519PrivateKey(privateKey),
};

/** Portable JavaScript by the noble packages: works everywhere, slower, and not constant-time. */
export const nobleProvider: CompleteProvider = Object.freeze({ name: 'noble', mlDsa65, mlKem768, x25519 });

/** noble answers false for a wrong signature length and throws for other malformed input: here all of it is false. */
function verifyMlDsa65(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
): boolean {
  if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return false;
  if (signature.length !== ML_DSA_65_SIGNATURE_BYTES || context.length > CONTEXT_BYTES_MAX) return false;
  try {
    return ml_dsa65.verify(signature, message, publicKey, { context });
  } catch {
    return false;
  }
}
