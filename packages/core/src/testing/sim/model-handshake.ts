import { concatBytes, equalBytes, type Kem } from '@yakmesh/crypto';
import type { CryptoJob, JobResult } from '../../crypto-job.js';
import type { MeshErrorCode, LinkErrorCode, PeerFaultCode } from '../../errors.js';
import type { HandshakeAction, HandshakeRole, HandshakeSelf } from '../../handshake/actions.js';
import type { HandshakeMachine } from '../../handshake/handshake-machine.js';
import type { LinkSecrets } from '../../handshake/key-schedule.js';
import { CONFIRM_BYTES, helloBytes, welcomeBytes } from '../../handshake/messages.js';
import { decodeParams, withPurpose, type LinkPurpose } from '../../handshake/params.js';
import { encodeClose } from '../../link/control-frames.js';
import { hostOf } from '../../mesh/address.js';
import type { Admission } from '../../mesh/admission.js';
import type { Endpoint } from '../../mesh/endpoint.js';
import type { HandshakeMaker } from '../../mesh/handshakes.js';
import type { Clock } from '../../transport/clock.js';
import type { PeerDirection } from '../../transport/peer.js';
import type { Random } from '../../transport/random.js';
import { CLOSE_RECORD_BYTES } from './model-sizes.js';
import { contentsOf, ModelRecord } from './model-record.js';

const CHALLENGE_BYTES = 60;
const REFUSE_BYTES = 28;
const NONCE_BYTES = 32;
const PROOF_CONTEXT = Uint8Array.of(0x6d); // Any context would do: no other signature is made over these bytes.

interface Proof {
  readonly self: HandshakeSelf;
  readonly signature: Uint8Array;
}

/** What the messages of the handshake say. */
export type HandshakeStep =
  | {
      readonly type: 'hello';
      readonly networkHash: Uint8Array;
      readonly nonce: Uint8Array;
      readonly isSolved: boolean;
    }
  | { readonly type: 'challenge'; readonly bits: number }
  | { readonly type: 'refuse'; readonly code: MeshErrorCode }
  | { readonly type: 'welcome' | 'confirm'; readonly proof: Proof };

export interface ModelHandshakesOptions {
  readonly kem: Kem;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: HandshakeSelf;
  readonly networkHashes: readonly Uint8Array[];
  readonly admission: Admission;
}

/**
 * The handshake without its encryption: the same messages of the same sizes in the same order, the same questions to
 * admission, two signatures and two verifications. Key encapsulation, 2 ms in all, is not charged.
 */
export class ModelHandshakes implements HandshakeMaker {
  readonly #options: ModelHandshakesOptions;

  constructor(options: ModelHandshakesOptions) {
    this.#options = options;
  }

  get self(): HandshakeSelf {
    return this.#options.self;
  }

