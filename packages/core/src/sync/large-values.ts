import { bytesToHex, concatBytes, equalBytes, sha256, utf8ToBytes } from '@yakmesh/crypto';
import { CHUNK_BYTES } from './limits.js';
import { chunksOf } from './record.js';

const LIST_DOMAIN = utf8ToBytes('sync/1 chunks\0');
const HASH_BYTES = 32;

/** A value in pieces: its chunks, the list of their hashes, and the hash of that, which its record holds. */
export interface CutValue {
  readonly root: Uint8Array;
  readonly manifest: Uint8Array;
  readonly chunks: readonly Uint8Array[];
}

export function cutValue(bytes: Uint8Array): CutValue {
  const chunks = Array.from({ length: chunksOf(bytes.length) }, (_, at) =>
    bytes.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES),
  );
  const manifest = concatBytes(...chunks.map(sha256));
  return { root: rootOf(manifest), manifest, chunks };
}

/** SHA-256("sync/1 chunks" ‖ 0x00 ‖ the SHA-256 of each chunk). */
export function rootOf(manifest: Uint8Array): Uint8Array {
  return sha256(concatBytes(LIST_DOMAIN, manifest));
}

export function isManifest(bytes: Uint8Array, root: string, size: number): boolean {
  return bytes.length === HASH_BYTES * chunksOf(size) && bytesToHex(rootOf(bytes)) === root;
}

export function isChunk(bytes: Uint8Array, manifest: Uint8Array, index: number): boolean {
  return equalBytes(sha256(bytes), manifest.subarray(HASH_BYTES * index, HASH_BYTES * (index + 1)));
}
