import { bytesKey, type BatchUse, type NodeId, type VerifiedRoot } from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import { BoundedMap } from '../transport/index.js';
import type { KeyCache, KnownKey } from './key-cache.js';
import {
  HEADS_BURST,
  KEYS_WANTED_MAX,
  KEY_WAIT_MS,
  REPAIR_VERIFICATIONS_MAX,
  VERIFICATION_RETRY_MS,
  VERIFICATIONS_MAX,
} from './link-limits.js';
import type { ParcelAction } from './parcel-actions.js';
import { newLane, type Lane, type Slot } from './parcel-lanes.js';
import { TokenBucket } from './token-bucket.js';

/** Keys offered by the peer that have verified nothing yet. */
const KEYS_OFFERED_MAX = 64;

export interface HeadVerifierOptions {
  readonly keys: KeyCache;
  /** Head verifications that this link may cause in a second. */
  readonly headsPerSecond: number;
  /** A root that was verified before, for any link. */
  readonly known: (
    use: BatchUse,
    networkHash: Uint8Array,
    key: Uint8Array,
    head: Uint8Array,
  ) => VerifiedRoot | undefined;
  readonly nowMs: number;
}

/** Verifies the heads of one link's batches, each lane in order and within its budget, and asks for the keys that are missing. */
export class HeadVerifier {
  readonly live: Lane;
  readonly repair: Lane;
  readonly #options: HeadVerifierOptions;
  readonly #offered = new BoundedMap<NodeId, KnownKey>(KEYS_OFFERED_MAX);
  readonly #jobs = new Map<number, Slot>();
  #ticket = 0;
  #retryMs = 0;

  constructor(options: HeadVerifierOptions) {
    this.#options = options;
    const { headsPerSecond, nowMs } = options;
    this.live = newLane(new TokenBucket(headsPerSecond, HEADS_BURST, nowMs), VERIFICATIONS_MAX);
    this.repair = newLane(new TokenBucket(headsPerSecond, HEADS_BURST, nowMs), REPAIR_VERIFICATIONS_MAX);
  }

