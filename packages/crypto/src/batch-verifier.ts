import type { BatchHead, BatchUse } from './batch-head.js';
import { batchContext, decodeBatchHead } from './batch-head.js';
import type { BatchVerify } from './batch-slot.js';
import { concatBytes, copyBytes, equalBytes } from './bytes.js';
import { CryptoError } from './errors.js';
import { NegativeCache } from './negative-cache.js';
import { nodeIdBytesOf } from './node-id.js';
import { ML_DSA_65_PUBLIC_KEY_BYTES, ML_DSA_65_SIGNATURE_BYTES } from './provider.js';
import { sha256 } from './symmetric.js';

/** A batch whose head bears a good signature. */
export interface VerifiedRoot extends BatchHead {
  /** What it was signed for. */
  readonly use: BatchUse;
  /** The encoded head, 112 bytes. */
  readonly head: Uint8Array;
  /** The signature that was verified: forward this one, whatever came along with a later copy of the head. */
  readonly signature: Uint8Array;
}

/** Options of {@link BatchVerifier}. */
export interface BatchVerifierOptions {
  /** The network's fingerprint, 32 bytes: part of every context. */
  readonly netFp: Uint8Array;
  /** Checks a signature, usually {@link CryptoPool.verify}. */
  readonly verify: BatchVerify;
  /** Milliseconds, any origin, never backwards. */
  readonly now: () => number;
  /** Roots remembered, about 4 kB each; the least recently used goes first. @defaultValue 4,096 */
  readonly rootsMax?: number;
  /** How long a root is remembered. @defaultValue 600,000, the life of an envelope */
  readonly rootLifeMs?: number;
  /** Bad heads remembered for each neighbour; the oldest goes first. @defaultValue 1,024 */
  readonly negativeMax?: number;
  /** How long a bad head is remembered. @defaultValue 60,000 */
  readonly negativeLifeMs?: number;
}

/** What a verifier has seen so far. */
export interface BatchVerifierCounters {
  /** Heads found verified already. */
  readonly hits: number;
  /** Heads found bad already. */
  readonly negativeHits: number;
  /** Heads that joined a verification under way. */
  readonly joined: number;
  /** Verifications begun. */
  readonly verifications: number;
  /** Of those, bad signatures. */
  readonly bad: number;
  /** Heads refused unseen: wrong length or fields, another's id, a revoked signer. */
  readonly refused: number;
}

/** Verifications at once, waiting ones included; beyond it `CRYPTO_POOL_FULL`, so that a flood of heads holds 12 MB at most. */
const FLIGHTS_MAX = 2_048;
/** Signers remembered as revoked; the oldest is forgotten, for lasting lists belong to the guard. */
const REVOKED_MAX = 4_096;

const ROOTS_DEFAULT = 4_096;
const ROOT_LIFE_MS_DEFAULT = 600_000;
const NEGATIVES_DEFAULT = 1_024;
const NEGATIVE_LIFE_MS_DEFAULT = 60_000;
const ZERO = new Uint8Array(1);

interface RootEntry {
  readonly root: VerifiedRoot;
  readonly untilMs: number;
}

interface Flight {
  readonly verdict: Promise<boolean>;
  readonly cancel: AbortController;
  waiters: number;
}

/**
 * Checks batch heads at most once. Verified roots are found by SHA-256(context ‖ 0x00 ‖ key ‖ head): by the signer alone
 * garbage sent first would censor the genuine message, and without the context a head for one use would pass for another.
 * Failures are found by the same with the signature, kept for each neighbour, so nobody can push out what others earned.
 */
export class BatchVerifier {
  readonly #options: BatchVerifierOptions;
  readonly #netFp: Uint8Array;
  readonly #rootsMax: number;
  readonly #rootLifeMs: number;
  readonly #roots = new Map<string, RootEntry>();
  readonly #negatives: NegativeCache;
  readonly #flights = new Map<string, Flight>();
  readonly #revoked = new Set<string>();
  readonly #counters = { hits: 0, negativeHits: 0, joined: 0, verifications: 0, bad: 0, refused: 0 };

  /** Starts with empty caches. */
  constructor(options: BatchVerifierOptions) {
    batchContext('gossip', options.netFp); // Refuses a fingerprint of another length now rather than later.
    this.#options = options;
    this.#netFp = copyBytes(options.netFp);
    this.#rootsMax = options.rootsMax ?? ROOTS_DEFAULT;
    this.#rootLifeMs = options.rootLifeMs ?? ROOT_LIFE_MS_DEFAULT;
    const negativeLifeMs = options.negativeLifeMs ?? NEGATIVE_LIFE_MS_DEFAULT;
    this.#negatives = new NegativeCache(options.negativeMax ?? NEGATIVES_DEFAULT, negativeLifeMs);
  }

