import {
  LEAF_PREFIX_BYTES,
  copyBytes,
  equalBytes,
  merkleRoot,
  padLeaf,
  rootFromPath,
  sha256,
  writeLeafPrefix,
  type NodeId,
} from '@yakmesh/crypto';
import { Tree, type Batch, type BatchMessage } from '../envelope/batch.js';
import {
  decodeEnvelope,
  EnvelopeClass,
  LEAF_MESSAGE_PREFIX_BYTES,
  messageId,
  writeLeafMessage,
  type Envelope,
} from '../envelope/envelope.js';
import type { PeerFaultCode } from '../errors.js';
import type { WireMessage } from './parcel-frames.js';

export interface CheckedMessages {
  /** New messages, proven to be in the batch. */
  readonly messages: readonly BatchMessage[];
  /** What was refused of messages that their origin did sign, by code. */
  readonly faults: ReadonlyMap<PeerFaultCode, number>;
}

type Check = (origin: NodeId, envelope: Envelope) => PeerFaultCode | undefined;

interface Candidate {
  readonly wire: WireMessage;
  readonly envelope: Envelope | undefined;
  readonly fault: PeerFaultCode | undefined;
}

/**
 * Proves messages against their batch's verified root. The cheap checks come first: a copy that was seen costs no hash. Undefined where the
 * proof fails: the neighbour passed on what its origin never signed.
 */
export function checkMessages(
  batch: Batch,
  wire: readonly WireMessage[],
  isBlock: boolean,
  check: Check,
): CheckedMessages | undefined {
  const candidates = wire.map((message) => candidate(batch, message, check));
  const faults = new Map<PeerFaultCode, number>();
  for (const { fault } of candidates)
    if (fault !== undefined) faults.set(fault, (faults.get(fault) ?? 0) + 1);
  if (candidates.every(({ fault }) => fault !== undefined)) return { messages: [], faults };
  const proven = isBlock ? proveBlock(batch, candidates) : proveSingle(batch, candidates[0]);
  if (proven === undefined) return undefined;
  const messages = coreBytes(proven) * 2 < coreBytes(wire) ? proven.map(detached) : proven;
  return { messages, faults };
}

function coreBytes(messages: readonly { readonly core: Uint8Array }[]): number {
  return messages.reduce((sum, { core }) => sum + core.length, 0);
}

/** A message of its own memory, where the views of a few would keep a large block alive. */
export function detached(message: BatchMessage): BatchMessage {
  const core = copyBytes(message.core);
  const envelope = decodeEnvelope(core) ?? message.envelope;
  return { ...message, core, envelope, salt: copyBytes(message.salt) };
}

function candidate(batch: Batch, wire: WireMessage, check: Check): Candidate {
  const envelope = decodeEnvelope(wire.core);
  if (envelope === undefined) return { wire, envelope, fault: 'PEER_BAD_ENVELOPE' };
  const use = envelope.class === EnvelopeClass.BROADCAST ? 'gossip' : 'direct';
  const fault = use === batch.use ? check(batch.origin, envelope) : 'PEER_BAD_ENVELOPE';
  return { wire, envelope, fault };
}

function proveBlock(batch: Batch, candidates: readonly Candidate[]): BatchMessage[] | undefined {
  const { count, batchId, root } = batch.head;
  if (candidates.length > count || 2 * candidates.length <= count) return undefined;
  const messages: BatchMessage[] = [];
  const leaves: Uint8Array[] = [];
  for (const { wire, envelope, fault } of candidates) {
    const { leaf, message } = leafOf(batch, wire);
    leaves.push(leaf);
    if (envelope === undefined || fault !== undefined) continue;
    messages.push(batchMessage(wire, envelope, messageId(message), undefined));
  }
  while (leaves.length < count) leaves.push(padLeaf(batchId, leaves.length));
  if (!equalBytes(merkleRoot(batchId, leaves), root)) return undefined;
  batch.tree ??= new Tree(batchId, leaves);
  return messages;
}

function proveSingle(batch: Batch, found: Candidate | undefined): BatchMessage[] | undefined {
  if (found?.envelope === undefined) return undefined;
  const { wire, envelope } = found;
  const { count, depth, batchId, root } = batch.head;
  if (wire.index >= count || wire.path.length !== 32 * depth) return undefined;
  const { leaf, message } = leafOf(batch, wire);
  const proven = rootFromPath(batchId, leaf, wire.index, wire.path);
  if (proven === undefined || !equalBytes(proven, root)) return undefined;
  return [batchMessage(wire, envelope, messageId(message), wire.path.slice())];
}

/** Prefix and message lie in one buffer, so that leaf and id are one hash call each. */
function leafOf(batch: Batch, wire: WireMessage): { leaf: Uint8Array; message: Uint8Array } {
  const length = LEAF_MESSAGE_PREFIX_BYTES + wire.core.length;
  const input = new Uint8Array(LEAF_PREFIX_BYTES + length);
  writeLeafPrefix(input, batch.head.batchId, wire.index, wire.salt, length);
  writeLeafMessage(input, LEAF_PREFIX_BYTES, batch.networkHash, batch.originBytes, wire.core);
  return { leaf: sha256(input), message: input.subarray(LEAF_PREFIX_BYTES) };
}

function batchMessage(
  wire: WireMessage,
  envelope: Envelope,
  id: Uint8Array,
  path: Uint8Array | undefined,
): BatchMessage {
  return { index: wire.index, salt: wire.salt, core: wire.core, envelope, id, path };
}
