import {
  ByteReader,
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  HASH_PUZZLE_BITS_MAX,
  HASH_PUZZLE_BITS_MIN,
  hexToBytes,
  sha256,
  utf8ToBytes,
} from '@yakmesh/crypto';

/** Bytes of a peer's name in UTF-8: its length is one byte. A longer one makes a challenge malformed. */
export const NAVR_PEER_ID_BYTES_MAX = 255;
/** Bytes of an address scope in UTF-8: its length is one byte. A longer one makes a challenge malformed. */
export const NAVR_SCOPE_BYTES_MAX = 255;
/** The shortest encoded challenge: a name of one byte and no scope. Anything shorter is malformed. */
export const NAVR_CHALLENGE_BYTES_MIN = 61;
/** The longest encoded challenge. Anything longer is malformed and is not read. */
export const NAVR_CHALLENGE_BYTES_MAX = 570;

/** 'YKNV'. */
const MAGIC = 0x594b_4e56;
const VERSION = 1;
/** Magic, version, difficulty and minute. */
const HEAD_BYTES = 10;
const NONCE_BYTES = 16;
const SEED_BYTES = 32;
/** UTF-8 bytes of one UTF-16 unit, at most. */
const UTF8_BYTES_PER_UNIT_MAX = 3;
const U32_MAX = 0xffff_ffff;
const NONCE_PATTERN = /^[0-9a-f]{32}$/;
const SEED_PATTERN = /^[0-9a-f]{64}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What a challenge says besides its seed. Whoever verifies believes none of it before the seed fits. */
export interface NavrClaims {
  /** For whom the challenge is: 1 to 255 bytes in UTF-8. */
  readonly peerId: string;
  /** For which address it is, as the verifier names it; empty for any. At most 255 bytes in UTF-8. */
  readonly scope: string;
  /** Bits of the puzzle, 4 to 28: it takes 2^difficulty hashes on average. */
  readonly difficulty: number;
  /** When it was made, in whole minutes since 1970 on the verifier's clock, 32 bits. */
  readonly minute: number;
  /** 16 B as lower-case hex, so that no two challenges are alike. */
  readonly nonce: string;
}

/** A challenge as `JSON.stringify` and CBOR carry it: strings and numbers only. */
export interface NavrChallenge extends NavrClaims {
  /** 32 B as lower-case hex: proof, to the verifier itself, that it made the challenge. */
  readonly seed: string;
}

/** The challenge's 61 to 570 bytes. @throws RangeError for what is no challenge. */
export function encodeChallenge(challenge: NavrChallenge): Uint8Array {
  const parsed = parseChallenge(challenge);
  if (parsed === undefined) throw new RangeError('The challenge is malformed; take it from createChallenge.');
  return concatBytes(claimBytes(parsed), hexToBytes(parsed.seed));
}

/** The challenge that these bytes encode, or undefined. One challenge has one encoding. */
export function decodeChallenge(bytes: Uint8Array): NavrChallenge | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length > NAVR_CHALLENGE_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION) return undefined;
  const [difficulty, minute] = [reader.u8(), reader.u32()];
  const nonce = bytesToHex(reader.bytes(NONCE_BYTES));
  const peerId = bytesToUtf8(reader.bytes(reader.u8()));
  const scope = bytesToUtf8(reader.bytes(reader.u8()));
  const seed = bytesToHex(reader.bytes(SEED_BYTES));
  if (!reader.end()) return undefined;
  return parseChallenge({ peerId, scope, difficulty, minute, nonce, seed });
}

/** A copy of the value if it is a challenge, else undefined. Each field is read once. */
export function parseChallenge(value: unknown): NavrChallenge | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { peerId, scope, difficulty, minute, nonce, seed } = value as Partial<
    Record<keyof NavrChallenge, unknown>
  >;
  if (!isPeerName(peerId) || !isScope(scope)) return undefined;
  if (!isWhole(difficulty, HASH_PUZZLE_BITS_MIN, HASH_PUZZLE_BITS_MAX)) return undefined;
  if (!isWhole(minute, 0, U32_MAX)) return undefined;
  if (typeof nonce !== 'string' || !NONCE_PATTERN.test(nonce)) return undefined;
  if (typeof seed !== 'string' || !SEED_PATTERN.test(seed)) return undefined;
  return { peerId, scope, difficulty, minute, nonce, seed };
}

/** Whether the value can name a peer: well-formed text of 1 to 255 bytes. */
export function isPeerName(value: unknown): value is string {
  return isText(value, NAVR_PEER_ID_BYTES_MAX) && value.length > 0;
}

/** Whether the value can name an address scope: well-formed text of at most 255 bytes. */
export function isScope(value: unknown): value is string {
  return isText(value, NAVR_SCOPE_BYTES_MAX);
}

/** A parsed challenge's bytes without its seed; from these the verifier derives the seed. */
export function claimBytes({ peerId, scope, difficulty, minute, nonce }: NavrClaims): Uint8Array {
  const [peerBytes, scopeBytes] = [utf8ToBytes(peerId), utf8ToBytes(scope)];
  const peerAt = HEAD_BYTES + NONCE_BYTES + 1;
  const scopeAt = peerAt + peerBytes.length + 1;
  // By hand, for a verifier does this for every stranger.
  const bytes = new Uint8Array(scopeAt + scopeBytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  bytes[4] = VERSION;
  bytes[5] = difficulty;
  view.setUint32(6, minute);
  bytes.set(hexToBytes(nonce), HEAD_BYTES);
  bytes[peerAt - 1] = peerBytes.length;
  bytes.set(peerBytes, peerAt);
  bytes[scopeAt - 1] = scopeBytes.length;
  bytes.set(scopeBytes, scopeAt);
  return bytes;
}

/**
 * What the puzzle's candidates are hashed with: the hash of the whole challenge. So work cannot be handed on: whoever solves a
 * challenge that names itself has solved nobody else's.
 */
export function puzzlePrefix(claims: Uint8Array, seed: Uint8Array): Uint8Array {
  return sha256(concatBytes(claims, seed));
}

function isText(value: unknown, bytesMax: number): value is string {
  if (typeof value !== 'string' || value.length > bytesMax) return false;
  // Lone surrogates all encode as U+FFFD: two names would be one in bytes.
  if (LONE_SURROGATE.test(value)) return false;
  return value.length * UTF8_BYTES_PER_UNIT_MAX <= bytesMax || utf8ToBytes(value).length <= bytesMax;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
