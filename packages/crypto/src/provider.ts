/** Bytes of an ML-DSA-65 public key (FIPS 204 table 2). */
export const ML_DSA_65_PUBLIC_KEY_BYTES = 1952;
/** Bytes of an ML-DSA-65 signature (FIPS 204 table 2). */
export const ML_DSA_65_SIGNATURE_BYTES = 3309;
/** Bytes of the seed ξ from which FIPS 204 algorithm 1 makes an ML-DSA-65 key pair: all that an identity stores. */
export const SEED_BYTES = 32;
/** FIPS 204 algorithm 2 refuses a longer context. */
export const CONTEXT_BYTES_MAX = 255;
/** Bytes of an ML-KEM-768 encapsulation key (FIPS 203 table 3). */
export const ML_KEM_768_PUBLIC_KEY_BYTES = 1184;
/** Bytes of an ML-KEM-768 ciphertext (FIPS 203 table 3). */
export const ML_KEM_768_CIPHERTEXT_BYTES = 1088;
/** Bytes of the seed d ‖ z from which FIPS 203 algorithm 16 makes an ML-KEM-768 key pair. */
export const ML_KEM_768_SEED_BYTES = 64;
/** Bytes of an X25519 key, public or private (RFC 7748 §5). */
export const X25519_KEY_BYTES = 32;
/** Bytes of the secret that any KEM here yields. */
export const SHARED_SECRET_BYTES = 32;

/** An ML-DSA-65 private key that a provider holds ready for use. */
export interface MlDsa65PrivateKey {
  /** The public key, 1,952 bytes. */
  readonly publicKey: Uint8Array;
  /** Signs in FIPS 204's pure mode, hedged; 3,309 bytes. The context has at most 255 bytes. */
  sign(message: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** Wipes or drops the key; signing afterwards rejects with `IDENTITY_DESTROYED`. Twice is fine. */
  destroy(): void;
}

/** ML-DSA-65 (FIPS 204, pure, hedged). */
export interface MlDsa65 {
  /** Who computes it. */
  readonly provider: ProviderName;
  /** Whether the work runs off the event loop. */
  readonly offThread: boolean;
  /** Expands a seed of 32 bytes; the seed is copied where it is kept. */
  importSeed(seed: Uint8Array): Promise<MlDsa65PrivateKey>;
  /** Whether the signature fits; false for anything malformed. */
  verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
    context: Uint8Array,
  ): Promise<boolean>;
}

/** What encapsulation yields. */
export interface Encapsulation {
  /** To be sent to the holder of the private key. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes that both ends share. */
  readonly sharedSecret: Uint8Array;
}

/** An ML-KEM-768 private key that a provider holds ready for use. */
export interface MlKem768PrivateKey {
  /** The encapsulation key, 1,184 bytes. */
  readonly publicKey: Uint8Array;
  /** The shared secret; by implicit rejection a false ciphertext of the right length yields a secret nobody knows. */
  decapsulate(ciphertext: Uint8Array): Promise<Uint8Array>;
  /** Wipes or drops the key. Twice is fine. */
  destroy(): void;
}

/** ML-KEM-768 (FIPS 203). Callers check lengths and the modulus first, so an implementation may simply throw. */
export interface MlKem768 {
  /** Who computes it. */
  readonly provider: ProviderName;
  /** Expands a seed of 64 bytes, d ‖ z. */
  importSeed(seed: Uint8Array): Promise<MlKem768PrivateKey>;
  /** A fresh secret for the holder of the key. */
  encapsulate(publicKey: Uint8Array): Promise<Encapsulation>;
}

/** An X25519 private key that a provider holds ready for use. */
export interface X25519PrivateKey {
  /** The public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The shared point; rejects for a low-order public key, whose result is all zeros. */
  agree(publicKey: Uint8Array): Promise<Uint8Array>;
  /** Wipes or drops the key. Twice is fine. */
  destroy(): void;
}

/** X25519 (RFC 7748). */
export interface X25519 {
  /** Who computes it. */
  readonly provider: ProviderName;
  /** Takes a private key of 32 bytes, which is clamped. */
  importPrivateKey(privateKey: Uint8Array): Promise<X25519PrivateKey>;
}

/** Who computes: portable JavaScript, or the platform (node:crypto, WebCrypto). */
export type ProviderName = 'noble' | 'native';

/** A set of asymmetric algorithms. The native one holds only those that passed their round trip. */
export interface AsymmetricProvider {
  /** Who computes. */
  readonly name: ProviderName;
  /** ML-DSA-65, where it is offered. */
  readonly mlDsa65?: MlDsa65;
  /** ML-KEM-768, where it is offered. */
  readonly mlKem768?: MlKem768;
  /** X25519, where it is offered. */
  readonly x25519?: X25519;
}

/** A provider that has every algorithm. */
export type CompleteProvider = Required<AsymmetricProvider>;
