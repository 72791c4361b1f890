import { bytesKey, decodeNodeId, encodeNodeId, type NodeId } from '@yakmesh/crypto';
import { BoundedMap } from './transport/index.js';

/** Names that are remembered either way, about 250 B each: the nodes of the largest meshes that meet one node within minutes. */
const NAMES_KEPT_MAX = 4_096;

const names = new BoundedMap<string, NodeId>(NAMES_KEPT_MAX);
const ids = new BoundedMap<string, Uint8Array>(NAMES_KEPT_MAX);

/** As `encodeNodeId`, whose checksum takes longer than all else that is done with an id on arrival; the same few ids arrive again and again. */
export function nodeName(bytes: Uint8Array): NodeId {
  const key = bytesKey(bytes);
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = encodeNodeId(bytes);
  names.set(key, name);
  return name;
}

/** As `decodeNodeId`; the bytes are everybody's, so nobody may change them. */
export function bytesOfName(name: string): Uint8Array | undefined {
  const known = ids.get(name);
  if (known !== undefined) return known;
  const bytes = decodeNodeId(name);
  if (bytes !== undefined) ids.set(name, bytes);
  return bytes;
}
