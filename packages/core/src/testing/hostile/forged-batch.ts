import {
  batchContext,
  encodeBatchHead,
  leafHash,
  merkleRoot,
  padLeaves,
  SHORT_SALT_BYTES,
  bytesKey,
  type BatchHead,
  type BatchUse,
} from '@yakmesh/crypto';
import { Tree, type Batch, type BatchMessage } from '../../envelope/batch.js';
import {
  encodeEnvelope,
  EnvelopeClass,
  leafMessage,
  messageId,
  type Envelope,
} from '../../envelope/envelope.js';
import { encodePayload } from '../../envelope/payload.js';
import { encodeBlock, encodeHeadFrame, encodeSingle } from '../../link/parcel-frames.js';
import { encodeFrame, FrameKind } from '../../record/frames.js';
import { systemRandom, TTL_MAX } from '../../transport/index.js';
import type { Party } from './parties.js';
import { worldPool } from './shared-pool.js';

/** Every origin of the suite has started now. */
const EPOCH_MS = Date.now();
const LIFE_SECONDS = 600;

/** What an envelope says, true but for what is given. `body` is encoded as the payload. */
export type EnvelopeLies = Partial<Envelope> & { readonly body?: unknown };

/** What a batch says, true but for what is given. */
export interface BatchLies {
  readonly use?: BatchUse | undefined;
  readonly head?: Partial<BatchHead> | undefined;
}

/** A broadcast of the facade's protocol, sequence number 0. */
export function envelopeOf({ body = 'hostile', ...lies }: EnvelopeLies): Envelope {
  return {
    class: EnvelopeClass.BROADCAST,
    priority: 0,
    protocol: 'yakmesh/1',
    to: new Uint8Array(32),
    epoch: EPOCH_MS,
    sequence: 0,
    timeMs: Date.now(),
    lifeSeconds: LIFE_SECONDS,
    payload: lies.payload ?? encodePayload(body),
    ...lies,
  };
}

/** A batch that its origin truly signed, and the frames that carry it. */
export class ForgedBatch {
  readonly batch: Batch;
  readonly messages: readonly BatchMessage[];

  constructor(batch: Batch, messages: readonly BatchMessage[]) {
    this.batch = batch;
    this.messages = messages;
  }

  /** The KEY frame. */
  get key(): Uint8Array {
    return encodeFrame(FrameKind.KEY, this.batch.publicKey);
  }

  /** The HEAD frame, with another signature if one is given. */
  head(slot = 0, signature: Uint8Array = this.batch.signature): Uint8Array {
    return encodeHeadFrame(slot, { ...this.batch, signature });
  }

  /** The whole batch as one BLOCK. */
  block(slot = 0, ttl = TTL_MAX): Uint8Array {
    return encodeBlock(slot, ttl, this.messages);
  }

  /** One message as ENV, altered if asked for. */
  single(index: number, slot = 0, ttl = TTL_MAX, lies: Partial<BatchMessage> = {}): Uint8Array {
    const message = this.messages[index];
    if (message === undefined) throw new RangeError(`there is no message ${index}`);
    return encodeSingle(slot, ttl, this.batch, { ...message, ...lies });
  }

  /** All frames that a neighbour needs, as single messages. */
  frames(slot = 0, ttl = TTL_MAX): Uint8Array[] {
    return [this.key, this.head(slot), ...this.messages.map((_, index) => this.single(index, slot, ttl))];
  }
}

/** Signs envelopes as their origin would. */
export async function forgeBatch(
  origin: Party,
  network: Uint8Array,
  envelopes: readonly EnvelopeLies[],
  lies: BatchLies = {},
): Promise<ForgedBatch> {
  const { nodeId, nodeIdBytes, publicKey } = origin.self;
  const use = lies.use ?? 'gossip';
  const batchId = systemRandom.bytes(32);
  const parts = envelopes.map((given) => {
    const envelope = envelopeOf(given);
    const core = encodeEnvelope(envelope);
    return {
      envelope,
      core,
      salt: systemRandom.bytes(SHORT_SALT_BYTES),
      message: leafMessage(network, nodeIdBytes, core),
    };
  });
  const leaves = padLeaves(
    batchId,
    parts.map(({ salt, message }, index) => leafHash(batchId, index, salt, message)),
  );
  const head = {
    depth: Math.log2(leaves.length),
    count: leaves.length,
    signer: nodeIdBytes,
    timeMs: Date.now(),
    batchId,
    root: merkleRoot(batchId, leaves),
    ...lies.head,
  };
  const headBytes = encodeBatchHead(head);
  const context = batchContext(use, network);
  const batch: Batch = {
    use,
    networkHash: network,
    publicKey,
    origin: nodeId,
    originBytes: nodeIdBytes,
    headBytes,
    head,
    signature: await worldPool.sign(origin.identity, headBytes, { context }),
    key: bytesKey(batchId),
    tree: new Tree(batchId, leaves),
  };
  const messages = parts.map(({ envelope, core, salt, message }, index) => ({
    index,
    salt,
    core,
    envelope,
    id: messageId(message),
    path: undefined,
  }));
  return new ForgedBatch(batch, messages);
}
