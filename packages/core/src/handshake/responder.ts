import {
  concatBytes,
  equalBytes,
  nodeIdBytesOf,
  sha512,
  wipe,
  type Kem,
  type NodeId,
  ML_DSA_65_SIGNATURE_BYTES,
} from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode, MeshErrorCode, PeerFaultCode } from '../errors.js';
import { nodeName } from '../node-name.js';
import type { Random } from '../transport/index.js';
import { networkOf } from '../network-hash.js';
import type { HandshakeAction, HandshakeSelf } from './actions.js';
import { INITIATOR_CONTEXT, responderLeaf } from './initiator.js';
import { HandshakeSecrets, linkPrologue } from './key-schedule.js';
import {
  decodeConfirm,
  decodeHeader,
  decodeHello,
  decodeProof,
  encodeChallenge,
  encodeProof,
  encodeRefuse,
  encodeWelcomeClear,
  HandshakeType,
  LINK_VERSION,
  RefuseCode,
  type Confirm,
  type Hello,
  type Proof,
} from './messages.js';
import { decodeParams } from './params.js';
import { PUZZLE_COUNT, type PuzzleIssuer } from './puzzle.js';

export interface ResponderOptions {
  readonly kem: Kem;
  /** Networks that may link to us, our own first. */
  readonly networkHashes: readonly Uint8Array[];
  readonly self: HandshakeSelf;
  readonly random: Random;
  readonly deny: (peer: NodeId) => LinkErrorCode | undefined;
  /** Why no further handshake is taken, now or of this peer: it gets REFUSE(BUSY) or REFUSE(RATE). */
  readonly admit: (nowMs: number) => 'MESH_BUSY' | 'MESH_RATE_LIMITED' | undefined;
  readonly puzzles: PuzzleIssuer;
  /** Whom a puzzle's solution is good for: the peer's IPv4 address or IPv6 /64. */
  readonly scope: string;
}

interface Greeting {
  readonly hello: Hello;
  readonly helloBytes: Uint8Array;
  readonly networkHash: Uint8Array;
  readonly session: Uint8Array;
  readonly nonce: Uint8Array;
}

interface Answered {
  readonly greeting: Greeting;
  readonly secrets: HandshakeSecrets;
  readonly clear: Uint8Array;
}

interface Proven {
  readonly proof: Proof;
  readonly plaintext: Uint8Array;
  readonly peer: NodeId;
  readonly peerBytes: Uint8Array;
}

type State =
  | { readonly name: 'waiting' | 'ended' }
  | { readonly name: 'challenged'; readonly bits: number }
  | { readonly name: 'encapsulating'; readonly greeting: Greeting }
  | { readonly name: 'signing'; readonly answered: Answered }
  | { readonly name: 'confirming'; readonly answered: Answered; readonly transcript2: Uint8Array }
  | {
      readonly name: 'verifying';
      readonly answered: Answered;
      readonly transcript2: Uint8Array;
      readonly proven: Proven;
    };

