import { shake256 } from '@noble/hashes/sha3.js';
import { concatBytes, randomBytes, requireLength, utf8ToBytes, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import type { Kem, KemKeyPair } from './kem.js';
import { requireCiphertext, requireMlKem768Key } from './ml-kem-768.js';
import { autoProvider } from './native-provider.js';
import type { CompleteProvider, Encapsulation, MlKem768PrivateKey, X25519PrivateKey } from './provider.js';
import {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
  X25519_KEY_BYTES,
} from './provider.js';
import { sha3_256 } from './symmetric.js';

const SEED_BYTES = 32;
const PUBLIC_KEY_BYTES = ML_KEM_768_PUBLIC_KEY_BYTES + X25519_KEY_BYTES;
const CIPHERTEXT_BYTES = ML_KEM_768_CIPHERTEXT_BYTES + X25519_KEY_BYTES;

/** draft-connolly-cfrg-xwing-kem §5.3: a picture of an X-wing. */
const LABEL = utf8ToBytes('\\.//^\\');

/** X-Wing whose two halves a given provider computes; {@link xWing} is this with {@link autoProvider}. */
export function xWingWith(provider: () => Promise<CompleteProvider>): Kem {
  const fromSeed = async (seed: Uint8Array): Promise<KemKeyPair> => {
    requireLength(seed, 'seed', SEED_BYTES);
    const expanded = shake256(seed, { dkLen: ML_KEM_768_SEED_BYTES + X25519_KEY_BYTES });
    try {
      const { mlKem768, x25519 } = await provider();
      const lattice = await mlKem768.importSeed(expanded.subarray(0, ML_KEM_768_SEED_BYTES));
      const curve = await x25519.importPrivateKey(expanded.subarray(ML_KEM_768_SEED_BYTES));
      return new XWingKeyPair(lattice, curve);
    } finally {
      wipe(expanded);
    }
  };
  return Object.freeze({
    suite: 0x0001,
    name: 'X-Wing',
    publicKeyBytes: PUBLIC_KEY_BYTES,
    ciphertextBytes: CIPHERTEXT_BYTES,
    seedBytes: SEED_BYTES,
    fromSeed,
    generate: async () => {
      const seed = randomBytes(SEED_BYTES);
      try {
        return await fromSeed(seed);
      } finally {
        wipe(seed);
      }
    },
    encapsulate: async (publicKey: Uint8Array) => encapsulate(await provider(), publicKey),
  } satisfies Kem);
}

/**
 * X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 in one, suite 1 and the default. The secret stays safe
 * while either half is unbroken.
 */
export const xWing: Kem = xWingWith(autoProvider);

/** Both halves are expanded once: noble's own X-Wing expands the seed again at each decapsulation. */
class XWingKeyPair implements KemKeyPair {
  readonly publicKey: Uint8Array;
  readonly #lattice: MlKem768PrivateKey;
  readonly #curve: X25519PrivateKey;

  constructor(lattice: MlKem768PrivateKey, curve: X25519PrivateKey) {
    this.publicKey = concatBytes(lattice.publicKey, curve.publicKey);
    this.#lattice = lattice;
    this.#curve = curve;
  }

  async decapsulate(ciphertext: Uint8Array): Promise<Uint8Array> {
    requireCiphertext(ciphertext, CIPHERTEXT_BYTES);
    const point = ciphertext.subarray(ML_KEM_768_CIPHERTEXT_BYTES);
    const latticeSecret = await this.#lattice.decapsulate(
      ciphertext.subarray(0, ML_KEM_768_CIPHERTEXT_BYTES),
    );
    const curveSecret = await agree(this.#curve, point, 'CRYPTO_BAD_CIPHERTEXT');
    return combine(latticeSecret, curveSecret, point, this.#curve.publicKey);
  }

  destroy(): void {
    this.#lattice.destroy();
    this.#curve.destroy();
  }
}

async function encapsulate(provider: CompleteProvider, publicKey: Uint8Array): Promise<Encapsulation> {
  requireMlKem768Key(publicKey, PUBLIC_KEY_BYTES);
  const theirPoint = publicKey.subarray(ML_KEM_768_PUBLIC_KEY_BYTES);
  const secret = randomBytes(X25519_KEY_BYTES);
  const ephemeral = await provider.x25519.importPrivateKey(secret);
  try {
    const curveSecret = await agree(ephemeral, theirPoint, 'CRYPTO_BAD_KEM_KEY');
    const lattice = await provider.mlKem768.encapsulate(publicKey.subarray(0, ML_KEM_768_PUBLIC_KEY_BYTES));
    return {
      ciphertext: concatBytes(lattice.ciphertext, ephemeral.publicKey),
      sharedSecret: combine(lattice.sharedSecret, curveSecret, ephemeral.publicKey, theirPoint),
    };
  } finally {
    wipe(secret);
    ephemeral.destroy();
  }
}

/** Every implementation refuses a low-order point, each with an error of its own: here they become one. */
async function agree(
  privateKey: X25519PrivateKey,
  point: Uint8Array,
  code: 'CRYPTO_BAD_KEM_KEY' | 'CRYPTO_BAD_CIPHERTEXT',
): Promise<Uint8Array> {
  try {
    return await privateKey.agree(point);
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    throw new CryptoError(code, 'the X25519 point has a low order');
  }
}

/** §5.3: SHA3-256(ss_M ‖ ss_X ‖ ct_X ‖ pk_X ‖ label). The halves' secrets are wiped. */
function combine(
  latticeSecret: Uint8Array,
  curveSecret: Uint8Array,
  ephemeral: Uint8Array,
  theirs: Uint8Array,
): Uint8Array {
  const input = concatBytes(latticeSecret, curveSecret, ephemeral, theirs, LABEL);
  const sharedSecret = sha3_256(input);
  wipe(input, latticeSecret, curveSecret);
  return sharedSecret;
}
