import {
  bytesKey,
  bytesToHex,
  concatBytes,
  copyBytes,
  decodeBatchHead,
  sha256,
  type BatchHead,
} from '@yakmesh/crypto';
import type { Batch, BatchMessage } from '../envelope/batch.js';
import { decodeEnvelope, EnvelopeClass, leafMessage, messageId } from '../envelope/envelope.js';
import { checkMessages } from '../link/parcel-check.js';
import { networkOf, networkPrefix } from '../network-hash.js';
import { nodeName } from '../node-name.js';
import type { RecordFaultCode } from './errors.js';
import type { ProvenHead, ProvenRecord, ReceivedHead, ReceivedRecord } from './neighbour-actions.js';
import { chunksOf, decodeRecordPayload, type RecordFields, type RecordMeta } from './record.js';
import type { LoadedRecord } from './record-store.js';
import { HEAD_KEY_BYTES, storedBytes } from './stored-records.js';
import type { StreamRecord } from './stream-messages.js';

/** The protocol of records: whose broadcasts are records, and whose link frames reconcile them. */
export const SYNC_PROTOCOL = 'sync/1';

/** A record that can be read; whether its proof holds is another question. */
export interface ReadRecord {
  readonly record: ProvenRecord;
  readonly fields: RecordFields;
  readonly meta: RecordMeta;
}

/** Reads what a neighbour sent, nothing verified. */
export function readReceived(
  received: ReceivedRecord,
  networkHashes: readonly Uint8Array[],
): ReadRecord | RecordFaultCode {
  const { head } = received;
  const networkHash = networkOf(networkHashes, head.networkPrefix);
  if (networkHash === undefined) return 'SYNC_UNKNOWN_NETWORK';
  const decoded = decodeBatchHead(head.head);
  if (decoded === undefined) return 'SYNC_BAD_PROOF';
  const proven = provenHead(head, decoded, networkHash);
  return readRecordOf(received, proven, decoded.signer) ?? 'SYNC_BAD_RECORD';
}

/** A record of a broadcast that arrived, or of one that we signed. */
export function readDelivered(batch: Batch, message: BatchMessage): ReadRecord | undefined {
  const { headBytes, signature, publicKey, networkHash } = batch;
  const prefix = networkPrefix(networkHash);
  const received = { head: headBytes, signature, publicKey, networkPrefix: prefix };
  const head = provenHead(received, batch.head, networkHash);
  const path = message.path ?? batch.tree?.path(message.index);
  if (path === undefined) return undefined;
  const core = copyBytes(message.core);
  const record = { index: message.index, salt: copyBytes(message.salt), path, core };
  return readRecordOf(record, head, batch.originBytes);
}

/** What a stored record is compared by. */
export function readLoaded(loaded: LoadedRecord): RecordMeta | undefined {
  const fields = fieldsOf(loaded.core);
  return fields && metaOf(loaded, fields, loaded.headKey, loaded);
}

/** Whether a record is in its batch, once the head's signature is verified: the checks of the live path, but for times and replay. */
export function isProven({ record }: ReadRecord): boolean {
  const { head } = record;
  const decoded = decodeBatchHead(head.head);
  if (decoded === undefined) return false;
  const batch: Batch = {
    use: 'gossip',
    networkHash: head.networkHash,
    publicKey: head.publicKey,
    origin: head.author,
    originBytes: decoded.signer,
    headBytes: head.head,
    head: decoded,
    signature: head.signature,
    key: bytesKey(decoded.batchId),
    tree: undefined,
  };
  const checked = checkMessages(batch, [record], false, () => undefined);
  return checked?.messages.length === 1;
}

function provenHead(received: ReceivedHead, decoded: BatchHead, networkHash: Uint8Array): ProvenHead {
  const key = bytesToHex(sha256(concatBytes(networkHash, received.head)).subarray(0, HEAD_KEY_BYTES));
  return { ...received, key, author: nodeName(decoded.signer), networkHash };
}

function readRecordOf(record: StreamRecord, head: ProvenHead, signer: Uint8Array): ReadRecord | undefined {
  const fields = fieldsOf(record.core);
  if (fields === undefined) return undefined;
  const origin = { author: head.author, authorBytes: signer, networkHash: head.networkHash };
  return { record: { ...record, head }, fields, meta: metaOf(record, fields, head.key, origin) };
}

function fieldsOf(core: Uint8Array): RecordFields | undefined {
  const envelope = decodeEnvelope(core);
  if (envelope?.class !== EnvelopeClass.BROADCAST || envelope.protocol !== SYNC_PROTOCOL) return undefined;
  return decodeRecordPayload(envelope.payload);
}

function metaOf(
  record: StreamRecord,
  { name, version, claim, content }: RecordFields,
  head: string,
  origin: Pick<LoadedRecord, 'author' | 'authorBytes' | 'networkHash'>,
): RecordMeta {
  const isLarge = content.type === 'large';
  return {
    name,
    version,
    claim,
    id: messageId(leafMessage(origin.networkHash, origin.authorBytes, record.core)).slice(),
    author: origin.author,
    kind: content.type,
    bytes: storedBytes(record) + (isLarge ? content.size + 32 * chunksOf(content.size) : 0),
    head,
    root: isLarge ? bytesToHex(content.root) : undefined,
  };
}
