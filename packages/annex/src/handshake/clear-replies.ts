import {
  equalBytes,
  HASH_PUZZLE_PARTS,
  PUZZLE_BITS_MAX,
  PUZZLE_BITS_MIN,
  puzzlePrefix,
  sha256,
} from '@yakmesh/crypto';
import type { HandshakeErrorCode } from '../errors.js';
import { decodeChallenge, decodeRefuse, RefuseCode } from './messages.js';

// What the called end may say in clear, before anything is proven.

const REFUSALS: Readonly<Record<number, HandshakeErrorCode>> = {
  [RefuseCode.VERSION]: 'ANNEX_VERSION',
  [RefuseCode.BUSY]: 'ANNEX_BUSY',
  [RefuseCode.PUZZLE]: 'ANNEX_PUZZLE',
};

/** The code of a REFUSE for this session; undefined for anything else. */
export function refusalOf(bytes: Uint8Array, session: Uint8Array): HandshakeErrorCode | undefined {
  const refuse = decodeRefuse(bytes);
  return refuse !== undefined && equalBytes(refuse.session, session) ? REFUSALS[refuse.code] : undefined;
}

/** What a CHALLENGE asks for: a hash puzzle; one that is too hard; undefined for anything else. */
export function puzzleOf(
  bytes: Uint8Array,
  suite: number,
  session: Uint8Array,
  encapsulationKey: Uint8Array,
): { readonly prefix: Uint8Array; readonly bits: number } | 'too hard' | undefined {
  const challenge = decodeChallenge(bytes);
  if (challenge?.suite !== suite || !equalBytes(challenge.session, session)) return undefined;
  const { count, bits, seed } = challenge;
  if (count !== HASH_PUZZLE_PARTS || bits < PUZZLE_BITS_MIN) return undefined;
  if (bits > PUZZLE_BITS_MAX) return 'too hard';
  return { prefix: puzzlePrefix(seed, session, sha256(encapsulationKey)), bits };
}
