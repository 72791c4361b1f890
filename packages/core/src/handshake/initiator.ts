import {
  concatBytes,
  decodeBatchHead,
  equalBytes,
  nodeIdBytesOf,
  sha256,
  sha512,
  utf8ToBytes,
  wipe,
  BATCH_HEAD_BYTES,
  type Kem,
  type KemKeyPair,
  type NodeId,
  SLOT_BYTES,
} from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode, MeshErrorCode } from '../errors.js';
import { nodeName } from '../node-name.js';
import type { Random } from '../transport/index.js';
import { networkPrefix } from '../network-hash.js';
import type { HandshakeAction, HandshakeSelf } from './actions.js';
import { HandshakeSecrets, linkPrologue } from './key-schedule.js';
import {
  decodeChallenge,
  decodeHeader,
  decodeProof,
  decodeRefuse,
  decodeWelcome,
  encodeConfirmClear,
  encodeHello,
  encodeProof,
  HandshakeType,
  PUZZLE_BYTES,
  RefuseCode,
  type Proof,
  type Welcome,
} from './messages.js';
import { decodeParams } from './params.js';
import { PUZZLE_BITS_MAX, PUZZLE_BITS_MIN, PUZZLE_COUNT } from './puzzle.js';

/** What the initiator signs, and what the responder's leaf starts with. */
export const INITIATOR_CONTEXT = utf8ToBytes('link/1 i');

export interface InitiatorOptions {
  readonly kem: Kem;
  readonly networkHash: Uint8Array;
  readonly self: HandshakeSelf;
  /** The only peer that is accepted; undefined accepts whoever proves an identity. */
  readonly expected: NodeId | undefined;
  readonly random: Random;
  /** Answers a code for a peer that is not wanted: banned, or refused by a gate. */
  readonly deny: (peer: NodeId) => LinkErrorCode | undefined;
}

type State =
  | { readonly name: 'idle' | 'generating' | 'solving' | 'waiting' | 'ended' }
  | { readonly name: 'decapsulating'; readonly welcome: Welcome }
  | { readonly name: 'verifying' | 'signing'; readonly proven: Proven };

interface Proven {
  readonly secrets: HandshakeSecrets;
  readonly welcome: Welcome;
  readonly proof: Proof;
  readonly peer: NodeId;
  readonly peerBytes: Uint8Array;
  readonly transcript2: Uint8Array;
}

const REFUSALS: Readonly<Record<number, MeshErrorCode>> = {
  [RefuseCode.VERSION]: 'MESH_VERSION_MISMATCH',
  [RefuseCode.NETWORK]: 'MESH_NETWORK_MISMATCH',
  [RefuseCode.BUSY]: 'MESH_BUSY',
  [RefuseCode.PUZZLE]: 'MESH_PUZZLE',
  [RefuseCode.RATE]: 'MESH_RATE_LIMITED',
};

/** The dialling side of the link handshake: HELLO out, WELCOME in, CONFIRM out. Steps are PROTOCOL.md's "Order at A". */
export class InitiatorMachine {
  readonly #options: InitiatorOptions;
  readonly #session: Uint8Array;
  readonly #nonce: Uint8Array;
  #state: State = { name: 'idle' };
  #keyPair: KemKeyPair | undefined;
  #hello: Uint8Array = new Uint8Array(0);
  #ticket = 0;
  #challenged = false;

  constructor(options: InitiatorOptions) {
    this.#options = options;
    this.#session = options.random.bytes(16);
    this.#nonce = options.random.bytes(32);
  }