  /** A snapshot of what was counted. */
  get counters(): BatchVerifierCounters {
    return { ...this.#counters };
  }

  /**
   * Checks a head that a neighbour sent. Undefined when it is malformed, names another signer than the key's, comes from a
   * revoked one, or its signature is bad. A head known as good is good whatever signature came with it. Rejects only when
   * the verification itself could not be done (`CRYPTO_POOL_FULL`, a closed pool) or the signal fires: then nothing is
   * remembered.
   */
  async verifyHead(
    use: BatchUse,
    publicKey: Uint8Array,
    head: Uint8Array,
    signature: Uint8Array,
    neighbour: string,
    signal?: AbortSignal,
  ): Promise<VerifiedRoot | undefined> {
    signal?.throwIfAborted();
    const fields = this.#check(publicKey, head, signature);
    if (fields === undefined) {
      this.#counters.refused++;
      return undefined;
    }
    const subject = concatBytes(batchContext(use, this.#netFp), ZERO, publicKey, head);
    const rootKey = keyOf(subject);
    const known = this.#find(rootKey);
    if (known !== undefined) return known;
    const flightKey = keyOf(concatBytes(subject, signature));
    if (this.#negatives.has(flightKey, this.#options.now())) {
      this.#counters.negativeHits++;
      return undefined;
    }
    const [ownHead, ownSignature] = [copyBytes(head), copyBytes(signature)];
    const flight = this.#join(flightKey, use, publicKey, ownHead, ownSignature);
    if (!(await waitFor(flight, signal))) {
      this.#negatives.add(neighbour, flightKey, this.#options.now());
      return undefined;
    }
    return this.#remember(rootKey, use, ownHead, ownSignature);
  }

  /** A head already verified, found without any waiting. */
  lookup(use: BatchUse, publicKey: Uint8Array, head: Uint8Array): VerifiedRoot | undefined {
    return this.#find(keyOf(concatBytes(batchContext(use, this.#netFp), ZERO, publicKey, head)));
  }

  /** Drops all roots of a signer (a node id of 32 bytes) and refuses its heads from now on. */
  revoke(signerId: Uint8Array): void {
    const signer = keyText(signerId);
    this.#revoked.delete(signer);
    this.#revoked.add(signer);
    if (this.#revoked.size > REVOKED_MAX) deleteFirst(this.#revoked);
    for (const [key, { root }] of this.#roots) if (keyText(root.signer) === signer) this.#roots.delete(key);
  }

  #check(publicKey: Uint8Array, head: Uint8Array, signature: Uint8Array): BatchHead | undefined {
    if (publicKey.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return undefined;
    if (signature.length !== ML_DSA_65_SIGNATURE_BYTES) return undefined;
    const fields = decodeBatchHead(head);
    if (fields === undefined || !equalBytes(fields.signer, nodeIdBytesOf(publicKey))) return undefined;
    return this.#revoked.has(keyText(fields.signer)) ? undefined : fields;
  }

  #find(rootKey: string): VerifiedRoot | undefined {
    const entry = this.#roots.get(rootKey);
    if (entry === undefined) return undefined;
    this.#roots.delete(rootKey);
    if (entry.untilMs <= this.#options.now()) return undefined;
    this.#roots.set(rootKey, entry); // Now the most recently used.
    this.#counters.hits++;
    return entry.root;
  }

  #join(key: string, use: BatchUse, publicKey: Uint8Array, head: Uint8Array, signature: Uint8Array): Flight {
    const known = this.#flights.get(key);
    if (known !== undefined && !known.cancel.signal.aborted) {
      this.#counters.joined++;
      return known;
    }
    if (this.#flights.size >= FLIGHTS_MAX) {
      throw new CryptoError('CRYPTO_POOL_FULL', `${FLIGHTS_MAX} batch heads are already being verified`);
    }
    this.#counters.verifications++;
    const cancel = new AbortController();
    const context = batchContext(use, this.#netFp);
    const flight: Flight = {
      verdict: this.#options.verify(copyBytes(publicKey), head, signature, context, cancel.signal),
      cancel,
      waiters: 0,
    };
    this.#flights.set(key, flight);
    const done = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.verdict.then((isGood) => {
      if (!isGood) this.#counters.bad++;
      done();
    }, done);
    return flight;
  }

  /** The first good signature stays, so that everybody forwards the same one. */
  #remember(
    rootKey: string,
    use: BatchUse,
    head: Uint8Array,
    signature: Uint8Array,
  ): VerifiedRoot | undefined {
    const fields = decodeBatchHead(head);
    if (fields === undefined || this.#revoked.has(keyText(fields.signer))) return undefined;
    const stored = this.#roots.get(rootKey);
    if (stored !== undefined) return stored.root;
    const root: VerifiedRoot = { ...fields, use, head, signature };
    this.#roots.set(rootKey, { root, untilMs: this.#options.now() + this.#rootLifeMs });
    if (this.#roots.size > this.#rootsMax) deleteFirst(this.#roots);
    return root;
  }
}

/** Waits for a shared verification; when every waiter has given up, it is cancelled. */
async function waitFor(flight: Flight, signal: AbortSignal | undefined): Promise<boolean> {
  flight.waiters++;
  if (signal === undefined) return flight.verdict;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      flight.waiters--;
      if (flight.waiters === 0) flight.cancel.abort(signal.reason);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    const stopListening = (): void => {
      signal.removeEventListener('abort', abort);
    };
    flight.verdict.then(resolve, reject).finally(stopListening);
  });
}

function keyOf(subject: Uint8Array): string {
  return keyText(sha256(subject));
}

/** Bytes as the key of a map. */
function keyText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function deleteFirst(collection: Map<string, unknown> | Set<string>): void {
  for (const key of collection.keys()) {
    collection.delete(key);
    return;
  }
}
