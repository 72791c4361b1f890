import { randomBytes, requireBytes, requireLength, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import type { Kem, KemKeyPair } from './kem.js';
import { autoProvider } from './native-provider.js';
import type { CompleteProvider } from './provider.js';
import {
  ML_KEM_768_CIPHERTEXT_BYTES,
  ML_KEM_768_PUBLIC_KEY_BYTES,
  ML_KEM_768_SEED_BYTES,
} from './provider.js';

/** FIPS 203 §2.4: the modulus q. */
const MODULUS = 3329;
/** Three polynomials of 256 coefficients, 12 bits each; the seed ρ follows. */
const COEFFICIENT_BYTES = 1152;

/** ML-KEM-768 computed by a given provider; {@link mlKem768} is this with {@link autoProvider}. */
export function mlKem768With(provider: () => Promise<CompleteProvider>): Kem {
  const fromSeed = async (seed: Uint8Array): Promise<KemKeyPair> => {
    requireLength(seed, 'seed', ML_KEM_768_SEED_BYTES);
    const privateKey = await (await provider()).mlKem768.importSeed(seed);
    return {
      publicKey: privateKey.publicKey,
      decapsulate: async (ciphertext) => {
        requireCiphertext(ciphertext, ML_KEM_768_CIPHERTEXT_BYTES);
        return privateKey.decapsulate(ciphertext);
      },
      destroy: () => {
        privateKey.destroy();
      },
    };
  };
  return Object.freeze({
    suite: 0x0002,
    name: 'ML-KEM-768',
    publicKeyBytes: ML_KEM_768_PUBLIC_KEY_BYTES,
    ciphertextBytes: ML_KEM_768_CIPHERTEXT_BYTES,
    seedBytes: ML_KEM_768_SEED_BYTES,
    fromSeed,
    generate: async () => {
      const seed = randomBytes(ML_KEM_768_SEED_BYTES);
      try {
        return await fromSeed(seed);
      } finally {
        wipe(seed);
      }
    },
    encapsulate: async (publicKey: Uint8Array) => {
      requireMlKem768Key(publicKey, ML_KEM_768_PUBLIC_KEY_BYTES);
      return (await provider()).mlKem768.encapsulate(publicKey);
    },
  } satisfies Kem);
}

/** Plain ML-KEM-768 (FIPS 203), suite 2: only for networks that pin it; X-Wing is the default. */
export const mlKem768: Kem = mlKem768With(autoProvider);

/**
 * FIPS 203 §7.2: the length must be right and every coefficient below q. Checked here because implementations differ in
 * whether, when and how they refuse. `expectedBytes` is more than ML-KEM's own where a hybrid's key follows it.
 */
export function requireMlKem768Key(publicKey: Uint8Array, expectedBytes: number): void {
  requireBytes(publicKey, 'publicKey');
  if (publicKey.length !== expectedBytes) {
    throw new CryptoError(
      'CRYPTO_BAD_KEM_KEY',
      `a public key has ${expectedBytes} bytes, not ${publicKey.length}`,
    );
  }
  for (let i = 0; i < COEFFICIENT_BYTES; i += 3) {
    const [low = 0, middle = 0, high = 0] = [publicKey[i], publicKey[i + 1], publicKey[i + 2]];
    if ((low | ((middle & 0x0f) << 8)) >= MODULUS || ((middle >>> 4) | (high << 4)) >= MODULUS) {
      throw new CryptoError('CRYPTO_BAD_KEM_KEY', 'the public key has a coefficient above the modulus');
    }
  }
}

/** Throws `CRYPTO_BAD_CIPHERTEXT` unless the length is right. */
export function requireCiphertext(ciphertext: Uint8Array, expectedBytes: number): void {
  requireBytes(ciphertext, 'ciphertext');
  if (ciphertext.length !== expectedBytes) {
    throw new CryptoError(
      'CRYPTO_BAD_CIPHERTEXT',
      `a ciphertext has ${expectedBytes} bytes, not ${ciphertext.length}`,
    );
  }
}