  /** When `progress` has something to do: a key that never came, or budget for the next head. */
  get deadlineMs(): number | undefined {
    const deadlineMs = Math.min(this.#deadlineOf(this.live), this.#deadlineOf(this.repair));
    return deadlineMs === Infinity ? undefined : deadlineMs;
  }

  /** The peer has sent a key, perhaps one that was asked for. */
  offer(key: KnownKey): void {
    this.#offered.set(key.nodeId, key);
  }

  add(slot: Slot): void {
    this.#findKey(slot);
    slot.lane.unverified.push(slot);
  }

  /** A live message needs this head: it goes with the live ones from now on. */
  hurry(slot: Slot): void {
    const { lane } = slot;
    if (lane === this.live || !lane.unverified.includes(slot)) return;
    lane.unverified = lane.unverified.filter((other) => other !== slot);
    slot.lane = this.live;
    this.live.unverified.push(slot);
  }

  /** A verification has come to its end, or must be tried again. */
  complete(ticket: number, result: JobResult, nowMs: number): 'verified' | 'wrong' | 'later' {
    const slot = this.#jobs.get(ticket);
    if (slot === undefined) return 'later';
    this.#jobs.delete(ticket);
    slot.lane.jobs -= 1;
    if (result.type !== 'verify-head') {
      // Nobody looked at the signature: the pool was full. It waits for its turn again.
      slot.state = 'wants-token';
      slot.lane.unverified.unshift(slot);
      this.#retryMs = nowMs + VERIFICATION_RETRY_MS;
      return 'later';
    }
    if (result.root === undefined) return 'wrong';
    this.#accept(slot, result.root);
    return 'verified';
  }

  /** Starts what can be verified, in order, and asks for keys. */
  progress(nowMs: number): ParcelAction[] {
    const actions: ParcelAction[] = [];
    for (const lane of [this.live, this.repair]) this.#startVerifications(lane, nowMs, actions);
    this.#askForKeys(nowMs, actions);
    return actions;
  }

  #deadlineOf(lane: Lane): number {
    const { unverified, tokens, jobs, jobsMax } = lane;
    const [slot] = unverified;
    if (slot === undefined) return Infinity;
    if (slot.state === 'wants-key') return slot.sinceMs + KEY_WAIT_MS;
    // Where the verifications under way are the limit, their completion goes on, and no time.
    if (jobs >= jobsMax || this.#jobs.size >= VERIFICATIONS_MAX) return Infinity;
    const isSharing = lane === this.repair && this.live.unverified.length === 0;
    const nextMs = isSharing ? Math.min(tokens.nextMs, this.live.tokens.nextMs) : tokens.nextMs;
    return Math.max(this.#retryMs, nextMs);
  }

  #startVerifications(lane: Lane, nowMs: number, actions: ParcelAction[]): void {
    if (lane.unverified.length === 0) return;
    const still: Slot[] = [];
    for (const slot of lane.unverified) {
      const action = still.length > 0 ? undefined : this.#startVerification(slot, nowMs);
      if (action !== undefined) actions.push(action);
      if (slot.state === 'wants-key' || slot.state === 'wants-token') still.push(slot);
      else if (slot.heldBytes > 0) {
        actions.push({ type: 'consumed', bytes: slot.heldBytes });
        slot.heldBytes = 0;
      }
    }
    lane.unverified = still;
  }

  /** Asks for the keys of the first slots that have none; the others' turn comes when these are answered or given up. */
  #askForKeys(nowMs: number, actions: ParcelAction[]): void {
    if (this.live.unverified.length + this.repair.unverified.length === 0) return;
    let asked = 0;
    for (const slot of [...this.live.unverified, ...this.repair.unverified]) {
      if (asked === KEYS_WANTED_MAX) return;
      if (this.#findKey(slot) !== undefined) continue;
      asked += 1;
      if (slot.isKeyAsked) continue;
      slot.isKeyAsked = true;
      slot.sinceMs = nowMs;
      actions.push({ type: 'need-key', nodeIdBytes: slot.head.signer });
    }
  }

  #startVerification(slot: Slot, nowMs: number): ParcelAction | undefined {
    const key = this.#findKey(slot);
    if (key === undefined || slot.networkHash === undefined) {
      if (nowMs < slot.sinceMs + KEY_WAIT_MS) return undefined;
      slot.state = 'dropped';
      return { type: 'fault', code: 'PEER_BAD_ENVELOPE', count: 1 };
    }
    const { use, head, signature } = slot.frame;
    // Looked up once: a slot that waits for its turn finds what others verified meanwhile when it comes.
    const isNew = slot.state === 'wants-key';
    const root = isNew ? this.#options.known(use, slot.networkHash, key.publicKey, head) : undefined;
    if (root !== undefined) {
      this.#accept(slot, root);
      return undefined;
    }
    slot.state = 'wants-token';
    const { lane } = slot;
    const isFull = this.#jobs.size >= VERIFICATIONS_MAX || lane.jobs >= lane.jobsMax;
    if (isFull || nowMs < this.#retryMs || !this.#takeToken(lane, nowMs)) return undefined;
    slot.state = 'verifying';
    lane.jobs += 1;
    this.#ticket += 1;
    this.#jobs.set(this.#ticket, slot);
    const job = {
      type: 'verify-head',
      use,
      publicKey: key.publicKey,
      head,
      signature,
      networkHash: slot.networkHash,
    } as const;
    return { type: 'job', ticket: this.#ticket, job };
  }

  /** What live heads leave of their budget goes to the repairs too: together they may use 60 % of a core. */
  #takeToken(lane: Lane, nowMs: number): boolean {
    if (lane.tokens.take(nowMs)) return true;
    return lane === this.repair && this.live.unverified.length === 0 && this.live.tokens.take(nowMs);
  }

  #findKey(slot: Slot): KnownKey | undefined {
    slot.key ??= this.#options.keys.get(slot.signer) ?? this.#offered.get(slot.signer);
    return slot.key;
  }

  #accept(slot: Slot, root: VerifiedRoot): void {
    if (slot.key === undefined || slot.networkHash === undefined) return;
    this.#options.keys.add(slot.key);
    slot.state = 'valid';
    slot.batch = {
      use: slot.frame.use,
      networkHash: slot.networkHash,
      publicKey: slot.key.publicKey,
      origin: slot.key.nodeId,
      originBytes: slot.key.nodeIdBytes,
      headBytes: slot.frame.head,
      head: slot.head,
      signature: root.signature,
      key: bytesKey(slot.head.batchId),
      tree: undefined,
    };
  }
}
