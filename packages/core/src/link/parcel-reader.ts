import {
  copyBytes,
  decodeBatchHead,
  encodeNodeId,
  nodeIdBytesOf,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  type BatchHead,
  type BatchUse,
  type NodeId,
  type VerifiedRoot,
} from '@yakmesh/crypto';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { LinkErrorCode, PeerFaultCode } from '../errors.js';
import { bytesKey, type Batch, type BatchMessage } from '../envelope/batch.js';
import type { Envelope } from '../envelope/envelope.js';
import { networkOf } from '../network-hash.js';
import { BoundedMap } from '../transport/index.js';
import { knownKey, type KeyCache, type KnownKey } from './key-cache.js';
import {
  HEADS_BURST,
  KEYS_WANTED_MAX,
  KEY_WAIT_MS,
  SLOTS,
  VERIFICATION_RETRY_MS,
  VERIFICATIONS_MAX,
} from './link-limits.js';
import { checkMessages } from './parcel-check.js';
import {
  decodeBlock,
  decodeHeadFrame,
  decodeSingle,
  type HeadFrame,
  type WireMessage,
} from './parcel-frames.js';
import { TokenBucket } from './token-bucket.js';

/** Keys offered by the peer that have verified nothing yet. */
const KEYS_OFFERED_MAX = 64;

export interface ParcelReaderOptions {
  readonly keys: KeyCache;
  /** Networks whose envelopes we accept, our own first. */
  readonly networkHashes: readonly Uint8Array[];
  /** Head verifications that this link may cause in a second. */
  readonly headsPerSecond: number;
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
  | { readonly type: 'fault'; readonly code: PeerFaultCode; readonly count: number }
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

interface Slot {
  state: 'wants-key' | 'wants-token' | 'verifying' | 'valid' | 'dropped';
  isKeyAsked: boolean;
  /** Credit that its frame holds until the verification starts: a flood of heads ends with the window. */
  heldBytes: number;
  readonly frame: HeadFrame;
  readonly head: BatchHead;
  readonly signer: NodeId;
  readonly networkHash: Uint8Array | undefined;
  key: KnownKey | undefined;
  batch: Batch | undefined;
  /** When its key was asked for. */
  sinceMs: number;
}

interface Waiting {
  readonly slot: Slot;
  readonly ttl: number;
  readonly flags: number;
  readonly messages: readonly WireMessage[];
  readonly isBlock: boolean;
  readonly bytes: number;
}

/** Receives KEY, HEAD, BLOCK and ENV of one link: verifies heads, then hands over messages in the order of arrival. */
export class ParcelReader {
  readonly #options: ParcelReaderOptions;
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS);
  readonly #offered = new BoundedMap<NodeId, KnownKey>(KEYS_OFFERED_MAX);
  readonly #jobs = new Map<number, Slot>();
  readonly #tokens: TokenBucket;
  #unverified: Slot[] = [];
  #waiting: Waiting[] = [];
  #ticket = 0;
  #retryMs = 0;

  constructor(options: ParcelReaderOptions) {
    this.#options = options;
    this.#tokens = new TokenBucket(options.headsPerSecond, HEADS_BURST, options.nowMs);
  }

  /** When `tick` has something to do: a key that never came, or budget for the next head. */
  get deadlineMs(): number | undefined {
    const [slot] = this.#unverified;
    if (slot === undefined) return undefined;
    if (slot.state === 'wants-key') return slot.sinceMs + KEY_WAIT_MS;
    // Where the verifications under way are the limit, their completion goes on, and no time.
    return this.#jobs.size >= VERIFICATIONS_MAX ? undefined : Math.max(this.#retryMs, this.#tokens.nextMs);
  }

  /** True when everything that came in is dealt with. */
  get isIdle(): boolean {
    return this.#waiting.length === 0;
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
    const signer = encodeNodeId(head.signer);
    const slot: Slot = {
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
    this.#unverified.push(slot);
    return this.#progress(nowMs);
  }

  block(body: Uint8Array, chargedBytes: number, nowMs: number): ParcelAction[] {
    const block = decodeBlock(compact(body));
    if (block === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    return this.#enqueue(block, block.messages, true, chargedBytes, nowMs);
  }

  single(body: Uint8Array, chargedBytes: number, nowMs: number): ParcelAction[] {
    const single = decodeSingle(compact(body));
    if (single === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    return this.#enqueue(single, [single.message], false, chargedBytes, nowMs);
  }

  complete(ticket: number, result: JobResult, nowMs: number): ParcelAction[] {
    const slot = this.#jobs.get(ticket);
    if (slot === undefined) return [];
    this.#jobs.delete(ticket);
    if (result.type !== 'verify-head') {
      // Nobody looked at the signature: the pool was full. It waits for its turn again.
      slot.state = 'wants-token';
      this.#unverified.unshift(slot);
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

  #enqueue(
    hop: { readonly slot: number; readonly ttl: number; readonly flags: number },
    messages: readonly WireMessage[],
    isBlock: boolean,
    bytes: number,
    nowMs: number,
  ): ParcelAction[] {
    const { ttl, flags } = hop;
    const slot = this.#slots[hop.slot];
    if (slot === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    this.#waiting.push({ slot, ttl, flags, messages, isBlock, bytes });
    return this.#progress(nowMs);
  }

  /** Starts what can be verified, then delivers what is verified, both in order. */
  #progress(nowMs: number): ParcelAction[] {
    const actions: ParcelAction[] = [];
    this.#startVerifications(nowMs, actions);
    let done = 0;
    for (const waiting of this.#waiting) {
      if (waiting.slot.state === 'dropped') {
        actions.push({ type: 'consumed', bytes: waiting.bytes });
      } else if (waiting.slot.state === 'valid') {
        actions.push(...this.#deliver(waiting));
      } else break;
      done += 1;
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
    return actions;
  }

  #startVerifications(nowMs: number, actions: ParcelAction[]): void {
    const still: Slot[] = [];
    for (const slot of this.#unverified) {
      const action = still.length > 0 ? undefined : this.#startVerification(slot, nowMs);
      if (action !== undefined) actions.push(action);
      if (slot.state === 'wants-key' || slot.state === 'wants-token') still.push(slot);
      else if (slot.heldBytes > 0) {
        actions.push({ type: 'consumed', bytes: slot.heldBytes });
        slot.heldBytes = 0;
      }
    }
    this.#unverified = still;
    this.#askForKeys(nowMs, actions);
  }

  /** Asks for the keys of the first slots that have none; the others' turn comes when these are answered or given up. */
  #askForKeys(nowMs: number, actions: ParcelAction[]): void {
    let asked = 0;
    for (const slot of this.#unverified) {
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
    if (this.#jobs.size >= VERIFICATIONS_MAX || nowMs < this.#retryMs) return undefined;
    if (!this.#tokens.take(nowMs)) return undefined;
    slot.state = 'verifying';
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
    for (const [code, count] of checked.faults) actions.push({ type: 'fault', code, count });
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