  start(): HandshakeAction[] {
    this.#state = { name: 'generating' };
    return [this.#job({ type: 'generate', kem: this.#options.kem })];
  }

  receive(bytes: Uint8Array): HandshakeAction[] {
    if (this.#state.name !== 'waiting') return this.#fail('LINK_UNEXPECTED');
    const header = decodeHeader(bytes);
    switch (header?.type) {
      case HandshakeType.REFUSE:
        return this.#refused(bytes);
      case HandshakeType.CHALLENGE:
        return this.#challenge(bytes);
      case HandshakeType.WELCOME:
        return this.#welcome(bytes);
      default:
        return this.#fail('LINK_BAD_MESSAGE');
    }
  }

  complete(ticket: number, result: JobResult): HandshakeAction[] {
    if (ticket !== this.#ticket) return [];
    const state = this.#state;
    if (state.name === 'generating' && result.type === 'generate') {
      this.#keyPair = result.keyPair;
      return this.#sendHello(new Uint8Array(PUZZLE_BYTES));
    }
    if (state.name === 'solving' && result.type === 'solve') return this.#sendHello(result.solution);
    if (state.name === 'decapsulating' && result.type === 'decapsulate') {
      return this.#open(state.welcome, result.sharedSecret);
    }
    if (state.name === 'verifying' && result.type === 'verify-slot') {
      return this.#verified(state.proven, result.valid);
    }
    if (state.name === 'signing' && result.type === 'sign')
      return this.#confirm(state.proven, result.signature);
    if (result.type === 'generate') result.keyPair.destroy();
    return state.name === 'ended' ? [] : this.#fail('LINK_DECRYPT');
  }

  /** Forgets every secret; the machine does nothing more. */
  destroy(): void {
    const state = this.#state;
    if (state.name === 'verifying' || state.name === 'signing') state.proven.secrets.destroy();
    this.#keyPair?.destroy();
    this.#state = { name: 'ended' };
  }

  #sendHello(puzzle: Uint8Array): HandshakeAction[] {
    const { kem, networkHash } = this.#options;
    if (this.#keyPair === undefined) return this.#fail('LINK_UNEXPECTED');
    this.#hello = encodeHello(kem, {
      suite: kem.suite,
      networkPrefix: networkPrefix(networkHash),
      session: this.#session,
      nonce: this.#nonce,
      encapsulationKey: this.#keyPair.publicKey,
      puzzle,
    });
    this.#state = { name: 'waiting' };
    return [{ type: 'send', bytes: this.#hello }];
  }

  #refused(bytes: Uint8Array): HandshakeAction[] {
    const refuse = decodeRefuse(bytes);
    if (refuse === undefined || !equalBytes(refuse.session, this.#session))
      return this.#fail('LINK_BAD_MESSAGE');
    return this.#fail(REFUSALS[refuse.code] ?? 'LINK_BAD_MESSAGE');
  }

  #challenge(bytes: Uint8Array): HandshakeAction[] {
    const challenge = decodeChallenge(bytes);
    if (challenge === undefined || this.#challenged || this.#keyPair === undefined) {
      return this.#fail('LINK_BAD_MESSAGE');
    }
    const ours = challenge.suite === this.#options.kem.suite && equalBytes(challenge.session, this.#session);
    if (!ours || challenge.count !== PUZZLE_COUNT) return this.#fail('LINK_BAD_MESSAGE');
    if (challenge.bits < PUZZLE_BITS_MIN) return this.#fail('LINK_BAD_MESSAGE');
    if (challenge.bits > PUZZLE_BITS_MAX) return this.#fail('MESH_PUZZLE');
    this.#challenged = true;
    this.#state = { name: 'solving' };
    return [
      this.#job({
        type: 'solve',
        seed: challenge.seed.slice(),
        session: this.#session,
        key: sha256(this.#keyPair.publicKey),
        bits: challenge.bits,
      }),
    ];
  }

  #welcome(bytes: Uint8Array): HandshakeAction[] {
    const welcome = decodeWelcome(bytes);
    const suiteFits = welcome?.suite === this.#options.kem.suite;
    if (welcome === undefined || !suiteFits || this.#keyPair === undefined)
      return this.#fail('LINK_BAD_MESSAGE');
    const echoed = equalBytes(welcome.initiatorSession, this.#session);
    const reflected = equalBytes(welcome.responderSession, this.#session);
    if (!echoed || reflected) return this.#fail('LINK_BAD_MESSAGE');
    this.#state = { name: 'decapsulating', welcome };
    return [this.#job({ type: 'decapsulate', keyPair: this.#keyPair, ciphertext: welcome.ciphertext })];
  }

  #open(welcome: Welcome, sharedSecret: Uint8Array): HandshakeAction[] {
    const { networkHash, self, expected, deny } = this.#options;
    const secrets = new HandshakeSecrets(linkPrologue(networkHash), this.#hello, welcome.clear, sharedSecret);
    wipe(sharedSecret);
    this.#keyPair?.destroy();
    // 1. The tag: everything before it is unauthenticated.
    const plaintext = secrets.responder.open(welcome.sealed, welcome.clear);
    const proof = plaintext === undefined ? undefined : decodeProof(plaintext, SLOT_BYTES);
    if (plaintext === undefined || proof === undefined) return this.#failWith(secrets, 'LINK_DECRYPT');
    // 2. The signer named by the batch head is the holder of the key.
    const peerBytes = nodeIdBytesOf(proof.publicKey);
    const head = decodeBatchHead(proof.signature.subarray(0, BATCH_HEAD_BYTES));
    if (head === undefined || !equalBytes(head.signer, peerBytes))
      return this.#failWith(secrets, 'LINK_SIGNATURE');
    // 3. The peer that we dialled, which is never ourselves.
    const peer = nodeName(peerBytes);
    if (peer === self.nodeId) return this.#failWith(secrets, 'LINK_SELF');
    if (expected !== undefined && peer !== expected) return this.#failWith(secrets, 'LINK_PEER_MISMATCH');
    // 4. The deny list.
    const denied = deny(peer);
    if (denied !== undefined) return this.#failWith(secrets, denied);
    const transcript2 = sha512(concatBytes(secrets.transcript1, plaintext));
    this.#state = { name: 'verifying', proven: { secrets, welcome, proof, peer, peerBytes, transcript2 } };
    // 5. The signature.
    return [
      this.#job({
        type: 'verify-slot',
        publicKey: proof.publicKey,
        slot: proof.signature,
        leaf: responderLeaf(secrets.transcript1, proof.publicKey, proof.params),
        networkHash,
      }),
    ];
  }

  #verified(proven: Proven, valid: boolean): HandshakeAction[] {
    const { secrets, proof, transcript2 } = proven;
    if (!valid) return this.#failWith(secrets, 'LINK_SIGNATURE');
    // 6. The MAC that ties the identity to these keys.
    const fin = secrets.responder.fin(secrets.transcript1, proof.publicKey, proof.params, proof.signature);
    if (!equalBytes(fin, proof.fin)) return this.#failWith(secrets, 'LINK_FIN');
    this.#state = { name: 'signing', proven };
    const { publicKey, params } = this.#options.self;
    const message = sha512(concatBytes(transcript2, publicKey, params));
    return [this.#job({ type: 'sign', message, context: INITIATOR_CONTEXT })];
  }

  #confirm(proven: Proven, signature: Uint8Array): HandshakeAction[] {
    const { secrets, welcome, proof, transcript2 } = proven;
    const { self, networkHash } = this.#options;
    const { publicKey, params } = self;
    const peerParams = decodeParams(proof.params);
    if (peerParams === undefined) return this.#failWith(secrets, 'LINK_BAD_MESSAGE');
    const fin = secrets.initiator.fin(transcript2, publicKey, params, signature);
    const plaintext = encodeProof({ publicKey, params, signature, fin });
    const clear = encodeConfirmClear(welcome.suite, welcome.responderSession);
    const bytes = concatBytes(clear, secrets.initiator.seal(plaintext, clear));
    const linkSecrets = secrets.finish(transcript2, plaintext);
    this.#state = { name: 'ended' };
    return [
      { type: 'send', bytes },
      {
        type: 'done',
        outcome: {
          role: 'initiator',
          nodeId: proven.peer,
          nodeIdBytes: proven.peerBytes,
          publicKey: proof.publicKey.slice(),
          params: peerParams,
          secrets: linkSecrets,
          networkHash,
        },
      },
    ];
  }

  #job(job: Extract<HandshakeAction, { type: 'job' }>['job']): HandshakeAction {
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }

  #failWith(secrets: HandshakeSecrets, code: LinkErrorCode): HandshakeAction[] {
    secrets.destroy();
    return this.#fail(code);
  }

  #fail(code: MeshErrorCode): HandshakeAction[] {
    if (this.#state.name === 'ended') return [];
    this.destroy();
    return [{ type: 'fail', code }];
  }
}

/** What the responder's batch signs: "link/1 r" ‖ 0x00 ‖ H(th1 ‖ pkB ‖ params). */
export function responderLeaf(
  transcript1: Uint8Array,
  publicKey: Uint8Array,
  params: Uint8Array,
): Uint8Array {
  return concatBytes(utf8ToBytes('link/1 r\0'), sha512(concatBytes(transcript1, publicKey, params)));
}
