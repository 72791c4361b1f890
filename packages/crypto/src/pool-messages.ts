import type { PuzzleSlice, PuzzleWork } from './puzzle-slice.js';

/** Gives the worker a seed of its own; it answers nothing. */
export interface KeyRequest {
  readonly type: 'key';
  readonly key: number;
  readonly seed: Uint8Array;
}

/** Makes the worker wipe a key. */
export interface ForgetRequest {
  readonly type: 'forget';
  readonly key: number;
}

/** Asks for a signature by a key given before. */
export interface SignRequest {
  readonly type: 'sign';
  readonly job: number;
  readonly key: number;
  readonly message: Uint8Array;
  readonly context: Uint8Array;
}

/** Asks whether a signature fits. */
export interface VerifyRequest {
  readonly type: 'verify';
  readonly job: number;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly context: Uint8Array;
}

/** Asks for one slice of a puzzle; the worker keeps nothing of it. */
export interface PuzzleRequest {
  readonly type: 'puzzle';
  readonly job: number;
  readonly work: PuzzleWork;
}

/** What the pool sends to a worker. */
export type PoolRequest = KeyRequest | ForgetRequest | SignRequest | VerifyRequest | PuzzleRequest;

/** What a worker sends to the pool; messages of both directions arrive in order. */
export type PoolResponse =
  | { readonly type: 'ready' }
  | { readonly type: 'signed'; readonly job: number; readonly signature: Uint8Array }
  | { readonly type: 'verified'; readonly job: number; readonly valid: boolean }
  | { readonly type: 'sliced'; readonly job: number; readonly slice: PuzzleSlice }
  | { readonly type: 'failed'; readonly job: number };