/** The accepting side of the link handshake, in the order that spends least on strangers (PROTOCOL.md "Order at B"). */
export class ResponderMachine {
  readonly #options: ResponderOptions;
  #state: State = { name: 'waiting' };
  #ticket = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  receive(bytes: Uint8Array, nowMs: number): HandshakeAction[] {
    switch (this.#state.name) {
      case 'waiting':
      case 'challenged':
        return this.#receiveHello(bytes, nowMs);
      case 'confirming':
        return this.#receiveConfirm(bytes);
      default:
        return this.#fail('LINK_UNEXPECTED');
    }
  }

  complete(ticket: number, result: JobResult): HandshakeAction[] {
    if (ticket !== this.#ticket) return [];
    const state = this.#state;
    if (state.name === 'encapsulating' && result.type === 'encapsulate') {
      return this.#answer(state.greeting, result.ciphertext, result.sharedSecret);
    }
    if (state.name === 'signing' && result.type === 'sign-slot')
      return this.#welcome(state.answered, result.slot);
    if (state.name === 'verifying' && result.type === 'verify') {
      if (!result.valid) return this.#fail('LINK_SIGNATURE');
      return this.#finish(state.answered, state.transcript2, state.proven);
    }
    return state.name === 'ended' ? [] : this.#fail('LINK_DECRYPT');
  }

  /** Forgets every secret; the machine does nothing more. */
  destroy(): void {
    const state = this.#state;
    if (state.name === 'signing' || state.name === 'confirming' || state.name === 'verifying') {
      state.answered.secrets.destroy();
    }
    this.#state = { name: 'ended' };
  }

  #receiveHello(bytes: Uint8Array, nowMs: number): HandshakeAction[] {
    const { kem, networkHashes, admit } = this.#options;
    // 1. Size, version and suite, by the header alone.
    const header = decodeHeader(bytes);
    if (header === undefined || header.type !== HandshakeType.HELLO) return this.#fail('PEER_NOT_HANDSHAKE');
    if (header.version !== LINK_VERSION || header.suite !== kem.suite) {
      return this.#refuse(bytes.subarray(16, 32), RefuseCode.VERSION, 'MESH_VERSION_MISMATCH');
    }
    const hello = decodeHello(bytes);
    if (hello === undefined) return this.#fail('LINK_BAD_MESSAGE');
    // 2. The network, by its prefix; a colliding prefix fails at the tag.
    const networkHash = networkOf(networkHashes, hello.networkPrefix);
    if (networkHash === undefined)
      return this.#refuse(hello.session, RefuseCode.NETWORK, 'MESH_NETWORK_MISMATCH');
    // 3. Room for one more half-open handshake.
    const refusal = this.#state.name === 'waiting' ? admit(nowMs) : undefined;
    if (refusal !== undefined) {
      const code = refusal === 'MESH_BUSY' ? RefuseCode.BUSY : RefuseCode.RATE;
      return this.#refuse(hello.session, code, refusal);
    }
    // 4. A puzzle, where we are under load.
    const demand = this.#demandPuzzle(hello, nowMs);
    if (demand !== undefined) return demand;
    // 5. Only now the KEM.
    const greeting = {
      hello,
      helloBytes: bytes.slice(),
      networkHash,
      session: this.#options.random.bytes(16),
      nonce: this.#options.random.bytes(32),
    };
    this.#state = { name: 'encapsulating', greeting };
    return [this.#job({ type: 'encapsulate', kem, publicKey: hello.encapsulationKey.slice() })];
  }

  /** The CHALLENGE or refusal that this HELLO gets; undefined where it may go on. */
  #demandPuzzle(hello: Hello, nowMs: number): HandshakeAction[] | undefined {
    const { kem, puzzles, scope } = this.#options;
    const { session } = hello;
    if (this.#state.name === 'challenged') {
      const isSolved = puzzles.check(scope, hello, this.#state.bits, nowMs);
      return isSolved ? undefined : this.#refuse(session, RefuseCode.PUZZLE, 'MESH_PUZZLE');
    }
    const bits = puzzles.bitsDemanded(nowMs);
    if (bits === 0) return undefined;
    this.#state = { name: 'challenged', bits };
    const { seed, expirySeconds } = puzzles.issue(scope, bits, nowMs);
    const challenge = { suite: kem.suite, session, seed, bits, count: PUZZLE_COUNT, expirySeconds };
    return [{ type: 'send', bytes: encodeChallenge(challenge) }];
  }

  #answer(greeting: Greeting, ciphertext: Uint8Array, sharedSecret: Uint8Array): HandshakeAction[] {
    const { kem, self } = this.#options;
    const clear = encodeWelcomeClear(kem, {
      initiatorSession: greeting.hello.session,
      responderSession: greeting.session,
      nonce: greeting.nonce,
      ciphertext,
    });
    const prologue = linkPrologue(greeting.networkHash);
    const secrets = new HandshakeSecrets(prologue, greeting.helloBytes, clear, sharedSecret);
    wipe(sharedSecret);
    this.#state = { name: 'signing', answered: { greeting, secrets, clear } };
    const leaf = responderLeaf(secrets.transcript1, self.publicKey, self.params);
    return [this.#job({ type: 'sign-slot', leaf, networkHash: greeting.networkHash })];
  }

  #welcome(answered: Answered, slot: Uint8Array): HandshakeAction[] {
    const { publicKey, params } = this.#options.self;
    const { secrets, clear } = answered;
    const fin = secrets.responder.fin(secrets.transcript1, publicKey, params, slot);
    const plaintext = encodeProof({ publicKey, params, signature: slot, fin });
    const transcript2 = sha512(concatBytes(secrets.transcript1, plaintext));
    this.#state = { name: 'confirming', answered, transcript2 };
    return [{ type: 'send', bytes: concatBytes(clear, secrets.responder.seal(plaintext, clear)) }];
  }

  #receiveConfirm(bytes: Uint8Array): HandshakeAction[] {
    if (this.#state.name !== 'confirming') return this.#fail('LINK_UNEXPECTED');
    const { answered, transcript2 } = this.#state;
    const confirm = decodeConfirm(bytes);
    if (confirm === undefined || !this.#isForUs(confirm, answered)) return this.#fail('LINK_BAD_MESSAGE');
    // 1. The tag proves that the sender decapsulated: only now is a verification worth its price.
    const plaintext = answered.secrets.initiator.open(confirm.sealed, confirm.clear);
    const proof = plaintext === undefined ? undefined : decodeProof(plaintext, ML_DSA_65_SIGNATURE_BYTES);
    if (plaintext === undefined || proof === undefined) return this.#fail('LINK_DECRYPT');
    // 2. Who it says it is.
    const peerBytes = nodeIdBytesOf(proof.publicKey);
    const peer = nodeName(peerBytes);
    if (peer === this.#options.self.nodeId) return this.#fail('LINK_SELF');
    const denied = this.#options.deny(peer);
    if (denied !== undefined) return this.#deny(answered, transcript2, plaintext, denied);
    // 3. The cheap MAC, then the signature.
    const fin = answered.secrets.initiator.fin(transcript2, proof.publicKey, proof.params, proof.signature);
    if (!equalBytes(fin, proof.fin)) return this.#fail('LINK_FIN');
    this.#state = { name: 'verifying', answered, transcript2, proven: { proof, plaintext, peer, peerBytes } };
    return [
      this.#job({
        type: 'verify',
        publicKey: proof.publicKey,
        message: sha512(concatBytes(transcript2, proof.publicKey, proof.params)),
        signature: proof.signature,
        context: INITIATOR_CONTEXT,
        isStrangers: true,
      }),
    ];
  }

  /** Told before the signature is looked at: whoever is not wanted costs us no verification. */
  #deny(
    answered: Answered,
    transcript2: Uint8Array,
    plaintext: Uint8Array,
    code: LinkErrorCode,
  ): HandshakeAction[] {
    const secrets = answered.secrets.finish(transcript2, plaintext);
    this.#state = { name: 'ended' };
    return [{ type: 'denied', secrets, code }];
  }

  #isForUs(confirm: Confirm, answered: Answered): boolean {
    return (
      confirm.suite === this.#options.kem.suite &&
      equalBytes(confirm.responderSession, answered.greeting.session)
    );
  }

  #finish(answered: Answered, transcript2: Uint8Array, proven: Proven): HandshakeAction[] {
    const params = decodeParams(proven.proof.params);
    if (params === undefined) return this.#fail('LINK_BAD_MESSAGE');
    const secrets = answered.secrets.finish(transcript2, proven.plaintext);
    this.#state = { name: 'ended' };
    const outcome = {
      role: 'responder' as const,
      nodeId: proven.peer,
      nodeIdBytes: proven.peerBytes,
      publicKey: proven.proof.publicKey.slice(),
      params,
      secrets,
      networkHash: answered.greeting.networkHash,
    };
    return [{ type: 'done', outcome }];
  }

  #job(job: Extract<HandshakeAction, { type: 'job' }>['job']): HandshakeAction {
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }

  #refuse(session: Uint8Array, code: RefuseCode, why: MeshErrorCode): HandshakeAction[] {
    if (session.length !== 16) return this.#fail('PEER_NOT_HANDSHAKE');
    const bytes = encodeRefuse({ suite: this.#options.kem.suite, session, code });
    return [{ type: 'send', bytes }, ...this.#fail(why)];
  }

  #fail(code: MeshErrorCode | PeerFaultCode): HandshakeAction[] {
    if (this.#state.name === 'ended') return [];
    this.destroy();
    return [{ type: 'fail', code }];
  }
}
