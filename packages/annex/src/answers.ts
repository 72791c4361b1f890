import { bytesKey, equalBytes, PuzzleIssuer, sha256, type Kem } from '@yakmesh/crypto';
import { SlidingWindow } from '@yakmesh/core/transport';
import { Answer } from './answer.js';
import type { FlowLine } from './flow-line.js';
import type { HandshakeSelf } from './handshake/actions.js';
import {
  ANNEX_VERSION,
  decodeHeader,
  decodeOpen,
  encodeChallenge,
  encodeRefuse,
  HEADER_BYTES,
  NETWORK_PREFIX_BYTES,
  padHandshake,
  RefuseCode,
  SESSION_BYTES,
  type Open,
} from './handshake/messages.js';
import { binderOf, type Ticket, type Tickets } from './handshake/resumption.js';
import { decodeReopen, type Reopen } from './handshake/resumption-messages.js';
import type { Hub } from './hub.js';
import type { Tombstones } from './tombstones.js';

/** Handshakes under way that others opened, in all and through one neighbour. */
const ANSWERS_MAX = 256;
const ANSWERS_PER_NEIGHBOUR_MAX = 64;
/** OPENs that are answered in a second: each costs an encapsulation. */
const ANSWERS_PER_SECOND = 100;
const ANSWERS_WINDOW_MS = 1_000;
/** From so many in a second on, a puzzle is demanded; it grows by a bit with each further share. */
const ANSWERS_PER_SECOND_FREE = 32;
const PUZZLE_BITS = 16;
const PUZZLE_BITS_STEP = 16;
const PUZZLE_PARTS = 8;
const PUZZLE_EXPIRY_SECONDS = 60;
const PUZZLE_SECRET_BYTES = 32;

export interface AnswersOptions {
  readonly hub: Hub;
  readonly kem: Kem;
  /** The networks that are accepted. */
  readonly networkHashes: () => readonly Uint8Array[];
  /** What we show of ourselves. */
  readonly self: () => HandshakeSelf;
  readonly tickets: Tickets;
  readonly tombstones: Tombstones;
}

