import {
  concatBytes,
  equalBytes,
  sha512,
  wipe,
  type Kem,
  type KemKeyPair,
  type NodeId,
  type SigmaSecrets,
} from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { HandshakeErrorCode } from '../errors.js';
import type { HandshakeAction, HandshakeOutcome, HandshakeSelf } from './actions.js';
import { isBound, openAnswer, type Expected, type OpenedAnswer } from './answer-proof.js';
import { puzzleOf, refusalOf } from './clear-replies.js';
import { confirmOf, reconfirmOf, type Concluded, type OwnProof } from './initiator-proof.js';
import { channelSecrets, INITIATOR_CONTEXT, responderLeaf } from './key-schedule.js';
import {
  decodeAnswer,
  decodeHeader,
  HandshakeType,
  PUZZLE_BYTES,
  SESSION_BYTES,
  type Answer,
} from './messages.js';
import { openingOf } from './opening.js';
import { decodeParams } from './params.js';
import { openReanswer } from './reanswer-proof.js';
import type { Ticket } from './resumption.js';
import { decodeReanswer } from './resumption-messages.js';
import { Retransmission } from './retransmission.js';

/** A handshake takes no longer; after it ANNEX_TIMEOUT. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
const NONCE_BYTES = 32;

export interface InitiatorOptions {
  readonly kem: Kem;
  readonly networkHash: Uint8Array;
  readonly self: HandshakeSelf;
  /** Whom we call, and nobody else. */
  readonly peer: { readonly nodeId: NodeId; readonly nodeIdBytes: Uint8Array };
  /** Shows no identity of ours. */
  readonly isAnonymous: boolean;
  /** Of an earlier session with this peer: then signatures are made and asked for only if the other end does not have it. Its psk is wiped. */
  readonly ticket?: Ticket | undefined;
  readonly random: Random;
  readonly nowMs: number;
}

type State =
  | { readonly name: 'idle' | 'generating' | 'solving' | 'waiting' | 'confirmed' | 'ended' }
  | { readonly name: 'decapsulating'; readonly answer: Answer; readonly isShort: boolean }
  | { readonly name: 'verifying' | 'signing'; readonly proven: OpenedAnswer };

/** The calling side: OPEN out, ANSWER in, CONFIRM out until the first record comes. Steps are PROTOCOL.md's "Order at A". */
export class InitiatorMachine {
  readonly #options: InitiatorOptions;
  readonly #session: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #endMs: number;
  #state: State = { name: 'idle' };
  #keyPair: KemKeyPair | undefined;
  #open: Uint8Array = new Uint8Array(0);
  #unanswered: Retransmission | undefined;
  #ticket = 0;
  #challenged = false;

  constructor(options: InitiatorOptions) {
    this.#options = options;
    this.#session = options.random.bytes(SESSION_BYTES);
    this.#nonce = options.random.bytes(NONCE_BYTES);
    this.#endMs = options.nowMs + HANDSHAKE_TIMEOUT_MS;
  }

  /** Our session id: records and answers to it are for this handshake. */
  get session(): Uint8Array {
    return this.#session;
  }

