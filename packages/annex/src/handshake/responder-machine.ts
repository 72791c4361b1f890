import {
  concatBytes,
  encodeNodeId,
  equalBytes,
  ML_DSA_65_SIGNATURE_BYTES,
  nodeIdBytesOf,
  sha256,
  sha512,
  wipe,
  type Kem,
  type SigmaSecrets,
} from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type {
  HandshakeAction,
  HandshakeOutcome,
  HandshakeSelf,
  PeerFaultCode,
  ProvenPeer,
} from './actions.js';
import { channelSecrets, handshakeSecrets, INITIATOR_CONTEXT, responderLeaf } from './key-schedule.js';
import {
  decodeConfirm,
  decodeProof,
  encodeAnswerClear,
  encodeProof,
  SESSION_BYTES,
  type Confirm,
  type Open,
} from './messages.js';
import { decodeParams, type ChannelParams } from './params.js';
import type { Ticket } from './resumption.js';
import {
  decodeReconfirm,
  decodeShortProof,
  encodeReanswerClear,
  encodeShortProof,
} from './resumption-messages.js';

/** How long an ANSWER waits for its CONFIRM, and is sent again for the same OPEN. */
export const HALF_OPEN_MS = 30_000;
/** CONFIRMs with a wrong tag that one handshake looks at. */
const WRONG_CONFIRMS_MAX = 8;
const NONCE_BYTES = 32;

export interface ResponderOptions {
  readonly kem: Kem;
  readonly networkHash: Uint8Array;
  readonly self: HandshakeSelf;
  readonly random: Random;
  /** The OPEN, decoded, and its bytes without padding; both are copied. */
  readonly open: Open;
  readonly openBytes: Uint8Array;
  /** Where it is a REOPEN that proved to have this ticket: then no signature is made or asked for. Its psk is wiped. */
  readonly ticket?: Ticket | undefined;
  readonly nowMs: number;
}

interface Proven {
  readonly params: ChannelParams;
  readonly plaintext: Uint8Array;
  readonly peer: ProvenPeer;
}

interface Waiting {
  readonly secrets: SigmaSecrets;
  readonly transcript2: Uint8Array;
}

type State =
  | { readonly name: 'encapsulating' | 'ended' }
  | { readonly name: 'signing'; readonly secrets: SigmaSecrets; readonly clear: Uint8Array }
  | ({ readonly name: 'waiting' } & Waiting)
  | ({ readonly name: 'verifying'; readonly proven: Proven } & Waiting);

/**
 * The answering side of one OPEN. Whether to take it at all (version, network, load, puzzle) was decided before: here it costs
 * an encapsulation and a share of a signature. Steps are PROTOCOL.md's "Order at B".
 */
