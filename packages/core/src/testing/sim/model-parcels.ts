import type { NodeId, VerifiedRoot } from '@yakmesh/crypto';
import { leafMessage, messageId } from '../../envelope/envelope.js';
import { HopFlag } from '../../envelope/hop-flags.js';
import type { CryptoJob, CryptoJobs, JobResult } from '../../crypto-job.js';
import type { BatchMessage, Parcel } from '../../envelope/batch.js';
import type { PeerFaultCode } from '../../errors.js';
import type { KnownKey } from '../../link/key-cache.js';
import { HEADS_BURST, VERIFICATION_RETRY_MS, VERIFICATIONS_MAX } from '../../link/link-limits.js';
import type { ParcelAction } from '../../link/parcel-actions.js';
import type { ParcelReaderOptions } from '../../link/parcel-reader.js';
import { TokenBucket } from '../../link/token-bucket.js';
import { FRAME_HEADER_BYTES } from '../../record/frames.js';
import type { ModelPool } from './model-pool.js';
import { isBlock, parcelWireBytes, singleWireBytes } from './model-sizes.js';

/** A head to verify, by the name of its batch, and what a good one proves. */
type ModelHeadJob = Extract<CryptoJob, { type: 'verify-head' }> & {
  readonly batchKey: string;
  readonly root: VerifiedRoot;
};

interface Waiting {
  readonly parcel: Parcel;
  /** Credit that its head holds until its verification starts. */
  headBytes: number;
  /** Whether its head came with it: then its key becomes known with it. */
  readonly hasHead: boolean;
  isValid: boolean;
}

/** Keys as the node's cache wants them, made once for each origin. */
const knownKeys = new WeakMap<Uint8Array, KnownKey>();

/** Does what a node's jobs do, except that heads are verified by the model. */
export function modelJobs(jobs: CryptoJobs, pool: ModelPool): CryptoJobs {
  return async (job, signal) => {
    if (!isModelHead(job)) return jobs(job, signal);
    const isGood = await pool.verifyHead(job.batchKey, job);
    return { type: 'verify-head', root: isGood ? job.root : undefined };
  };
}

/**
 * Parcels of one link as they come in: heads are verified within the link's budget, duplicates are told from new messages, and
 * all is handed over in the order of arrival, as the real reader does. Membership in the batch is not proven again.
 */
export class ModelParcels {
  readonly #options: ParcelReaderOptions;
  readonly #pool: ModelPool;
  readonly #tokens: TokenBucket;
  readonly #verifying = new Map<number, string>();
  #waiting: Waiting[] = [];
  #ticket = 0;
  #retryMs = 0;

