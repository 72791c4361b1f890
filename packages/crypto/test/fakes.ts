import type { BatchSign, BatchVerify, SigningIdentity } from '../src/index.js';
import { concatBytes, encodeNodeId, equalBytes, hmacSha512, nodeIdBytesOf } from '../src/index.js';

/** A deterministic stand-in for ML-DSA-65 with its sizes: secure against nobody, a thousand times as fast. */
export function fakeSignature(publicKey: Uint8Array, message: Uint8Array, context: Uint8Array): Uint8Array {
  const tag = hmacSha512(publicKey, concatBytes(Uint8Array.of(context.length), context, message));
  const signature = new Uint8Array(3309);
  signature.set(tag);
  return signature;
}

/** A public key of the right length that says whose it is. */
export function fakeKey(fill: number): Uint8Array {
  return new Uint8Array(1952).fill(fill);
}

/** An identity whose signatures {@link fakeVerify} accepts. */
export function fakeIdentity(fill = 1): SigningIdentity {
  const publicKey = fakeKey(fill);
  const nodeIdBytes = nodeIdBytesOf(publicKey);
  return {
    nodeId: encodeNodeId(nodeIdBytes),
    nodeIdBytes,
    publicKey,
    sign: async (message, { context }) => fakeSignature(publicKey, message, context),
  };
}

/** Signs as {@link fakeIdentity} does. */
export function fakeSign(identity: SigningIdentity): BatchSign {
  return (message, context) => identity.sign(message, { context });
}

/** Accepts exactly the signatures of {@link fakeSignature}. */
export const fakeVerify: BatchVerify = async (publicKey, message, signature, context) =>
  equalBytes(signature, fakeSignature(publicKey, message, context));

/** Randomness that repeats from run to run. */
export function countingBytes(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => Uint8Array.from({ length }, () => next++ & 0xff);
}

/** A promise and its two ends. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** Makes a {@link Deferred}. */
export function deferred<T>(): Deferred<T> {
  let ends: Omit<Deferred<T>, 'promise'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    ends = { resolve, reject };
  });
  if (ends === undefined) throw new Error('unreachable');
  return { promise, ...ends };
}

/** Lets everything that is ready to run do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
