import {
  copyBytes,
  decodeBatchHead,
  nodeIdBytesOf,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  type BatchUse,
  type NodeId,
  type VerifiedRoot,
} from '@yakmesh/crypto';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { LinkErrorCode, PeerFaultCode } from '../errors.js';
import { bytesKey, type Batch, type BatchMessage } from '../envelope/batch.js';
import { HopFlag } from '../envelope/hop-flags.js';
import type { Envelope } from '../envelope/envelope.js';
import { networkOf } from '../network-hash.js';
import { nodeName } from '../node-name.js';
import { BoundedMap } from '../transport/index.js';
import { knownKey, type KeyCache, type KnownKey } from './key-cache.js';
import {
  HEADS_BURST,
  KEYS_WANTED_MAX,
  KEY_WAIT_MS,
  SLOTS,
  VERIFICATION_RETRY_MS,
  REPAIR_VERIFICATIONS_MAX,
  VERIFICATIONS_MAX,
} from './link-limits.js';
import { checkMessages } from './parcel-check.js';
import { newLane, type Lane, type Slot, type Waiting } from './parcel-lanes.js';
import { decodeBlock, decodeHeadFrame, decodeSingle } from './parcel-frames.js';
import { TokenBucket } from './token-bucket.js';

/** Keys offered by the peer that have verified nothing yet. */
const KEYS_OFFERED_MAX = 64;

export interface ParcelReaderOptions {
  readonly keys: KeyCache;
  /** Networks whose envelopes we accept, our own first. */
  readonly networkHashes: readonly Uint8Array[];
  /** Head verifications that this link may cause in a second. */
  readonly headsPerSecond: number;
  /** Whether the peer may be sending what we asked it for: as many again may come of it. @default never */
  readonly isRepairing?: (() => boolean) | undefined;
  /** The replay state's word on an envelope, before anything is spent on it. */
  readonly check: (origin: NodeId, envelope: Envelope, flags: number) => PeerFaultCode | undefined;
  /** A root that was verified before, for any link. */
  readonly known: (
    use: BatchUse,
    networkHash: Uint8Array,
    key: Uint8Array,
    head: Uint8Array,
  ) => VerifiedRoot | undefined;
  readonly nowMs: number;
}

export type ParcelAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'need-key'; readonly nodeIdBytes: Uint8Array }
  | { readonly type: 'deliver'; readonly arrival: Arrival }
  | { readonly type: 'consumed'; readonly bytes: number }
  | {
      readonly type: 'fault';
      readonly code: PeerFaultCode;
      readonly count: number;
      readonly isTreeCopy?: boolean | undefined;
    }
  | { readonly type: 'close'; readonly code: LinkErrorCode };

/** Verified new messages of one batch, and the credit that the peer gets back once they are dealt with. */
export interface Arrival {
  readonly batch: Batch;
  readonly messages: readonly BatchMessage[];
  readonly isWhole: boolean;
  readonly ttl: number;
  /** `HopFlag`s, added up; unknown ones among them. */
  readonly flags: number;
  readonly chargedBytes: number;
}

