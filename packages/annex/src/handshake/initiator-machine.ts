import {
  concatBytes,
  equalBytes,
  HASH_PUZZLE_PARTS,
  PUZZLE_BITS_MAX,
  PUZZLE_BITS_MIN,
  puzzlePrefix,
  sha256,
  sha512,
  type Kem,
  type KemKeyPair,
  type NodeId,
  type SigmaSecrets,
} from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { HandshakeErrorCode } from '../errors.js';
import type { HandshakeAction, HandshakeOutcome, HandshakeSelf } from './actions.js';
import { openAnswer, type OpenedAnswer } from './answer-proof.js';
import { channelSecrets, INITIATOR_CONTEXT, responderLeaf } from './key-schedule.js';
import {
  decodeAnswer,
  decodeChallenge,
  decodeHeader,
  decodeRefuse,
  encodeConfirmClear,
  encodeOpen,
  encodeProof,
  HandshakeType,
  NETWORK_PREFIX_BYTES,
  PUZZLE_BYTES,
  RefuseCode,
  SESSION_BYTES,
  type Answer,
} from './messages.js';
import { decodeParams } from './params.js';

/** When an unanswered message is sent again, after its first sending. */
const RETRANSMIT_MS = [500, 1_500, 3_500, 7_500] as const;
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
  readonly random: Random;
  readonly nowMs: number;
}

type State =
  | { readonly name: 'idle' | 'generating' | 'solving' | 'waiting' | 'confirmed' | 'ended' }
  | { readonly name: 'decapsulating'; readonly answer: Answer }
  | { readonly name: 'verifying' | 'signing'; readonly proven: OpenedAnswer };

const REFUSALS: Readonly<Record<number, HandshakeErrorCode>> = {
  [RefuseCode.VERSION]: 'ANNEX_VERSION',
  [RefuseCode.BUSY]: 'ANNEX_BUSY',
  [RefuseCode.PUZZLE]: 'ANNEX_PUZZLE',
};

/** The calling side: OPEN out, ANSWER in, CONFIRM out until the first record comes. Steps are PROTOCOL.md's "Order at A". */
export class InitiatorMachine {
  readonly #options: InitiatorOptions;
  readonly #session: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #endMs: number;
  #state: State = { name: 'idle' };
  #keyPair: KemKeyPair | undefined;
  #open: Uint8Array = new Uint8Array(0);
  /** What is sent again, and how often it was. */
  #unanswered: { readonly bytes: Uint8Array; readonly sentMs: number; count: number } | undefined;
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
    const pending = this.#unanswered;
    const next = pending === undefined ? undefined : RETRANSMIT_MS[pending.count];
    return pending === undefined || next === undefined
      ? this.#endMs
      : Math.min(this.#endMs, pending.sentMs + next);
  }

  start(): HandshakeAction[] {
    this.#state = { name: 'generating' };
    return [this.#job({ type: 'generate', kem: this.#options.kem })];
  }

  tick(nowMs: number): HandshakeAction[] {
    if (this.#state.name === 'ended') return [];
    if (nowMs >= this.#endMs) return this.#fail('ANNEX_TIMEOUT');
    const pending = this.#unanswered;
    const next = pending === undefined ? undefined : RETRANSMIT_MS[pending.count];
    if (pending === undefined || next === undefined || nowMs < pending.sentMs + next) return [];
    pending.count += 1;
    return [{ type: 'send', bytes: pending.bytes }];
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
        return this.#answer(bytes);
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
      return this.#openAnswer(state.answer, result.sharedSecret, nowMs);
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
    this.#unanswered = undefined;
    this.#state = { name: 'ended' };
  }

  #sendOpen(puzzle: Uint8Array, nowMs: number): HandshakeAction[] {
    const { kem, networkHash } = this.#options;
    if (this.#keyPair === undefined) return this.#fail('ANNEX_DECRYPT');
    this.#open = encodeOpen(kem, {
      suite: kem.suite,
      networkPrefix: networkHash.subarray(0, NETWORK_PREFIX_BYTES),
      session: this.#session,
      nonce: this.#nonce,
      encapsulationKey: this.#keyPair.publicKey,
      puzzle,
    });
    this.#state = { name: 'waiting' };
    return this.#sendUntilAnswered(this.#open, nowMs);
  }

  #sendUntilAnswered(bytes: Uint8Array, nowMs: number): HandshakeAction[] {
    this.#unanswered = { bytes, sentMs: nowMs, count: 0 };
    return [{ type: 'send', bytes }];
  }

