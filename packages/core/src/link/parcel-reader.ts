import {
  copyBytes,
  decodeBatchHead,
  nodeIdBytesOf,
  ML_DSA_65_PUBLIC_KEY_BYTES,
  type NodeId,
} from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { PeerFaultCode } from '../errors.js';
import { HopFlag } from '../envelope/hop-flags.js';
import type { Envelope } from '../envelope/envelope.js';
import { networkOf } from '../network-hash.js';
import { nodeName } from '../node-name.js';
import { HeadVerifier, type HeadVerifierOptions } from './head-verifier.js';
import { knownKey } from './key-cache.js';
import { SLOTS } from './link-limits.js';
import type { ParcelAction } from './parcel-actions.js';
import { checkMessages } from './parcel-check.js';
import type { Lane, Slot, Waiting } from './parcel-lanes.js';
import { decodeBlock, decodeHeadFrame, decodeSingle } from './parcel-frames.js';

export interface ParcelReaderOptions extends HeadVerifierOptions {
  /** Networks whose envelopes we accept, our own first. */
  readonly networkHashes: readonly Uint8Array[];
  /** Whether the peer may be sending what we asked it for: as many again may come of it. @default never */
  readonly isRepairing?: (() => boolean) | undefined;
  /** The replay state's word on an envelope, before anything is spent on it. */
  readonly check: (origin: NodeId, envelope: Envelope, flags: number) => PeerFaultCode | undefined;
}

/** Receives KEY, HEAD, BLOCK and ENV of one link: verifies heads, then hands over messages in the order of arrival. */
export class ParcelReader {
  readonly #options: ParcelReaderOptions;
  readonly #slots: (Slot | undefined)[] = new Array<Slot | undefined>(SLOTS);
  readonly #verifier: HeadVerifier;

  constructor(options: ParcelReaderOptions) {
    this.#options = options;
    this.#verifier = new HeadVerifier(options);
  }

  /** When `tick` has something to do: a key that never came, or budget for the next head. */
  get deadlineMs(): number | undefined {
    return this.#verifier.deadlineMs;
  }

  /** True when everything that came in is dealt with. */
  get isIdle(): boolean {
    const { live, repair } = this.#verifier;
    return live.waiting.length === 0 && repair.waiting.length === 0;
  }

  key(body: Uint8Array, nowMs: number): ParcelAction[] {
    if (body.length !== ML_DSA_65_PUBLIC_KEY_BYTES) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    this.#verifier.offer(knownKey(body.slice(), nodeIdBytesOf(body)));
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
    const lane = isRepair ? this.#verifier.repair : this.#verifier.live;
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
    this.#verifier.add(slot);
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
    const completed = this.#verifier.complete(ticket, result, nowMs);
    if (completed === 'wrong') return [{ type: 'close', code: 'LINK_BAD_SIGNATURE' }];
    return completed === 'verified' ? this.#progress(nowMs) : [];
  }

  tick(nowMs: number): ParcelAction[] {
    return this.#progress(nowMs);
  }

  #enqueue(frame: Omit<Waiting, 'slot'> & { readonly slot: number }, nowMs: number): ParcelAction[] {
    const slot = this.#slots[frame.slot];
    if (slot === undefined) return [{ type: 'close', code: 'LINK_BAD_FRAME' }];
    const { ttl, flags, messages, isBlock, bytes } = frame;
    const { live, repair } = this.#verifier;
    const isRepair = slot.lane === repair && (flags & HopFlag.REPAIR) !== 0;
    if (!isRepair) this.#verifier.hurry(slot);
    const lane = isRepair ? repair : live;
    lane.waiting.push({ slot, ttl, flags, messages, isBlock, bytes });
    return this.#progress(nowMs);
  }

  /** Starts what can be verified, then delivers what is verified, both in order. */
  #progress(nowMs: number): ParcelAction[] {
    const { live, repair } = this.#verifier;
    const actions = this.#verifier.progress(nowMs);
    for (const lane of [live, repair]) this.#deliverVerified(lane, actions);
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
