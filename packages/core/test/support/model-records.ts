import { encodeBatchHead, encodeNodeId, sha256, utf8ToBytes, type NodeId } from '@yakmesh/crypto';
import { encodeEnvelope, EnvelopeClass } from '../../src/envelope/envelope.js';
import { networkPrefix } from '../../src/network-hash.js';
import type { ReceivedRecord } from '../../src/sync/neighbour-actions.js';
import { encodeRecordPayload, type RecordFields } from '../../src/sync/record.js';
import { readReceived, SYNC_PROTOCOL, type ReadRecord } from '../../src/sync/record-proof.js';

/** Records whose signatures and keys are a model: of the true sizes, and worth nothing. */
export const MODEL_NETWORK = sha256(utf8ToBytes('model'));
const EMPTY = new Uint8Array(0);

export interface ModelAuthor {
  readonly id: NodeId;
  readonly idBytes: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function modelAuthor(name: string): ModelAuthor {
  const idBytes = sha256(utf8ToBytes(name));
  return { idBytes, id: encodeNodeId(idBytes), publicKey: new Uint8Array(1_952).fill(idBytes[0] ?? 0) };
}

/** A record as its author's neighbours get it. A batch of the same number is the same batch. */
export function modelRecord(author: ModelAuthor, fields: RecordFields, batch: number, depth = 0): ReadRecord {
  const read = readReceived(receivedRecord(author, fields, batch, depth), [MODEL_NETWORK]);
  if (typeof read === 'string') throw new Error(`the model made a bad record: ${read}`);
  return read;
}

export function receivedRecord(
  author: ModelAuthor,
  fields: RecordFields,
  batch: number,
  depth = 0,
): ReceivedRecord {
  const batchId = sha256(utf8ToBytes(`${author.id}/${batch}`));
  const timeMs = fields.version.timeMs;
  const head = encodeBatchHead({
    depth,
    count: 2 ** depth,
    signer: author.idBytes,
    timeMs: 0,
    batchId,
    root: batchId,
  });
  const core = encodeEnvelope({
    class: EnvelopeClass.BROADCAST,
    priority: 0,
    protocol: SYNC_PROTOCOL,
    to: new Uint8Array(32),
    epoch: 1,
    sequence: 1,
    timeMs,
    lifeSeconds: 600,
    payload: encodeRecordPayload(fields),
  });
  return {
    index: 0,
    salt: batchId.subarray(0, 16),
    path: depth === 0 ? EMPTY : new Uint8Array(32 * depth).fill(1),
    core,
    head: {
      publicKey: author.publicKey,
      networkPrefix: networkPrefix(MODEL_NETWORK),
      head,
      signature: new Uint8Array(3_309).fill(7),
    },
  };
}
