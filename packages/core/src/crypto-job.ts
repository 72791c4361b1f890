import type { BatchUse, Kem, KemKeyPair, VerifiedRoot } from '@yakmesh/crypto';

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
      /** Whether a stranger's: it gives way to what neighbours sent. */
      readonly isStrangers: boolean;
    }
  | {
      readonly type: 'verify-slot';
      readonly publicKey: Uint8Array;
      readonly slot: Uint8Array;
      readonly leaf: Uint8Array;
      readonly networkHash: Uint8Array;
    }
  | {
      readonly type: 'verify-head';
      readonly use: BatchUse;
      readonly publicKey: Uint8Array;
      readonly head: Uint8Array;
      readonly signature: Uint8Array;
      readonly networkHash: Uint8Array;
    }
  | {
      readonly type: 'solve';
      readonly seed: Uint8Array;
      readonly session: Uint8Array;
      readonly key: Uint8Array;
      readonly bits: number;
    };

/** A job's answer. `failed` stands for every way in which the primitive can refuse its input. */
export type JobResult =
  | { readonly type: 'generate'; readonly keyPair: KemKeyPair }
  | { readonly type: 'encapsulate'; readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array }
  | { readonly type: 'decapsulate'; readonly sharedSecret: Uint8Array }
  | { readonly type: 'sign'; readonly signature: Uint8Array }
  | { readonly type: 'sign-slot'; readonly slot: Uint8Array }
  | { readonly type: 'verify'; readonly valid: boolean }
  | { readonly type: 'verify-slot'; readonly valid: boolean }
  | { readonly type: 'verify-head'; readonly root: VerifiedRoot | undefined }
  | { readonly type: 'solve'; readonly solution: Uint8Array }
  | { readonly type: 'failed' };

/** Does the jobs of machines: worker pool, native asynchronous crypto, or a model in tests. Never rejects. */
export type CryptoJobs = (job: CryptoJob, signal: AbortSignal) => Promise<JobResult>;