/** Receives KEY, HEAD, BLOCK and ENV of one link: verifies heads, then hands over messages in the order of arrival. */
export class ParcelReader {
  readonly #options: ParcelReaderOptions;
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS);
  readonly #offered = new BoundedMap<NodeId, KnownKey>(KEYS_OFFERED_MAX);
  readonly #jobs = new Map<number, Slot>();
  readonly #live: Lane;
  readonly #repair: Lane;
  #ticket = 0;
  #retryMs = 0;

  constructor(options: ParcelReaderOptions) {
    this.#options = options;
    const { headsPerSecond, nowMs } = options;
    this.#live = newLane(new TokenBucket(headsPerSecond, HEADS_BURST, nowMs), VERIFICATIONS_MAX);
    this.#repair = newLane(new TokenBucket(headsPerSecond, HEADS_BURST, nowMs), REPAIR_VERIFICATIONS_MAX);
  }

  /** When `tick` has something to do: a key that never came, or budget for the next head. */
  get deadlineMs(): number | undefined {
    const deadlineMs = Math.min(this.#deadlineOf(this.#live), this.#deadlineOf(this.#repair));
    return deadlineMs === Infinity ? undefined : deadlineMs;
  }

  /** True when everything that came in is dealt with. */
  get isIdle(): boolean {
    return this.#live.waiting.length === 0 && this.#repair.waiting.length === 0;
  }

  key(body: Uint8Array, nowMs: number): ParcelAction[] {
    if (body.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    const key = knownKey(body.slice(), nodeIdBytesOf(body));
    this.#offered.set(key.nodeId, key);
    return this.#progress(nowMs);
  }

  head(body: Uint8Array, nowMs: number): ParcelAction[] {
    // A copy: a view would keep the whole record alive for as long as the slot is named.
    const frame = decodeHeadFrame(body.slice());
    const head = frame === undefined ? undefined : decodeBatchHead(frame.head);
    if (frame === undefined || head === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    const networkHash = networkOf(this.#options.networkHashes, frame.networkPrefix);
    const signer = nodeName(head.signer);
    const isRepair = frame.isRepair && this.#options.isRepairing?.() === true;
    const lane = isRepair ? this.#repair : this.#live;
    const slot: Slot = {
      lane,
      state: networkHash === undefined ? 'dropped' : 'wants-key',
      isKeyAsked: false,
      heldBytes: body.length,
      frame,
      head,
      signer,
      networkHash,
      key: undefined,
      batch: undefined,
      sinceMs: nowMs,
    };
    this.#slots[frame.slot] = slot;
    if (networkHash === undefined) {
      return [
        { type: 'consumed', bytes: body.length },
        { type: 'fault', code: 'PEER_UNKNOWN_NETWORK', count: 1 },
      ];
    }
    this.#findKey(slot);
    lane.unverified.push(slot);
    return this.#progress(nowMs);
  }

  block(body: Uint8Array, chargedBytes: number, nowMs: number): ParcelAction[] {
    const block = decodeBlock(compact(body));
    if (block === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    return this.#enqueue({ ...block, isBlock: true, bytes: chargedBytes }, nowMs);
  }

  single(body: Uint8Array, chargedBytes: number, nowMs: number): ParcelAction[] {
    const single = decodeSingle(compact(body));
    if (single === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    return this.#enqueue(
      { ...single, messages: [single.message], isBlock: false, bytes: chargedBytes },
      nowMs,
    );
  }

  complete(ticket: number, result: JobResult, nowMs: number): ParcelAction[] {
    const slot = this.#jobs.get(ticket);
    if (slot === undefined) return [];
    this.#jobs.delete(ticket);
    slot.lane.jobs -= 1;
    if (result.type !== 'verify-head') {
      // Nobody looked at the signature: the pool was full. It waits for its turn again.
      slot.state = 'wants-token';
      slot.lane.unverified.unshift(slot);
      this.#retryMs = nowMs + VERIFICATION_RETRY_MS;
      return [];
    }
    if (result.root === undefined) return [{ type: 'close', code: 'LINK_BAD_SIGNATURE' }];
    this.#accept(slot, result.root);
    return this.#progress(nowMs);
  }

  tick(nowMs: number): ParcelAction[] {
    return this.#progress(nowMs);
  }

  #enqueue(frame: Omit<Waiting, 'slot'> & { readonly slot: number }, nowMs: number): ParcelAction[] {
    const slot = this.#slots[frame.slot];
    if (slot === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    const { ttl, flags, messages, isBlock, bytes } = frame;
    const isRepair = slot.lane === this.#repair && (flags & HopFlag.REPAIR) !== 0;
    if (!isRepair) this.#hurry(slot);
    const lane = isRepair ? this.#repair : this.#live;
    lane.waiting.push({ slot, ttl, flags, messages, isBlock, bytes });
    return this.#progress(nowMs);
  }

  /** A live message needs this head: it goes with the live ones from now on. */
  #hurry(slot: Slot): void {
    const { lane } = slot;
    if (lane === this.#live || !lane.unverified.includes(slot)) return;
    lane.unverified = lane.unverified.filter((other) => other !== slot);
    slot.lane = this.#live;
    this.#live.unverified.push(slot);
  }

  #deadlineOf(lane: Lane): number {
    const { unverified, tokens, jobs, jobsMax } = lane;
    const [slot] = unverified;
    if (slot === undefined) return Infinity;
    if (slot.state === 'wants-key') return slot.sinceMs + KEY_WAIT_MS;
    // Where the verifications under way are the limit, their completion goes on, and no time.
    if (jobs >= jobsMax || this.#jobs.size >= VERIFICATIONS_MAX) return Infinity;
    const isSharing = lane === this.#repair && this.#live.unverified.length === 0;
    const nextMs = isSharing ? Math.min(tokens.nextMs, this.#live.tokens.nextMs) : tokens.nextMs;
    return Math.max(this.#retryMs, nextMs);
  }

  /** Starts what can be verified, then delivers what is verified, both in order. */
  #progress(nowMs: number): ParcelAction[] {
    const actions: ParcelAction[] = [];
    for (const lane of [this.#live, this.#repair]) this.#startVerifications(lane, nowMs, actions);
    this.#askForKeys(nowMs, actions);
    for (const lane of [this.#live, this.#repair]) this.#deliverVerified(lane, actions);
    return actions;
  }

  #deliverVerified(lane: Lane, actions: ParcelAction[]): void {
    let done = 0;
    for (const waiting of lane.waiting) {
      if (waiting.slot.state === 'dropped') {
        actions.push({ type: 'consumed', bytes: waiting.bytes });
      } else if (waiting.slot.state === 'valid') {
        actions.push(...this.#deliver(waiting));
      } else break;
      done += 1;
    }
    if (done > 0) lane.waiting = lane.waiting.slice(done);
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
    if (this.#live.unverified.length + this.#repair.unverified.length === 0) return;
    let asked = 0;
    for (const slot of [...this.#live.unverified, ...this.#repair.unverified]) {
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
    return lane === this.#repair && this.#live.unverified.length === 0 && this.#live.tokens.take(nowMs);
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

  #deliver(waiting: Waiting): ParcelAction[] {
    const { batch } = waiting.slot;
    if (batch === undefined) return [];
    const { ttl, flags } = waiting;
    const check = (origin: NodeId, envelope: Envelope): PeerFaultCode | undefined =>
      this.#options.check(origin, envelope, flags);
    const checked = checkMessages(batch, waiting.messages, waiting.isBlock, check);
    if (checked === undefined) return [{ type: 'close', code: 'LINK_BAD_SIGNATURE' }];
    const actions: ParcelAction[] = [];
    const isTree = batch.use === 'gossip' && (waiting.flags & (HopFlag.FLOOD | HopFlag.REPAIR)) === 0;
    for (const [code, count] of checked.faults) {
      const isTreeCopy = isTree && code === 'PEER_DUPLICATE' && count === waiting.messages.length;
      actions.push(isTreeCopy ? { type: 'fault', code, count, isTreeCopy } : { type: 'fault', code, count });
    }
    const { messages } = checked;
    if (messages.length === 0) return [...actions, { type: 'consumed', bytes: waiting.bytes }];
    const isWhole = waiting.isBlock && messages.length === waiting.messages.length;
    const arrival = { batch, messages, isWhole, ttl, flags, chargedBytes: waiting.bytes };
    return [...actions, { type: 'deliver', arrival }];
  }
}

/** The bytes themselves, or a copy where the view would keep a much larger record alive for as long as a message waits. */
function compact(body: Uint8Array): Uint8Array {
  return 2 * body.length < body.buffer.byteLength ? copyBytes(body) : body;
}
