import type { Random } from '@yakmesh/core/transport';
import {
  bytesToHex,
  copyBytes,
  CryptoPool,
  equalBytes,
  HASH_PUZZLE_SOLUTION_BYTES,
  hexToBytes,
  solvesHashPuzzle,
} from '@yakmesh/crypto';
import { DefenseError } from './errors.js';
import {
  claimBytes,
  isPeerName,
  isScope,
  NAVR_PEER_ID_BYTES_MAX,
  NAVR_SCOPE_BYTES_MAX,
  parseChallenge,
  puzzlePrefix,
  type NavrChallenge,
  type NavrClaims,
} from './navr-challenge.js';
import { NavrMinutes, seedOf, type NavrMinute } from './navr-minutes.js';
import {
  navrDifficulty,
  navrSettings,
  type NavrDifficulty,
  type NavrOptions,
  type NavrPool,
  type NavrPresenter,
  type NavrScope,
  type NavrSolveOptions,
} from './navr-options.js';
import { navrVerdict, type NavrRefusalCode, type NavrVerdict } from './navr-verdict.js';
import { badArgument, refuseUnknownOptions } from './option-checks.js';
import { rememberVerified } from './verified-solutions.js';
import { wallTime } from './wall-time.js';

const NONCE_BYTES = 16;
const KNOWN_SCOPE: ReadonlySet<string> = new Set<keyof NavrScope>(['scope']);
const KNOWN_PRESENTER: ReadonlySet<string> = new Set<keyof NavrPresenter>(['peerId', 'scope']);
const KNOWN_SOLVE: ReadonlySet<string> = new Set<keyof NavrSolveOptions>(['peerId', 'signal', 'onProgress']);
/** Bytes of a seed that name its challenge: two of them meet with a chance of 2⁻⁹⁵, and then the second is refused. */
const USED_NAME_BYTES = 16;

interface Judged {
  readonly code?: NavrRefusalCode | undefined;
  readonly peerId?: string | undefined;
  readonly name?: string | undefined;
  readonly minute?: NavrMinute | undefined;
  readonly solution?: Uint8Array | undefined;
}

/**
 * Proof of work for new peers. A challenge is bound to one peer, to an address if wanted, to its minute and its difficulty by a
 * secret of this object, so none can be worked on before it was made, lent to another peer or made easier. Nothing is kept of a
 * challenge until its solution is accepted, and then only that it was used. It is good in its own minute and the next.
 */
export class NAVR {
  readonly #maxDifficulty: number;
  readonly #random: Random;
  readonly #minutes: NavrMinutes;
  readonly #givenPool: NavrPool | undefined;
  #difficulty: () => number;
  #ownPool: CryptoPool | undefined;
  #isClosed = false;

  /** @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  constructor(options: NavrOptions = {}) {
    const { difficulty, maxDifficulty, pool, random } = navrSettings(options);
    this.#difficulty = difficulty;
    this.#maxDifficulty = maxDifficulty;
    this.#givenPool = pool;
    this.#random = random;
    this.#minutes = new NavrMinutes(random);
  }

  /** Bits that a challenge made now demands. */
  get difficulty(): number {
    return this.#difficulty();
  }

  /** Changes what challenges made from now on demand; those made before stay good. @throws DefenseArgumentError DEFENSE_BAD_OPTION. */
  set difficulty(difficulty: NavrDifficulty) {
    this.#difficulty = navrDifficulty(difficulty);
  }