  get deadlineMs(): number | undefined {
    if (this.#state.name === 'ended') return undefined;
    return Math.min(this.#endMs, this.#unanswered?.dueMs ?? Infinity);
  }

  start(): HandshakeAction[] {
    this.#state = { name: 'generating' };
    return [this.#job({ type: 'generate', kem: this.#options.kem })];
  }

  tick(nowMs: number): HandshakeAction[] {
    if (this.#state.name === 'ended') return [];
    if (nowMs >= this.#endMs) return this.#fail('ANNEX_TIMEOUT');
    const unanswered = this.#unanswered;
    return unanswered?.take(nowMs) === true ? [{ type: 'send', bytes: unanswered.bytes }] : [];
  }

  /** One message without its padding. */
  receive(bytes: Uint8Array, nowMs: number): HandshakeAction[] {
    if (this.#state.name === 'ended') return [];
    if (this.#state.name !== 'waiting') return [{ type: 'ignored', code: 'PEER_UNEXPECTED' }];
    switch (decodeHeader(bytes)?.type) {
      case HandshakeType.REFUSE:
        return this.#refused(bytes);
      case HandshakeType.CHALLENGE:
        return this.#challenge(bytes);
      case HandshakeType.ANSWER:
        return this.#answer(decodeAnswer(bytes.slice()), false);
      case HandshakeType.REANSWER:
        return this.#answer(decodeReanswer(bytes.slice()), true);
      default:
        return [{ type: 'ignored', code: nowMs < this.#endMs ? 'PEER_BAD_MESSAGE' : 'PEER_TIMEOUT' }];
    }
  }

  complete(ticket: number, result: JobResult, nowMs: number): HandshakeAction[] {
    const state = this.#state;
    if (ticket !== this.#ticket || state.name === 'ended') {
      if (result.type === 'generate') result.keyPair.destroy();
      return [];
    }
    if (state.name === 'generating' && result.type === 'generate') {
      this.#keyPair = result.keyPair;
      return this.#sendOpen(new Uint8Array(PUZZLE_BYTES), nowMs);
    }
    if (state.name === 'solving' && result.type === 'solve') return this.#sendOpen(result.solution, nowMs);
    if (state.name === 'decapsulating' && result.type === 'decapsulate')
      return state.isShort
        ? this.#openReanswer(state.answer, result.sharedSecret, nowMs)
        : this.#openAnswer(state.answer, result.sharedSecret, nowMs);
    if (state.name === 'verifying' && result.type === 'verify-slot')
      return this.#verified(state.proven, result.valid, nowMs);
    if (state.name === 'signing' && result.type === 'sign')
      return this.#confirm(state.proven, result.signature, nowMs);
    return this.#fail('ANNEX_DECRYPT');
  }

  /** The first record of the session came: the other end has our CONFIRM. */
  confirmed(): void {
    if (this.#state.name === 'confirmed') this.destroy();
  }

  /** Forgets every secret; the machine does nothing more. */
  destroy(): void {
    const state = this.#state;
    if (state.name === 'verifying' || state.name === 'signing') state.proven.secrets.destroy();
    this.#keyPair?.destroy();
    if (this.#options.ticket !== undefined) wipe(this.#options.ticket.psk);
    this.#unanswered = undefined;
    this.#state = { name: 'ended' };
  }

  #sendOpen(puzzle: Uint8Array, nowMs: number): HandshakeAction[] {
    if (this.#keyPair === undefined) return this.#fail('ANNEX_DECRYPT');
    const { publicKey: encapsulationKey } = this.#keyPair;
    const fields = { session: this.#session, nonce: this.#nonce, encapsulationKey, puzzle };
    this.#open = openingOf(this.#options, fields);
    this.#state = { name: 'waiting' };
    return this.#sendUntilAnswered(this.#open, nowMs);
  }

  #sendUntilAnswered(bytes: Uint8Array, nowMs: number): HandshakeAction[] {
    this.#unanswered = new Retransmission(bytes, nowMs);
    return [{ type: 'send', bytes }];
  }

  #refused(bytes: Uint8Array): HandshakeAction[] {
    const code = refusalOf(bytes, this.#session);
    return code === undefined ? [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }] : this.#fail(code);
  }

  #challenge(bytes: Uint8Array): HandshakeAction[] {
    const key = this.#keyPair?.publicKey;
    const isFirst = key !== undefined && !this.#challenged;
    const puzzle = isFirst ? puzzleOf(bytes, this.#options.kem.suite, this.#session, key) : undefined;
    if (puzzle === undefined) return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    if (puzzle === 'too hard') return this.#fail('ANNEX_PUZZLE');
    this.#challenged = true;
    this.#unanswered = undefined;
    this.#state = { name: 'solving' };
    return [this.#job({ type: 'solve', ...puzzle })];
  }

  #answer(answer: Answer | undefined, isShort: boolean): HandshakeAction[] {
    const suiteFits = answer?.suite === this.#options.kem.suite;
    const isAsked = !isShort || this.#options.ticket !== undefined;
    if (answer === undefined || !suiteFits || !isAsked || this.#keyPair === undefined)
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    const echoed = equalBytes(answer.initiatorSession, this.#session);
    const reflected = equalBytes(answer.responderSession, this.#session);
    if (!echoed || reflected) return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    this.#unanswered = undefined;
    this.#state = { name: 'decapsulating', answer, isShort };
    return [this.#job({ type: 'decapsulate', keyPair: this.#keyPair, ciphertext: answer.ciphertext })];
  }

  #openAnswer(answer: Answer, sharedSecret: Uint8Array, nowMs: number): HandshakeAction[] {
    const verdict = openAnswer(this.#expected, answer, sharedSecret);
    if (verdict.type === 'wrong') return this.#wrongAnswer(nowMs);
    if (verdict.type === 'fail') return this.#fail(verdict.code);
    this.#keyPair?.destroy();
    const { opened: proven } = verdict;
    this.#state = { name: 'verifying', proven };
    // 4. The signature.
    const { publicKey, params, signature: slot } = proven.proof;
    const leaf = responderLeaf(proven.secrets.transcript1, publicKey, params);
    const { networkHash } = this.#options;
    return [this.#job({ type: 'verify-slot', publicKey, slot, leaf, networkHash })];
  }

  #openReanswer(answer: Answer, sharedSecret: Uint8Array, nowMs: number): HandshakeAction[] {
    const { ticket, self } = this.#options;
    if (ticket === undefined) return this.#fail('ANNEX_DECRYPT');
    const verdict = openReanswer(this.#expected, answer, sharedSecret, ticket);
    if (verdict.type === 'wrong') return this.#wrongAnswer(nowMs);
    if (verdict.type === 'fail') return this.#fail(verdict.code);
    this.#keyPair?.destroy();
    return this.#done(verdict.concluded, reconfirmOf(verdict.concluded, self), nowMs);
  }

  get #expected(): Expected {
    const { networkHash, self, peer } = this.#options;
    return { networkHash, open: this.#open, self: self.nodeId, peer };
  }

  /** Somebody on the way may have made it up: the genuine one may still come, since our OPEN is sent again. */
  #wrongAnswer(nowMs: number): HandshakeAction[] {
    this.#state = { name: 'waiting' };
    this.#unanswered = new Retransmission(this.#open, nowMs);
    return [{ type: 'ignored', code: 'PEER_DECRYPT' }];
  }

  #verified(proven: OpenedAnswer, valid: boolean, nowMs: number): HandshakeAction[] {
    const { secrets, transcript2 } = proven;
    const { self, isAnonymous } = this.#options;
    if (!valid) return this.#failWith(secrets, 'ANNEX_SIGNATURE');
    // 5. The MAC that ties the identity to these keys.
    if (!isBound(proven)) return this.#failWith(secrets, 'ANNEX_FIN');
    this.#state = { name: 'signing', proven };
    // Without an identity: bytes of the same length that nobody looks at.
    if (isAnonymous) return this.#confirm(proven, this.#options.random.bytes(3_309), nowMs);
    const message = sha512(concatBytes(transcript2, self.publicKey, self.params));
    return [this.#job({ type: 'sign', message, context: INITIATOR_CONTEXT })];
  }

  #confirm(proven: OpenedAnswer, signature: Uint8Array, nowMs: number): HandshakeAction[] {
    const { self, isAnonymous, random } = this.#options;
    const publicKey = isAnonymous ? random.bytes(self.publicKey.length) : self.publicKey;
    return this.#done(proven, confirmOf(proven, publicKey, self.params, signature), nowMs);
  }

  /** Our proof goes out until the other end's first record shows that it came. */
  #done(concluded: Concluded, { bytes, plaintext }: OwnProof, nowMs: number): HandshakeAction[] {
    const { secrets, answer, peer, transcript2, resumed } = concluded;
    const params = decodeParams(concluded.params);
    if (params === undefined) return this.#failWith(secrets, 'ANNEX_DECRYPT');
    const { kem, isAnonymous } = this.#options;
    this.#state = { name: 'confirmed' };
    const outcome: HandshakeOutcome = {
      role: 'initiator',
      kem,
      peer,
      isAnonymous,
      resumed,
      params,
      secrets: channelSecrets(secrets, transcript2, plaintext),
      ownSession: this.#session,
      peerSession: answer.responderSession,
    };
    return [...this.#sendUntilAnswered(bytes, nowMs), { type: 'done', outcome }];
  }

  #job(job: CryptoJob): HandshakeAction {
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }

  #failWith(secrets: SigmaSecrets, code: HandshakeErrorCode): HandshakeAction[] {
    secrets.destroy();
    return this.#fail(code);
  }

  #fail(code: HandshakeErrorCode): HandshakeAction[] {
    this.destroy();
    return [{ type: 'fail', code }];
  }
}