/** The handshakes that others open: which of them are answered, and what is asked for it under load. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #byId = new Map<string, Answer>();
  readonly #byOpen = new Map<string, Answer>();
  readonly #puzzles: PuzzleIssuer;
  readonly #rate = new SlidingWindow(ANSWERS_PER_SECOND, ANSWERS_WINDOW_MS);

  constructor(options: AnswersOptions) {
    this.#options = options;
    const secret = options.hub.port.random.bytes(PUZZLE_SECRET_BYTES);
    this.#puzzles = new PuzzleIssuer({ secret, bits: (nowMs) => this.#puzzleBits(nowMs) });
  }

  /** By our session id, in hexadecimal digits. */
  find(id: string): Answer | undefined {
    return this.#byId.get(id);
  }

  /** PROTOCOL.md "At B, for an OPEN", or a REOPEN. */
  open(message: Uint8Array, line: FlowLine): void {
    const { hub, kem, networkHashes, self, tombstones } = this.#options;
    const nowMs = hub.port.clock.monotonicMs();
    // 1. Length, version and suite.
    const header = decodeHeader(message);
    const sid = message.slice(2 * HEADER_BYTES, 2 * HEADER_BYTES + SESSION_BYTES);
    if (header?.version !== ANNEX_VERSION || header.suite !== kem.suite)
      return this.#refuse(line, sid, RefuseCode.VERSION, 'PEER_BAD_VERSION');
    const reopen = decodeReopen(message);
    const open = reopen === undefined ? decodeOpen(message) : reopen.open;
    if (open === undefined) return this.#drop(line, 'PEER_BAD_MESSAGE');
    // 2. The network, by its prefix; a colliding prefix fails at the tag.
    const networkHash = networkHashes().find((hash) =>
      equalBytes(hash.subarray(0, NETWORK_PREFIX_BYTES), open.networkPrefix),
    );
    if (networkHash === undefined) return this.#drop(line, 'PEER_BAD_NETWORK');
    // 3. The same OPEN before?
    const openHash = bytesKey(sha256(message));
    const known = this.#byOpen.get(openHash);
    if (known !== undefined) return known.again(line);
    if (tombstones.find(openHash) !== undefined) return hub.count('PEER_UNEXPECTED');
    // 4. A puzzle, where we are under load; 5. room and rate.
    if (!this.#isPuzzleSolved(open, line, nowMs)) return;
    if (!this.#hasRoom(line) || !this.#rate.take(nowMs))
      return this.#refuse(line, sid, RefuseCode.BUSY, 'PEER_UNEXPECTED');
    // 6. Only now the KEM, and before it the ticket, if it is one of ours.
    const { random } = hub.port;
    const own = self();
    const ticket = reopen && this.#spent(reopen, networkHash, own, nowMs);
    const options = { kem, networkHash, self: own, random, open, openBytes: message, ticket, nowMs };
    const answer = new Answer(hub, line, options, openHash);
    this.#byId.set(bytesKey(answer.sessionId), answer);
    this.#byOpen.set(openHash, answer);
  }

  remove(answer: Answer): void {
    this.#byId.delete(bytesKey(answer.sessionId));
    this.#byOpen.delete(answer.openHash);
  }

  stop(): void {
    for (const answer of this.#byId.values()) answer.stop();
    this.#byId.clear();
    this.#byOpen.clear();
  }

  /** The ticket that a REOPEN proves to have. One that we do not know or that is not proven is answered in full. */
  #spent(
    { ticketId, bound, binder }: Reopen,
    networkHash: Uint8Array,
    { nodeIdBytes }: HandshakeSelf,
    nowMs: number,
  ): Ticket | undefined {
    const { tickets } = this.#options;
    const ticket = tickets.named(ticketId, nowMs);
    if (ticket === undefined) return undefined;
    if (!equalBytes(binderOf(networkHash, nodeIdBytes, ticket.psk, bound), binder)) return undefined;
    tickets.spend(ticket);
    return ticket;
  }

  #isPuzzleSolved(open: Open, line: FlowLine, nowMs: number): boolean {
    const scope = line.via;
    if (line.challengeBits > 0) {
      // The same OPEN without a solution was under way when the challenge went out.
      if (open.puzzle.every((byte) => byte === 0)) return false;
      if (this.#puzzles.check(scope, open, line.challengeBits, nowMs)) return true;
      this.#refuse(line, open.session.slice(), RefuseCode.PUZZLE, 'PEER_PUZZLE');
      return false;
    }
    const bits = this.#puzzles.bitsDemanded(nowMs);
    if (bits === 0) return true;
    line.challengeBits = bits;
    const { seed } = this.#puzzles.issue(scope, bits, nowMs);
    const { suite } = this.#options.kem;
    const challenge = { suite, session: open.session, seed, bits, count: PUZZLE_PARTS };
    line.send(padHandshake(encodeChallenge({ ...challenge, expirySeconds: PUZZLE_EXPIRY_SECONDS })));
    return false;
  }

  #puzzleBits(nowMs: number): number {
    const count = ANSWERS_PER_SECOND - this.#rate.remaining(nowMs);
    if (count < ANSWERS_PER_SECOND_FREE) return 0;
    return PUZZLE_BITS + Math.floor((count - ANSWERS_PER_SECOND_FREE) / PUZZLE_BITS_STEP);
  }

  #hasRoom(line: FlowLine): boolean {
    if (this.#byId.size >= ANSWERS_MAX) return false;
    let count = 0;
    for (const answer of this.#byId.values()) if (answer.line.via === line.via) count += 1;
    return count < ANSWERS_PER_NEIGHBOUR_MAX;
  }

  #refuse(line: FlowLine, session: Uint8Array, code: number, why: string): void {
    const { hub, kem } = this.#options;
    hub.count(why);
    if (session.length === SESSION_BYTES)
      line.send(padHandshake(encodeRefuse({ suite: kem.suite, session, code })));
    line.close();
  }

  #drop(line: FlowLine, why: string): void {
    this.#options.hub.count(why);
    line.close();
  }
}