  /**
   * A challenge for a peer. No two are alike, and none costs memory. `nowMs` is milliseconds since 1970.
   * @throws DefenseArgumentError DEFENSE_BAD_ARGUMENT for a name or scope that is no text, is too long or, the name, empty.
   */
  createChallenge(peerId: string, options: NavrScope = {}, nowMs?: number): NavrChallenge {
    refuseUnknownOptions(options, KNOWN_SCOPE);
    const scope = options.scope ?? '';
    if (!isPeerName(peerId)) badArgument(`peerId is text of 1 to ${NAVR_PEER_ID_BYTES_MAX} bytes.`);
    if (!isScope(scope)) badArgument(`scope is text of at most ${NAVR_SCOPE_BYTES_MAX} bytes.`);
    const minute = this.#minutes.current(wallTime(nowMs));
    const claims: NavrClaims = {
      peerId,
      scope,
      difficulty: this.#difficulty(),
      minute: minute.minute,
      nonce: bytesToHex(this.#random.bytes(NONCE_BYTES)),
    };
    return { ...claims, seed: bytesToHex(seedOf(minute, claimBytes(claims))) };
  }

  /**
   * The 40 B solution, found off the event loop where the pool has workers. Rejects with a DefenseError of NAVR_BAD_CHALLENGE,
   * NAVR_TOO_HARD, NAVR_OTHER_PEER or NAVR_CLOSED, with a CryptoError of the pool, or with the signal's reason.
   */
  async solve(challenge: NavrChallenge, options: NavrSolveOptions = {}): Promise<Uint8Array> {
    refuseUnknownOptions(options, KNOWN_SOLVE);
    const { peerId, signal, onProgress } = options;
    if (this.#isClosed) throw new DefenseError('NAVR_CLOSED', 'This NAVR was closed.');
    signal?.throwIfAborted();
    const parsed = parseChallenge(challenge);
    if (parsed === undefined) throw new DefenseError('NAVR_BAD_CHALLENGE', 'It is no challenge.');
    if (parsed.difficulty > this.#maxDifficulty) {
      throw new DefenseError('NAVR_TOO_HARD', `The challenge demands more than ${this.#maxDifficulty} bits.`);
    }
    if (peerId !== undefined && peerId !== parsed.peerId) {
      throw new DefenseError('NAVR_OTHER_PEER', 'The challenge was made for another peer.');
    }
    const prefix = puzzlePrefix(claimBytes(parsed), hexToBytes(parsed.seed));
    const pool = this.#givenPool ?? (this.#ownPool ??= new CryptoPool({ workers: 1 }));
    return pool.solvePuzzle(prefix, parsed.difficulty, { signal, onProgress });
  }

  /**
   * True once for a challenge of ours and its solution; false for anything else, and it never throws for what a peer sent. Say who
   * presents it, unless you compare the challenge's names yourself. A ReputationTracker of this process then credits
   * the solution to the challenge's peer, once. `nowMs` is milliseconds since 1970.
   */
  verify(
    challenge: NavrChallenge,
    solution: Uint8Array,
    presenter: NavrPresenter = {},
    nowMs?: number,
  ): boolean {
    const timeMs = wallTime(nowMs);
    const { peerId, name, minute, solution: own } = this.#judge(challenge, solution, presenter, timeMs);
    if (peerId === undefined || name === undefined || minute === undefined || own === undefined) return false;
    this.#minutes.use(minute, name);
    rememberVerified(peerId, own, timeMs);
    return true;
  }

  /** What {@link NAVR.verify} would answer now, and why. It uses nothing up. */
  explain(
    challenge: NavrChallenge,
    solution: Uint8Array,
    presenter: NavrPresenter = {},
    nowMs?: number,
  ): NavrVerdict {
    return navrVerdict(this.#judge(challenge, solution, presenter, wallTime(nowMs)).code);
  }

  /** Wipes the secrets, which voids all challenges, and ends a pool of its own. Twice is fine. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#minutes.clear();
    await this.#ownPool?.close();
  }

  /** In the order of cost. */
  #judge(claimed: unknown, solution: unknown, presenter: NavrPresenter, nowMs: number): Judged {
    // A misspelt name would compare nothing, and nobody would notice.
    refuseUnknownOptions(presenter, KNOWN_PRESENTER);
    const challenge = parseChallenge(claimed);
    if (challenge === undefined) return { code: 'NAVR_BAD_CHALLENGE' };
    if (!(solution instanceof Uint8Array) || solution.length !== HASH_PUZZLE_SOLUTION_BYTES) {
      return { code: 'NAVR_BAD_SOLUTION' };
    }
    if (isOther(presenter.peerId, challenge.peerId)) return { code: 'NAVR_OTHER_PEER' };
    if (isOther(presenter.scope, challenge.scope)) return { code: 'NAVR_OTHER_SCOPE' };
    const minute = this.#minutes.open(challenge.minute, nowMs);
    if (minute === undefined) return { code: 'NAVR_EXPIRED' };
    const claims = claimBytes(challenge);
    const seed = seedOf(minute, claims);
    if (!equalBytes(seed, hexToBytes(challenge.seed))) return { code: 'NAVR_NOT_OURS' };
    const name = usedName(seed);
    if (minute.used.has(name)) return { code: 'NAVR_USED' };
    const own = copyBytes(solution);
    if (!solvesHashPuzzle(puzzlePrefix(claims, seed), challenge.difficulty, own)) {
      return { code: 'NAVR_BAD_SOLUTION' };
    }
    return { peerId: challenge.peerId, name, minute, solution: own };
  }
}

/** Sixteen bytes in as many characters, of our own making: the challenge's text may be part of a longer one. */
function usedName(seed: Uint8Array): string {
  return String.fromCharCode(...seed.subarray(0, USED_NAME_BYTES));
}

function isOther(expected: string | undefined, claimed: string): boolean {
  return expected !== undefined && expected !== claimed;
}
