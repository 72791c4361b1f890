import type { Encapsulation } from './provider.js';
import { mlKem768 } from './ml-kem-768.js';
import { xWing } from './x-wing.js';

/** A suite number on the wire: 1 is X-Wing, the default, 2 is plain ML-KEM-768. */
export type KemSuite = 0x0001 | 0x0002;

/** A KEM private key with its public key. */
export interface KemKeyPair {
  /** To be sent to whoever encapsulates. */
  readonly publicKey: Uint8Array;
  /**
   * The shared secret, 32 bytes. Rejects with `CRYPTO_BAD_CIPHERTEXT` for a wrong length or a low-order point; any other
   * false ciphertext yields a secret that the other side does not have, so the first AEAD tag fails.
   */
  decapsulate(ciphertext: Uint8Array): Promise<Uint8Array>;
  /** Wipes the private key; decapsulating afterwards rejects with `IDENTITY_DESTROYED`. Twice is fine. */
  destroy(): void;
}

/** A key encapsulation mechanism with a shared secret of 32 bytes. */
export interface Kem {
  /** Its number on the wire. */
  readonly suite: KemSuite;
  /** Its name for people. */
  readonly name: 'X-Wing' | 'ML-KEM-768';
  /** Bytes of a public key: 1,216 for X-Wing, 1,184 for ML-KEM-768. */
  readonly publicKeyBytes: number;
  /** Bytes of a ciphertext: 1,120 for X-Wing, 1,088 for ML-KEM-768. */
  readonly ciphertextBytes: number;
  /** Bytes of the seed that {@link Kem.fromSeed} takes: 32 for X-Wing, 64 for ML-KEM-768. */
  readonly seedBytes: number;
  /** A fresh key pair. */
  generate(): Promise<KemKeyPair>;
  /** The key pair of a seed, which is copied; it is expanded once and kept. */
  fromSeed(seed: Uint8Array): Promise<KemKeyPair>;
  /**
   * A fresh shared secret for the holder of a key. Rejects with `CRYPTO_BAD_KEM_KEY` when the key has a wrong length, a
   * coefficient of q or more (FIPS 203 §7.2), or a low-order point.
   */
  encapsulate(publicKey: Uint8Array): Promise<Encapsulation>;
}

/** The KEM of a suite number from the wire, or undefined for a number that is none. */
export function kemOfSuite(suite: number): Kem | undefined {
  if (suite === xWing.suite) return xWing;
  if (suite === mlKem768.suite) return mlKem768;
  return undefined;
}
