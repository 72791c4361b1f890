import { bech32m } from '@scure/base';
import { concatBytes, requireLength, utf8ToBytes } from './bytes.js';
import { ML_DSA_65_PUBLIC_KEY_BYTES } from './provider.js';
import { sha256 } from './symmetric.js';

/** Bytes of a node id. */
export const NODE_ID_BYTES = 32;
/** Characters of a node id's text: `yak1`, 52 of data, 6 of checksum. */
export const NODE_ID_LENGTH = 62;

declare const nodeIdBrand: unique symbol;

/** The text of a node id, always exactly 62 lower-case characters, `yak1…`: so `===` compares identities. */
export type NodeId = string & {
  /** Exists in the type only, so that no other string passes for a checked id. */
  readonly [nodeIdBrand]: true;
};

const PREFIX = 'yak';

/** Domain separation and u16 algorithm number 1, ML-DSA-65: an id of another algorithm can never be equal. */
const DOMAIN = concatBytes(utf8ToBytes('yakmesh/nodeid/1'), Uint8Array.of(0x00, 0x00, 0x01));

/** The shape alone; bech32m's own decoder would also take upper case. */
const TEXT = /^yak1[02-9ac-hj-np-z]{58}$/;

/**
 * The id of a public key, 32 bytes: SHA-256("yakmesh/nodeid/1" ‖ 0x00 ‖ u16 1 ‖ the 1,952 bytes of the ML-DSA-65 key).
 * All of the key counts and nothing is cut off, so an id proves itself to whoever sees the key.
 */
export function nodeIdBytesOf(publicKey: Uint8Array): Uint8Array {
  requireLength(publicKey, 'publicKey', ML_DSA_65_PUBLIC_KEY_BYTES);
  return sha256(concatBytes(DOMAIN, publicKey));
}

/** The id of a public key as text. */
export function nodeIdOf(publicKey: Uint8Array): NodeId {
  return encodeNodeId(nodeIdBytesOf(publicKey));
}

/** Writes 32 bytes as bech32m (BIP 350) with the prefix `yak`, so that a typing error is caught. */
export function encodeNodeId(bytes: Uint8Array): NodeId {
  requireLength(bytes, 'bytes', NODE_ID_BYTES);
  return bech32m.encode(PREFIX, bech32m.toWords(bytes)) as NodeId;
}

/**
 * The 32 bytes of an id's text; undefined for a wrong checksum, any upper case, another length or prefix, or pad bits
 * that are not zero, so that every id has exactly one text.
 */
export function decodeNodeId(text: string): Uint8Array | undefined {
  if (typeof text !== 'string' || !TEXT.test(text)) return undefined;
  try {
    const { words } = bech32m.decode(text as `yak1${string}`, NODE_ID_LENGTH);
    const bytes = bech32m.fromWords(words);
    return bytes.length === NODE_ID_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is the text of a node id. */
export function isNodeId(text: unknown): text is NodeId {
  return typeof text === 'string' && decodeNodeId(text) !== undefined;
}
