// Slots as "Batch signatures" of @yakmesh/crypto's PROTOCOL.md says, for the one use that ANNEX has.
import {
  equal,
  idOf,
  isSigned,
  join,
  sha256,
  text,
  uint,
  zeros,
  type Bytes,
  type SecondIdentity,
} from './primitives.js';

const MBS1 = text('MBS1');
const DEPTH = 8;
/** Where in a slot its fields end: head, signature, batch id, index, depth, zero, salt, path. */
const ENDS = [112, 3_421, 3_453, 3_455, 3_456, 3_457, 3_489, 3_745] as const;

/** What is random in a slot. The path stands for the leaves of others. */
export interface SlotEntropy {
  readonly timeMs: number;
  readonly batchId: Bytes;
  readonly index: number;
  readonly salt: Bytes;
  readonly path: Bytes;
}

const contextOf = (netFp: Bytes): Bytes => join(text('mbs/1 link'), zeros(1), netFp);

/** The root above a leaf. */
function rootOf({ batchId, index, salt, path }: Omit<SlotEntropy, 'timeMs'>, message: Bytes): Bytes {
  const first = [zeros(1), MBS1, batchId, uint(index, 4), salt, uint(message.length, 4), message];
  let hash = sha256(...first);
  for (let level = 1; level <= DEPTH; level += 1) {
    const sibling = path.subarray(32 * (level - 1), 32 * level);
    const isRight = (index >> (level - 1)) % 2 === 1;
    const pair = isRight ? [sibling, hash] : [hash, sibling];
    hash = sha256(uint(1, 1), MBS1, batchId, uint(level, 1), uint(index >> level, 4), ...pair);
  }
  return hash;
}

export function makeSlot(signer: SecondIdentity, netFp: Bytes, message: Bytes, entropy: SlotEntropy): Bytes {
  const { timeMs, batchId, index, salt, path } = entropy;
  const fixed = [MBS1, uint(1, 1), uint(DEPTH, 1), uint(2 ** DEPTH, 2)];
  const head = join(...fixed, signer.id, uint(timeMs, 8), batchId, rootOf(entropy, message));
  const signature = signer.sign(head, contextOf(netFp));
  return join(head, signature, batchId, uint(index, 2), uint(DEPTH, 1), zeros(1), salt, path);
}

/** The signer that a slot's head names. */
export const signerOf = (slot: Bytes): Bytes => slot.subarray(8, 40);

export function isSlotOf(publicKey: Bytes, netFp: Bytes, message: Bytes, slot: Bytes): boolean {
  let from = 0;
  const [head, signature, batchId, index, depth, zero, salt, path] = ENDS.map((end) => {
    const field = slot.subarray(from, end);
    from = end;
    return field;
  }) as [Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes, Bytes];
  const fixed = join(MBS1, uint(1, 1), uint(DEPTH, 1), uint(2 ** DEPTH, 2), idOf(publicKey));
  const place = Buffer.from(index).readUInt16BE();
  if (!equal(head.subarray(0, 40), fixed) || !equal(head.subarray(48, 80), batchId)) return false;
  if (place >= 2 ** DEPTH || depth[0] !== DEPTH || zero[0] !== 0) return false;
  if (Buffer.from(head).readBigUInt64BE(40) >= 2n ** 53n) return false;
  const root = rootOf({ batchId, index: place, salt, path }, message);
  return equal(root, head.subarray(80)) && isSigned(publicKey, head, signature, contextOf(netFp));
}