  #refused(bytes: Uint8Array): HandshakeAction[] {
    const refuse = decodeRefuse(bytes);
    const code = refuse && REFUSALS[refuse.code];
    if (refuse === undefined || code === undefined || !equalBytes(refuse.session, this.#session))
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    return this.#fail(code);
  }

  #challenge(bytes: Uint8Array): HandshakeAction[] {
    const challenge = decodeChallenge(bytes);
    const isOurs =
      challenge?.suite === this.#options.kem.suite && equalBytes(challenge.session, this.#session);
    if (challenge === undefined || !isOurs || this.#challenged || this.#keyPair === undefined)
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    if (challenge.count !== HASH_PUZZLE_PARTS || challenge.bits < PUZZLE_BITS_MIN)
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    if (challenge.bits > PUZZLE_BITS_MAX) return this.#fail('ANNEX_PUZZLE');
    this.#challenged = true;
    this.#unanswered = undefined;
    this.#state = { name: 'solving' };
    const prefix = puzzlePrefix(challenge.seed, this.#session, sha256(this.#keyPair.publicKey));
    return [this.#job({ type: 'solve', prefix, bits: challenge.bits })];
  }

  #answer(bytes: Uint8Array): HandshakeAction[] {
    const answer = decodeAnswer(bytes.slice());
    const suiteFits = answer?.suite === this.#options.kem.suite;
    if (answer === undefined || !suiteFits || this.#keyPair === undefined)
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    const echoed = equalBytes(answer.initiatorSession, this.#session);
    const reflected = equalBytes(answer.responderSession, this.#session);
    if (!echoed || reflected) return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    this.#unanswered = undefined;
    this.#state = { name: 'decapsulating', answer };
    return [this.#job({ type: 'decapsulate', keyPair: this.#keyPair, ciphertext: answer.ciphertext })];
  }

  #openAnswer(answer: Answer, sharedSecret: Uint8Array, nowMs: number): HandshakeAction[] {
    const { networkHash, self, peer } = this.#options;
    const expected = { networkHash, open: this.#open, self: self.nodeId, peer };
    const verdict = openAnswer(expected, answer, sharedSecret);
    if (verdict.type === 'wrong') return this.#wrongAnswer(nowMs);
    if (verdict.type === 'fail') return this.#fail(verdict.code);
    this.#keyPair?.destroy();
    const { secrets, proof } = verdict.opened;
    this.#state = { name: 'verifying', proven: verdict.opened };
    // 4. The signature.
    const leaf = responderLeaf(secrets.transcript1, proof.publicKey, proof.params);
    const { publicKey, signature: slot } = proof;
    return [this.#job({ type: 'verify-slot', publicKey, slot, leaf, networkHash })];
  }

  /** Somebody on the way may have made it up: the genuine one may still come, since our OPEN is sent again. */
  #wrongAnswer(nowMs: number): HandshakeAction[] {
    this.#state = { name: 'waiting' };
    this.#unanswered = { bytes: this.#open, sentMs: nowMs, count: 0 };
    return [{ type: 'ignored', code: 'PEER_DECRYPT' }];
  }

  #verified(proven: OpenedAnswer, valid: boolean, nowMs: number): HandshakeAction[] {
    const { secrets, proof, transcript2 } = proven;
    const { self, isAnonymous } = this.#options;
    if (!valid) return this.#failWith(secrets, 'ANNEX_SIGNATURE');
    // 5. The MAC that ties the identity to these keys.
    const { publicKey, params, signature } = proof;
    const fin = secrets.responder.fin(secrets.transcript1, publicKey, params, signature);
    if (!equalBytes(fin, proof.fin)) return this.#failWith(secrets, 'ANNEX_FIN');
    this.#state = { name: 'signing', proven };
    // Without an identity: bytes of the same length that nobody looks at.
    if (isAnonymous) return this.#confirm(proven, this.#options.random.bytes(3_309), nowMs);
    const message = sha512(concatBytes(transcript2, self.publicKey, self.params));
    return [this.#job({ type: 'sign', message, context: INITIATOR_CONTEXT })];
  }

  #confirm(proven: OpenedAnswer, signature: Uint8Array, nowMs: number): HandshakeAction[] {
    const { secrets, answer, proof, transcript2, peer } = proven;
    const { self, kem, isAnonymous, random } = this.#options;
    const params = decodeParams(proof.params);
    if (params === undefined) return this.#failWith(secrets, 'ANNEX_DECRYPT');
    const publicKey = isAnonymous ? random.bytes(self.publicKey.length) : self.publicKey;
    const fin = secrets.initiator.fin(transcript2, publicKey, self.params, signature);
    const plaintext = encodeProof({ publicKey, params: self.params, signature, fin });
    const clear = encodeConfirmClear(answer.suite, answer.responderSession);
    const bytes = concatBytes(clear, secrets.initiator.seal(plaintext, clear));
    this.#state = { name: 'confirmed' };
    const outcome: HandshakeOutcome = {
      role: 'initiator',
      kem,
      peer,
      isAnonymous,
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
