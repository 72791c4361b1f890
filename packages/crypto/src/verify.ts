import { requireBytes } from './bytes.js';
import { autoProvider } from './native-provider.js';
import type { MlDsa65 } from './provider.js';

/** Options of {@link verifySignature}. */
export interface VerifyOptions {
  /** Rejects with the signal's reason when it fires before the work has begun. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether an ML-DSA-65 signature (FIPS 204, pure mode) of 3,309 bytes fits the message under this public key of 1,952
 * bytes and this context of at most 255 bytes. False for anything malformed; it never throws on what a peer sent.
 */
export async function verifySignature(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
  options: VerifyOptions = {},
): Promise<boolean> {
  return verifyWith((await autoProvider()).mlDsa65, publicKey, message, signature, context, options.signal);
}

/** The same with a given implementation. */
export async function verifyWith(
  mlDsa65: MlDsa65,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  context: Uint8Array,
  signal?: AbortSignal,
): Promise<boolean> {
  requireBytes(publicKey, 'publicKey');
  requireBytes(message, 'message');
  requireBytes(signature, 'signature');
  requireBytes(context, 'context');
  signal?.throwIfAborted();
  return mlDsa65.verify(publicKey, message, signature, context);
}
