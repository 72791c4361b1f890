import { nativeCandidates } from '#platform';
import { equalBytes, randomBytes, utf8ToBytes, wipe } from './bytes.js';
import { CryptoError } from './errors.js';
import { nobleProvider } from './noble-provider.js';
import type { AsymmetricProvider, CompleteProvider, MlDsa65, MlKem768, X25519 } from './provider.js';
import { ML_KEM_768_SEED_BYTES, SEED_BYTES, X25519_KEY_BYTES } from './provider.js';

const MESSAGE = utf8ToBytes('yakmesh probe');
const CONTEXT = utf8ToBytes('probe/1');
const OTHER_CONTEXT = utf8ToBytes('probe/2');
const NO_CONTEXT = new Uint8Array(0);

/** Memoised, for a release does not change while it runs. */
let nativeFound: Promise<AsymmetricProvider | undefined> | undefined;
let autoFound: Promise<CompleteProvider> | undefined;

/**
 * The platform's own algorithms: node:crypto on Node, WebCrypto in browsers. Each is found by using it, never by a
 * version: keys, signatures and ciphertexts must interchange with noble's both ways, and a signature must fail under
 * another context (Node 24.6 and 24.7 ignore it). Undefined when none passes.
 */
export function nativeProvider(): Promise<AsymmetricProvider | undefined> {
  nativeFound ??= probe(nativeCandidates());
  return nativeFound;
}

/** For each algorithm the native implementation where it passed its probe, otherwise noble's. */
export function autoProvider(): Promise<CompleteProvider> {
  autoFound ??= nativeProvider().then((native) => ({ ...nobleProvider, ...native }));
  return autoFound;
}

/** Keeps of a candidate what passes its round trip. */
export async function probe(
  candidate: AsymmetricProvider | undefined,
): Promise<AsymmetricProvider | undefined> {
  if (candidate === undefined) return undefined;
  const { mlDsa65, mlKem768, x25519 } = candidate;
  const found: AsymmetricProvider = {
    name: candidate.name,
    ...(mlDsa65 !== undefined && (await works(() => probeMlDsa65(mlDsa65))) ? { mlDsa65 } : {}),
    ...(mlKem768 !== undefined && (await works(() => probeMlKem768(mlKem768))) ? { mlKem768 } : {}),
    ...(x25519 !== undefined && (await works(() => probeX25519(x25519))) ? { x25519 } : {}),
  };
  return Object.keys(found).length > 1 ? found : undefined;
}

async function works(roundTrip: () => Promise<boolean>): Promise<boolean> {
  try {
    return await roundTrip();
  } catch {
    return false; // An algorithm that is missing throws, each release in its own way.
  }
}

async function probeMlDsa65(native: MlDsa65): Promise<boolean> {
  const seed = randomBytes(SEED_BYTES);
  const [ours, theirs] = [await native.importSeed(seed), await nobleProvider.mlDsa65.importSeed(seed)];
  try {
    if (!equalBytes(ours.publicKey, theirs.publicKey)) return false;
    const signature = await ours.sign(MESSAGE, CONTEXT);
    const isRight = await native.verify(ours.publicKey, MESSAGE, signature, CONTEXT);
    const isRightForNoble = await nobleProvider.mlDsa65.verify(ours.publicKey, MESSAGE, signature, CONTEXT);
    const isLax =
      (await native.verify(ours.publicKey, MESSAGE, signature, OTHER_CONTEXT)) ||
      (await native.verify(ours.publicKey, MESSAGE, signature, NO_CONTEXT));
    return isRight && isRightForNoble && !isLax;
  } finally {
    wipe(seed);
    ours.destroy();
    theirs.destroy();
  }
}

async function probeMlKem768(native: MlKem768): Promise<boolean> {
  const seed = randomBytes(ML_KEM_768_SEED_BYTES);
  const [ours, theirs] = [await native.importSeed(seed), await nobleProvider.mlKem768.importSeed(seed)];
  try {
    if (!equalBytes(ours.publicKey, theirs.publicKey)) return false;
    const { ciphertext, sharedSecret } = await native.encapsulate(theirs.publicKey);
    const [here, there] = [await ours.decapsulate(ciphertext), await theirs.decapsulate(ciphertext)];
    return equalBytes(here, sharedSecret) && equalBytes(there, sharedSecret);
  } finally {
    wipe(seed);
    ours.destroy();
    theirs.destroy();
  }
}

async function probeX25519(native: X25519): Promise<boolean> {
  const [mine, yours] = [randomBytes(X25519_KEY_BYTES), randomBytes(X25519_KEY_BYTES)];
  const ours = await native.importPrivateKey(mine);
  const theirs = await nobleProvider.x25519.importPrivateKey(yours);
  try {
    return equalBytes(await ours.agree(theirs.publicKey), await theirs.agree(ours.publicKey));
  } finally {
    wipe(mine, yours);
    ours.destroy();
    theirs.destroy();
  }
}

/** The signatures of the provider asked for. Rejects with `CRYPTO_UNAVAILABLE` where the platform has none of its own. */
export async function chooseMlDsa65(provider: 'auto' | 'noble' | 'native'): Promise<MlDsa65> {
  if (provider === 'noble') return nobleProvider.mlDsa65;
  if (provider === 'auto') return (await autoProvider()).mlDsa65;
  const mlDsa65 = (await nativeProvider())?.mlDsa65;
  if (mlDsa65 === undefined)
    throw new CryptoError('CRYPTO_UNAVAILABLE', 'this platform has no native ML-DSA-65');
  return mlDsa65;
}