  initiator(networkHash: Uint8Array, endpoint: Endpoint, purpose: LinkPurpose): HandshakeMachine {
    const { self } = this.#options;
    const own = { ...self, params: withPurpose(self.params, purpose) };
    return new ModelInitiator({ ...this.#options, self: own }, networkHash, endpoint);
  }

  responder(address: string): HandshakeMachine {
    return new ModelResponder(this.#options, address);
  }
}

/** What both sides have in common: tickets, proofs, and how they end. */
class ModelSide {
  protected readonly options: ModelHandshakesOptions;
  protected nonce: Uint8Array = new Uint8Array(0);
  #ticket = 0;
  #isEnded = false;
  readonly #role: HandshakeRole;
  readonly #address: string;

  protected constructor(options: ModelHandshakesOptions, role: HandshakeRole, address: string) {
    this.options = options;
    this.#role = role;
    this.#address = address;
  }

  destroy(): void {
    this.#isEnded = true;
  }

  protected get isEnded(): boolean {
    return this.#isEnded;
  }

  protected isTicket(ticket: number): boolean {
    return !this.#isEnded && ticket === this.#ticket;
  }

  protected job(job: CryptoJob): HandshakeAction {
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job };
  }

  protected sign(): HandshakeAction {
    const message = concatBytes(this.nonce, this.options.self.params);
    return this.job({ type: 'sign', message, context: PROOF_CONTEXT });
  }

  protected verify({ self, signature }: Proof): HandshakeAction {
    const message = concatBytes(this.nonce, self.params);
    return this.job({
      type: 'verify',
      publicKey: self.publicKey,
      message,
      signature,
      context: PROOF_CONTEXT,
      isStrangers: this.#role === 'responder',
    });
  }

  protected isWanted({ self }: Proof): boolean {
    const direction: PeerDirection = this.#role === 'initiator' ? 'outbound' : 'inbound';
    return this.options.admission.peer(self.nodeId, this.#address, direction);
  }

  protected fail(code: MeshErrorCode | PeerFaultCode): HandshakeAction[] {
    if (this.#isEnded) return [];
    this.destroy();
    return [{ type: 'fail', code }];
  }

  protected done({ self }: Proof, networkHash: Uint8Array): HandshakeAction[] {
    const params = decodeParams(self.params);
    if (params === undefined) return this.fail('LINK_BAD_MESSAGE');
    this.destroy();
    const { nodeId, nodeIdBytes, publicKey } = self;
    const outcome = {
      role: this.#role,
      nodeId,
      nodeIdBytes,
      publicKey,
      params,
      secrets: noSecrets(),
      networkHash,
    };
    return [{ type: 'done', outcome }];
  }
}

class ModelInitiator extends ModelSide implements HandshakeMachine {
  readonly #networkHash: Uint8Array;
  readonly #endpoint: Endpoint;
  #peer: Proof | undefined;

  constructor(options: ModelHandshakesOptions, networkHash: Uint8Array, endpoint: Endpoint) {
    super(options, 'initiator', hostOf(endpoint.url));
    this.#networkHash = networkHash;
    this.#endpoint = endpoint;
  }

  start(): HandshakeAction[] {
    this.nonce = this.options.random.bytes(NONCE_BYTES);
    return this.#hello(false);
  }

  receive(bytes: Uint8Array): HandshakeAction[] {
    const step = stepOf(bytes);
    switch (step?.type) {
      case 'refuse':
        return this.fail(step.code);
      case 'challenge': {
        const session = this.nonce.subarray(0, 16);
        return [this.job({ type: 'solve', seed: this.nonce, session, key: this.nonce, bits: step.bits })];
      }
      case 'welcome':
        return this.#welcome(step.proof);
      default:
        return this.fail('LINK_UNEXPECTED');
    }
  }

  complete(ticket: number, result: JobResult): HandshakeAction[] {
    if (!this.isTicket(ticket)) return [];
    const peer = this.#peer;
    if (result.type === 'solve') return this.#hello(true);
    if (peer !== undefined && result.type === 'verify')
      return result.valid ? [this.sign()] : this.fail('LINK_SIGNATURE');
    if (peer === undefined || result.type !== 'sign') return this.fail('LINK_DECRYPT');
    const proof = { self: this.options.self, signature: result.signature };
    return [
      { type: 'send', bytes: message(CONFIRM_BYTES, { type: 'confirm', proof }) },
      ...this.done(peer, this.#networkHash),
    ];
  }

  #hello(isSolved: boolean): HandshakeAction[] {
    const { kem } = this.options;
    const step = { type: 'hello', networkHash: this.#networkHash, nonce: this.nonce, isSolved } as const;
    return [{ type: 'send', bytes: message(helloBytes(kem), step) }];
  }

  #welcome(proof: Proof): HandshakeAction[] {
    const { nodeId } = proof.self;
    if (nodeId === this.options.self.nodeId) return this.fail('LINK_SELF');
    const { expected } = this.#endpoint;
    if (expected !== undefined && nodeId !== expected) return this.fail('LINK_PEER_MISMATCH');
    if (!this.isWanted(proof)) return this.fail('LINK_DENIED');
    this.#peer = proof;
    return [this.verify(proof)];
  }
}

class ModelResponder extends ModelSide implements HandshakeMachine {
  readonly #from: string;
  #networkHash: Uint8Array | undefined;
  #peer: Proof | undefined;
  #isChallenged = false;

  constructor(options: ModelHandshakesOptions, address: string) {
    super(options, 'responder', address);
    this.#from = address;
  }

  receive(bytes: Uint8Array): HandshakeAction[] {
    const step = stepOf(bytes);
    if (step?.type === 'hello') return this.#hello(step);
    if (step?.type === 'confirm' && this.#networkHash !== undefined) return this.#confirm(step.proof);
    return this.fail(step === undefined ? 'PEER_NOT_HANDSHAKE' : 'LINK_UNEXPECTED');
  }

  complete(ticket: number, result: JobResult): HandshakeAction[] {
    if (!this.isTicket(ticket)) return [];
    const { kem, self } = this.options;
    if (result.type === 'sign') {
      const proof = { self, signature: result.signature };
      return [{ type: 'send', bytes: message(welcomeBytes(kem), { type: 'welcome', proof }) }];
    }
    if (this.#peer === undefined || this.#networkHash === undefined || result.type !== 'verify')
      return this.fail('LINK_DECRYPT');
    return result.valid ? this.done(this.#peer, this.#networkHash) : this.fail('LINK_SIGNATURE');
  }

  refusal(code: LinkErrorCode): Uint8Array {
    return new ModelRecord(CLOSE_RECORD_BYTES, {
      type: 'record',
      parts: [{ type: 'frame', frame: encodeClose(code) }],
      chargedBytes: 0,
    });
  }

  #hello(step: Extract<HandshakeStep, { type: 'hello' }>): HandshakeAction[] {
    const { admission, networkHashes, clock } = this.options;
    const networkHash = networkHashes.find((each) => equalBytes(each, step.networkHash));
    if (networkHash === undefined) return this.#refuse('MESH_NETWORK_MISMATCH');
    const refusal = this.#isChallenged ? undefined : admission.handshake(this.#from);
    if (refusal !== undefined) return this.#refuse(refusal);
    const bits = step.isSolved ? 0 : admission.puzzleBits(clock.monotonicMs());
    if (bits > 0) {
      this.#isChallenged = true;
      return [{ type: 'send', bytes: message(CHALLENGE_BYTES, { type: 'challenge', bits }) }];
    }
    this.nonce = step.nonce;
    this.#networkHash = networkHash;
    return [this.sign()];
  }

  #confirm(proof: Proof): HandshakeAction[] {
    if (proof.self.nodeId === this.options.self.nodeId) return this.fail('LINK_SELF');
    if (!this.isWanted(proof)) {
      this.destroy();
      return [{ type: 'denied', secrets: noSecrets(), code: 'LINK_DENIED' }];
    }
    this.#peer = proof;
    return [this.verify(proof)];
  }

  #refuse(code: MeshErrorCode): HandshakeAction[] {
    return [{ type: 'send', bytes: message(REFUSE_BYTES, { type: 'refuse', code }) }, ...this.fail(code)];
  }
}

function message(bytes: number, step: HandshakeStep): Uint8Array {
  return new ModelRecord(bytes, { type: 'handshake', step });
}

function stepOf(bytes: Uint8Array): HandshakeStep | undefined {
  const contents = contentsOf(bytes);
  return contents?.type === 'handshake' ? contents.step : undefined;
}

function noSecrets(): LinkSecrets {
  const nothing = new Uint8Array(0);
  return { root: nothing, transcript: nothing, exporter: nothing };
}
