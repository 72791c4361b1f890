import { ByteReader, ByteWriter, NODE_ID_BYTES, SEED_BYTES } from '@yakmesh/crypto';

/** "YKSD" as a big-endian number. */
const MAGIC = 0x594b5344;
const VERSION = 1;

/** Bytes of an identity file without passphrase: magic 4, version 1, node id 32, seed 32. */
export const PLAIN_IDENTITY_BYTES: number = 4 + 1 + NODE_ID_BYTES + SEED_BYTES;

/** What a plain identity file holds. The caller wipes the seed. */
export interface PlainIdentity {
  readonly nodeIdBytes: Uint8Array;
  readonly seed: Uint8Array;
}

/** Writes "YKSD" · version 1 · node id 32 · seed 32: whoever reads this file is the node. */
export function encodePlainIdentity({ nodeIdBytes, seed }: PlainIdentity): Uint8Array {
  return new ByteWriter(PLAIN_IDENTITY_BYTES).u32(MAGIC).u8(VERSION).bytes(nodeIdBytes).bytes(seed).finish();
}

/** Undefined for any other length, magic or version. Whether the node id is the seed's is for the caller to check. */
export function decodePlainIdentity(bytes: Uint8Array): PlainIdentity | undefined {
  if (bytes.length !== PLAIN_IDENTITY_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION) return undefined;
  return { nodeIdBytes: reader.bytes(NODE_ID_BYTES).slice(), seed: reader.bytes(SEED_BYTES).slice() };
}