export class ResponderMachine {
  readonly #options: ResponderOptions;
  readonly #session: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #peerSession: Uint8Array;
  readonly #open: Uint8Array;
  readonly #endMs: number;
  #state: State = { name: 'encapsulating' };
  #answer: Uint8Array | undefined;
  #confirmHash: Uint8Array | undefined;
  #wrongConfirms = 0;
  #ticket = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
    this.#session = options.random.bytes(SESSION_BYTES);
    this.#nonce = options.random.bytes(NONCE_BYTES);
    this.#peerSession = options.open.session.slice();
    this.#open = options.openBytes.slice();
    this.#endMs = options.nowMs + HALF_OPEN_MS;
  }

  /** Our session id: the CONFIRM and the records to us bear it. */
  get session(): Uint8Array {
    return this.#session;
  }

  get deadlineMs(): number | undefined {
    return this.#state.name === 'ended' ? undefined : this.#endMs;
  }

  start(): HandshakeAction[] {
    const { kem, open } = this.#options;
    return [this.#job({ type: 'encapsulate', kem, publicKey: open.encapsulationKey.slice() })];
  }

  tick(nowMs: number): HandshakeAction[] {
    return this.#state.name === 'ended' || nowMs < this.#endMs ? [] : this.#fail('PEER_TIMEOUT');
  }

  /** The same OPEN came again: the same ANSWER, once there is one. */
  again(): HandshakeAction[] {
    return this.#answer === undefined || this.#state.name === 'ended'
      ? []
      : [{ type: 'send', bytes: this.#answer }];
  }

  /** Whether this is the CONFIRM that was accepted: its sender has not heard from us yet. */
  isConfirmed(bytes: Uint8Array): boolean {
    return this.#confirmHash !== undefined && equalBytes(this.#confirmHash, sha256(bytes));
  }

  /** A CONFIRM without its padding. */
  receive(bytes: Uint8Array): HandshakeAction[] {
    const state = this.#state;
    if (state.name !== 'waiting') return [{ type: 'ignored', code: 'PEER_UNEXPECTED' }];
    const { ticket } = this.#options;
    const confirm = ticket === undefined ? decodeConfirm(bytes) : decodeReconfirm(bytes);
    if (confirm?.suite !== this.#options.kem.suite || !equalBytes(confirm.responderSession, this.#session))
      return [{ type: 'ignored', code: 'PEER_BAD_MESSAGE' }];
    const confirmHash = sha256(bytes);
    return ticket === undefined
      ? this.#confirm(state, confirm, confirmHash)
      : this.#reconfirm(state, confirm, confirmHash, ticket);
  }

  complete(ticket: number, result: JobResult): HandshakeAction[] {
    const state = this.#state;
    if (ticket !== this.#ticket || state.name === 'ended') return [];
    if (state.name === 'encapsulating' && result.type === 'encapsulate')
      return this.#encapsulated(result.ciphertext, result.sharedSecret);
    if (state.name === 'signing' && result.type === 'sign-slot')
      return this.#signed(state.secrets, state.clear, result.slot);
    if (state.name === 'verifying' && result.type === 'verify')
      return result.valid ? this.#finish(state) : this.#fail('PEER_SIGNATURE');
    return this.#fail('PEER_DECRYPT');
  }

  /** Forgets every secret; the machine does nothing more. */
  destroy(): void {
    const state = this.#state;
    if ('secrets' in state) state.secrets.destroy();
    this.#answer = undefined;
    this.#state = { name: 'ended' };
  }

  #encapsulated(ciphertext: Uint8Array, sharedSecret: Uint8Array): HandshakeAction[] {
    const { kem, self, networkHash, ticket } = this.#options;
    const encodeClear = ticket === undefined ? encodeAnswerClear : encodeReanswerClear;
    const clear = encodeClear(kem, {
      initiatorSession: this.#peerSession,
      responderSession: this.#session,
      nonce: this.#nonce,
      ciphertext,
    });
    const psk = ticket?.psk;
    const secrets = handshakeSecrets(networkHash, self.nodeIdBytes, this.#open, clear, sharedSecret, psk);
    wipe(sharedSecret);
    if (psk !== undefined) {
      wipe(psk);
      const fin = secrets.responder.fin(secrets.transcript1, self.params);
      return this.#answered(secrets, clear, encodeShortProof({ params: self.params, fin }));
    }
    this.#state = { name: 'signing', secrets, clear };
    const leaf = responderLeaf(secrets.transcript1, self.publicKey, self.params);
    return [this.#job({ type: 'sign-slot', leaf, networkHash })];
  }

  #signed(secrets: SigmaSecrets, clear: Uint8Array, slot: Uint8Array): HandshakeAction[] {
    const { publicKey, params } = this.#options.self;
    const fin = secrets.responder.fin(secrets.transcript1, publicKey, params, slot);
    return this.#answered(secrets, clear, encodeProof({ publicKey, params, signature: slot, fin }));
  }

  #answered(secrets: SigmaSecrets, clear: Uint8Array, plaintext: Uint8Array): HandshakeAction[] {
    const transcript2 = sha512(concatBytes(secrets.transcript1, plaintext));
    this.#answer = concatBytes(clear, secrets.responder.seal(plaintext, clear));
    this.#state = { name: 'waiting', secrets, transcript2 };
    return this.again();
  }

  #confirm({ secrets, transcript2 }: Waiting, confirm: Confirm, confirmHash: Uint8Array): HandshakeAction[] {
    // 1. The tag proves that the sender decapsulated: only now is a verification worth its price.
    const plaintext = secrets.initiator.open(confirm.sealed, confirm.clear);
    const proof = plaintext === undefined ? undefined : decodeProof(plaintext, ML_DSA_65_SIGNATURE_BYTES);
    const params = proof === undefined ? undefined : decodeParams(proof.params);
    if (plaintext === undefined || proof === undefined || params === undefined) return this.#wrongConfirm();
    // 2. The cheap MAC.
    const { publicKey, signature } = proof;
    const fin = secrets.initiator.fin(transcript2, publicKey, proof.params, signature);
    if (!equalBytes(fin, proof.fin)) return this.#fail('PEER_FIN');
    // 3. Who it says it is; never ourselves.
    const nodeIdBytes = nodeIdBytesOf(publicKey);
    const peer = { nodeId: encodeNodeId(nodeIdBytes), nodeIdBytes, publicKey: publicKey.slice() };
    if (peer.nodeId === this.#options.self.nodeId) return this.#fail('PEER_SELF');
    this.#confirmHash = confirmHash;
    const proven = { params, plaintext, peer };
    if (params.isAnonymous) return this.#finish({ secrets, transcript2, proven });
    this.#state = { name: 'verifying', secrets, transcript2, proven };
    // 4. The signature.
    const message = sha512(concatBytes(transcript2, publicKey, proof.params));
    const context = INITIATOR_CONTEXT;
    return [this.#job({ type: 'verify', publicKey, message, signature, context, isStrangers: true })];
  }

  /** Who it is was proven in the session that left the ticket; that it is so still, by the ticket's psk in these keys. */
  #reconfirm(
    { secrets, transcript2 }: Waiting,
    confirm: Confirm,
    confirmHash: Uint8Array,
    { peer }: Ticket,
  ): HandshakeAction[] {
    const plaintext = secrets.initiator.open(confirm.sealed, confirm.clear);
    const proof = plaintext === undefined ? undefined : decodeShortProof(plaintext);
    const params = proof === undefined ? undefined : decodeParams(proof.params);
    if (plaintext === undefined || proof === undefined || params === undefined) return this.#wrongConfirm();
    const fin = secrets.initiator.fin(transcript2, proof.params);
    if (!equalBytes(fin, proof.fin) || params.isAnonymous) return this.#fail('PEER_FIN');
    this.#confirmHash = confirmHash;
    return this.#finish({ secrets, transcript2, proven: { params, plaintext, peer } });
  }

  /** Somebody on the way may have made it up: the genuine one may still come. */
  #wrongConfirm(): HandshakeAction[] {
    this.#wrongConfirms += 1;
    if (this.#wrongConfirms >= WRONG_CONFIRMS_MAX) return this.#fail('PEER_DECRYPT');
    return [{ type: 'ignored', code: 'PEER_DECRYPT' }];
  }

  #finish({ secrets, transcript2, proven }: Waiting & { readonly proven: Proven }): HandshakeAction[] {
    const { params, plaintext, peer } = proven;
    const outcome: HandshakeOutcome = {
      role: 'responder',
      kem: this.#options.kem,
      peer: params.isAnonymous ? undefined : peer,
      isAnonymous: params.isAnonymous,
      resumed: this.#options.ticket,
      params,
      secrets: channelSecrets(secrets, transcript2, plaintext),
      ownSession: this.#session,
      peerSession: this.#peerSession,
    };
    this.#answer = undefined;
    this.#state = { name: 'ended' };
    return [{ type: 'done', outcome }];
  }

  #job(job: CryptoJob): HandshakeAction {
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }

  #fail(code: PeerFaultCode): HandshakeAction[] {
    this.destroy();
    return [{ type: 'fail', code }];
  }
}
