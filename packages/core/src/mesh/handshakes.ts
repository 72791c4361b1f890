import type { Kem, NodeId } from '@yakmesh/crypto';
import type { LinkErrorCode } from '../errors.js';
import type { HandshakeSelf } from '../handshake/actions.js';
import type { HandshakeMachine } from '../handshake/handshake-machine.js';
import { InitiatorMachine } from '../handshake/initiator.js';
import { withPurpose, type LinkPurpose } from '../handshake/params.js';
import type { PuzzleIssuer } from '../handshake/puzzle.js';
import { ResponderMachine } from '../handshake/responder.js';
import type { PeerDirection, Random } from '../transport/index.js';
import { addressScope, hostOf } from './address.js';
import type { Admission } from './admission.js';
import type { Endpoint } from './endpoint.js';

export interface HandshakesOptions {
  readonly kem: Kem;
  readonly random: Random;
  readonly self: HandshakeSelf;
  /** Networks that may link to us, our own first. */
  readonly networkHashes: readonly [Uint8Array, ...Uint8Array[]];
  readonly puzzles: PuzzleIssuer;
  readonly admission: Admission;
}

/** Makes the handshake machines of both roles. */
export interface HandshakeMaker {
  /** What both say of us. */
  readonly self: HandshakeSelf;
  initiator(networkHash: Uint8Array, endpoint: Endpoint, purpose: LinkPurpose): HandshakeMachine;
  responder(address: string): HandshakeMachine;
}

/** Makes them with what admission has to say. */
export class Handshakes implements HandshakeMaker {
  readonly #options: HandshakesOptions;

  constructor(options: HandshakesOptions) {
    this.#options = options;
  }

  get self(): HandshakeSelf {
    return this.#options.self;
  }

  initiator(networkHash: Uint8Array, { url, expected }: Endpoint, purpose: LinkPurpose): InitiatorMachine {
    const { kem, random } = this.#options;
    const self = { ...this.#options.self, params: withPurpose(this.#options.self.params, purpose) };
    const deny = this.#deny(hostOf(url), 'outbound');
    return new InitiatorMachine({ kem, networkHash, self, expected, random, deny });
  }

  responder(address: string): ResponderMachine {
    const { admission, ...options } = this.#options;
    return new ResponderMachine({
      ...options,
      deny: this.#deny(address, 'inbound'),
      scope: addressScope(address),
      admit: () => admission.handshake(address),
    });
  }

  #deny(address: string, direction: PeerDirection): (peer: NodeId) => LinkErrorCode | undefined {
    const { admission } = this.#options;
    return (peer) => (admission.peer(peer, address, direction) ? undefined : 'LINK_DENIED');
  }
}