  constructor(options: ParcelReaderOptions, pool: ModelPool) {
    this.#options = options;
    this.#pool = pool;
    this.#tokens = new TokenBucket(options.headsPerSecond, HEADS_BURST, options.nowMs);
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** When budget for the next head is there. */
  get deadlineMs(): number | undefined {
    const isStuck = this.#waiting.length === 0 || this.#verifying.size > 0;
    return isStuck ? undefined : Math.max(this.#retryMs, this.#tokens.nextMs);
  }

  receive(parcel: Parcel, headBytes: number, nowMs: number): ParcelAction[] {
    this.#waiting.push({ parcel, headBytes, hasHead: headBytes > 0, isValid: false });
    const actions = this.tick(nowMs);
    if (headBytes > 0) actions.push({ type: 'consumed', bytes: FRAME_HEADER_BYTES });
    return actions;
  }

  complete(ticket: number, result: JobResult, nowMs: number): ParcelAction[] {
    if (!this.#verifying.delete(ticket)) return [];
    if (result.type !== 'verify-head') this.#retryMs = nowMs + VERIFICATION_RETRY_MS;
    else if (result.root === undefined) return [{ type: 'close', code: 'LINK_BAD_SIGNATURE' }];
    return this.tick(nowMs);
  }

  tick(nowMs: number): ParcelAction[] {
    const actions: ParcelAction[] = [];
    if (this.#waiting.length === 0) return actions;
    for (const waiting of this.#waiting) {
      if (!waiting.isValid && !this.#verified(waiting, nowMs, actions)) break;
    }
    let done = 0;
    for (const waiting of this.#waiting) {
      if (!waiting.isValid) break;
      if (waiting.hasHead) this.#options.keys.add(knownKeyOf(waiting.parcel));
      this.#deliver(waiting.parcel, actions);
      done += 1;
    }
    if (done > 0) this.#waiting = this.#waiting.slice(done);
    return actions;
  }

  /** Finds out, or starts to; false where no further one may be started now. */
  #verified(waiting: Waiting, nowMs: number, actions: ParcelAction[]): boolean {
    const { batch } = waiting.parcel;
    waiting.isValid = this.#pool.knows(batch.key);
    if (!waiting.isValid && !this.#start(waiting.parcel, nowMs, actions)) return false;
    if (waiting.headBytes > 0)
      actions.push({ type: 'consumed', bytes: waiting.headBytes - FRAME_HEADER_BYTES });
    waiting.headBytes = 0;
    return true;
  }

  #start({ batch }: Parcel, nowMs: number, actions: ParcelAction[]): boolean {
    for (const key of this.#verifying.values()) if (key === batch.key) return true;
    if (this.#verifying.size >= VERIFICATIONS_MAX || nowMs < this.#retryMs) return false;
    if (!this.#tokens.take(nowMs)) return false;
    this.#ticket += 1;
    this.#verifying.set(this.#ticket, batch.key);
    const { use, publicKey, headBytes: head, signature, networkHash } = batch;
    const job: ModelHeadJob = {
      type: 'verify-head',
      use,
      publicKey,
      head,
      signature,
      networkHash,
      batchKey: batch.key,
      root: { ...batch.head, use, head, signature },
    };
    actions.push({ type: 'job', ticket: this.#ticket, job });
    return true;
  }

  /** A block is one arrival, of the new among its messages; of single messages each is one. */
  #deliver(parcel: Parcel, actions: ParcelAction[]): void {
    if (isBlock(parcel)) return this.#arrive(parcel, parcel.messages, parcelWireBytes(parcel), actions);
    for (const message of parcel.messages)
      this.#arrive(parcel, [message], singleWireBytes(parcel, message.core.length), actions);
  }

  #arrive(
    parcel: Parcel,
    wire: readonly BatchMessage[],
    chargedBytes: number,
    actions: ParcelAction[],
  ): void {
    const { flags = 0 } = parcel;
    const faults = new Map<PeerFaultCode, number>();
    const messages = wire.filter((message) => {
      const fault = this.#options.check(parcel.batch.origin, message.envelope, flags);
      if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
      return fault === undefined;
    });
    const isTree = parcel.batch.use === 'gossip' && (flags & (HopFlag.FLOOD | HopFlag.REPAIR)) === 0;
    for (const [code, count] of faults) {
      const isTreeCopy = isTree && code === 'PEER_DUPLICATE' && count === wire.length;
      actions.push(isTreeCopy ? { type: 'fault', code, count, isTreeCopy } : { type: 'fault', code, count });
    }
    if (messages.length === 0) actions.push({ type: 'consumed', bytes: chargedBytes });
    else {
      // Whatever else the hop header says is spread along, under the names that it has in a parcel.
      const isWhole = isBlock(parcel) && messages.length === parcel.messages.length;
      actions.push({
        type: 'deliver',
        arrival: {
          ...parcel,
          flags,
          messages: messages.map((message) => identified(parcel, message)),
          isWhole,
          chargedBytes,
        },
      });
    }
  }
}

/** What is kept for repairs has no ids: a receiver computes them. */
function identified({ batch }: Parcel, message: BatchMessage): BatchMessage {
  if (message.id.length > 0) return message;
  return { ...message, id: messageId(leafMessage(batch.networkHash, batch.originBytes, message.core)) };
}

function isModelHead(job: CryptoJob): job is ModelHeadJob {
  return job.type === 'verify-head' && 'batchKey' in job;
}

function knownKeyOf({ batch }: Parcel): KnownKey {
  const known = knownKeys.get(batch.publicKey);
  if (known !== undefined) return known;
  const nodeId: NodeId = batch.origin;
  const key = { nodeId, nodeIdBytes: batch.originBytes, publicKey: batch.publicKey };
  knownKeys.set(batch.publicKey, key);
  return key;
}
