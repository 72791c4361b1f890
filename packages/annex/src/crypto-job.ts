import type { Kem, KemKeyPair } from '@yakmesh/crypto';

/** Slow work that a machine asks its driver for; the answer comes back as a {@link JobResult} with the same ticket. */
export type CryptoJob =
  | { readonly type: 'generate'; readonly kem: Kem }
  | { readonly type: 'encapsulate'; readonly kem: Kem; readonly publicKey: Uint8Array }
  | { readonly type: 'decapsulate'; readonly keyPair: KemKeyPair; readonly ciphertext: Uint8Array }
  | { readonly type: 'sign'; readonly message: Uint8Array; readonly context: Uint8Array }
  | { readonly type: 'sign-slot'; readonly leaf: Uint8Array; readonly networkHash: Uint8Array }
  | {
      readonly type: 'verify';
      readonly publicKey: Uint8Array;
      readonly message: Uint8Array;
      readonly signature: Uint8Array;
      readonly context: Uint8Array;
      /** Whether of a caller that has proven nothing: it gives way to what others wait for. */
      readonly isStrangers: boolean;
    }
  | {
      readonly type: 'verify-slot';
      readonly publicKey: Uint8Array;
      readonly slot: Uint8Array;
      readonly leaf: Uint8Array;
      readonly networkHash: Uint8Array;
    }
  | { readonly type: 'solve'; readonly prefix: Uint8Array; readonly bits: number };

/** A job's answer. `failed` stands for every way in which the primitive can refuse its input. */
export type JobResult =
  | { readonly type: 'generate'; readonly keyPair: KemKeyPair }
  | { readonly type: 'encapsulate'; readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array }
  | { readonly type: 'decapsulate'; readonly sharedSecret: Uint8Array }
  | { readonly type: 'sign'; readonly signature: Uint8Array }
  | { readonly type: 'sign-slot'; readonly slot: Uint8Array }
  | { readonly type: 'verify'; readonly valid: boolean }
  | { readonly type: 'verify-slot'; readonly valid: boolean }
  | { readonly type: 'solve'; readonly solution: Uint8Array }
  | { readonly type: 'failed' };

/** Does the jobs of machines. Never rejects. */
export type CryptoJobs = (job: CryptoJob) => Promise<JobResult>;
