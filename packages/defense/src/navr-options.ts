import type { Random } from '@yakmesh/core/transport';
import { systemRandom } from '@yakmesh/core/transport';
import { HASH_PUZZLE_BITS_MAX, HASH_PUZZLE_BITS_MIN, type CryptoPool } from '@yakmesh/crypto';
import { badOption, refuseUnknownOptions, wholeOption } from './option-checks.js';

/** Bits demanded unless told otherwise: 65,536 hashes on average, 20 ms on Node and 0.15 s in a browser. */
export const NAVR_DIFFICULTY_DEFAULT = 16;
/** The easiest challenge in bits. Less is DEFENSE_BAD_OPTION: who wants no work asks for no solution. */
export const NAVR_DIFFICULTY_MIN = HASH_PUZZLE_BITS_MIN;
/** The hardest challenge in bits: minutes of work, so it may expire before it is solved. More is DEFENSE_BAD_OPTION. */
export const NAVR_DIFFICULTY_MAX = HASH_PUZZLE_BITS_MAX;
/** The hardest challenge that is solved unless told otherwise: 2 s in a browser. A harder one is NAVR_TOO_HARD. */
export const NAVR_SOLVED_DIFFICULTY_DEFAULT = 20;

/** Bits to demand, or a function that says so for each challenge; what it answers is brought into 4 to 28. */
export type NavrDifficulty = number | (() => number);

/** What solves puzzles; a CryptoPool does. */
export type NavrPool = Pick<CryptoPool, 'solvePuzzle'>;

/** Options of {@link NAVR}. */
export interface NavrOptions {
  /** Bits that our challenges demand, 4 to 28. Each more doubles the work; verifying costs the same. @default 16 */
  readonly difficulty?: NavrDifficulty | undefined;
  /** Bits of the hardest challenge that `solve` works on, 4 to 28: a stranger's challenge must not keep us busy. @default 20 */
  readonly maxDifficulty?: number | undefined;
  /** Where challenges are solved; it is not closed by `close()`. @default one of its own, made when first needed */
  readonly pool?: NavrPool | undefined;
  /** Where secrets and nonces come from. @default the system's cryptographic generator */
  readonly random?: Random | undefined;
}

/** Options of {@link NAVR.createChallenge} and the claims that {@link NAVR.verify} is to hold a challenge to. */
export interface NavrScope {
  /** The address that the challenge is for: an IPv4 address or an IPv6 /64, say. At most 255 bytes. @default any address */
  readonly scope?: string | undefined;
}

/** Who presents a solution; what is left out is not compared. */
export interface NavrPresenter extends NavrScope {
  /** The peer on this link: a challenge made for another one is then refused. */
  readonly peerId?: string | undefined;
}

/** Options of {@link NAVR.solve}. */
export interface NavrSolveOptions {
  /** Our own name: a challenge made for somebody else is refused with NAVR_OTHER_PEER, so that nobody has their work done by us. */
  readonly peerId?: string | undefined;
  /** Stops solving; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far it is, from 0 to 1, at most 20 times a second and once at the end. */
  readonly onProgress?: ((progress: number) => void) | undefined;
}

/** The options with their defaults. */
export interface NavrSettings {
  readonly difficulty: () => number;
  readonly maxDifficulty: number;
  readonly pool: NavrPool | undefined;
  readonly random: Random;
}

const KNOWN_OPTIONS: ReadonlySet<string> = new Set<keyof NavrOptions>([
  'difficulty',
  'maxDifficulty',
  'pool',
  'random',
]);

/** Checks the options and adds the defaults. @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
export function navrSettings(options: NavrOptions): NavrSettings {
  refuseUnknownOptions(options, KNOWN_OPTIONS);
  return {
    difficulty: navrDifficulty(options.difficulty ?? NAVR_DIFFICULTY_DEFAULT),
    maxDifficulty: wholeOption(
      'maxDifficulty',
      options.maxDifficulty ?? NAVR_SOLVED_DIFFICULTY_DEFAULT,
      NAVR_DIFFICULTY_MIN,
      NAVR_DIFFICULTY_MAX,
    ),
    pool: requirePool(options.pool),
    random: options.random ?? systemRandom,
  };
}

/** The difficulty as a function that always answers one that can be had. @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
export function navrDifficulty(difficulty: NavrDifficulty): () => number {
  if (typeof difficulty === 'function') return () => withinBounds(difficulty());
  const bits = wholeOption('difficulty', difficulty, NAVR_DIFFICULTY_MIN, NAVR_DIFFICULTY_MAX);
  return () => bits;
}

/** A load that nobody could measure must not make challenges easy. */
function withinBounds(bits: number): number {
  if (typeof bits !== 'number' || Number.isNaN(bits)) return NAVR_DIFFICULTY_DEFAULT;
  return Math.min(NAVR_DIFFICULTY_MAX, Math.max(NAVR_DIFFICULTY_MIN, Math.ceil(bits)));
}

function requirePool(pool: NavrPool | undefined): NavrPool | undefined {
  if (pool === undefined || typeof pool.solvePuzzle === 'function') return pool;
  return badOption('pool is a CryptoPool, or something with its solvePuzzle.');
}
