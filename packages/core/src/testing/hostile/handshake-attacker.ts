import { concatBytes, sha256, sha512, SLOT_BYTES, xWing, type Kem, type KemKeyPair } from '@yakmesh/crypto';
import { INITIATOR_CONTEXT } from '../../handshake/initiator.js';
import { HandshakeSecrets, linkPrologue, type LinkSecrets } from '../../handshake/key-schedule.js';
import {
  decodeProof,
  decodeWelcome,
  encodeConfirmClear,
  encodeHello,
  encodeProof,
  PUZZLE_BYTES,
  type Challenge,
  type Hello,
  type Proof,
  type Welcome,
} from '../../handshake/messages.js';
import { PuzzleSolver } from '../../handshake/puzzle.js';
import { networkPrefix } from '../../network-hash.js';
import { systemRandom } from '../../transport/index.js';
import type { Party } from './parties.js';
import { worldPool } from './shared-pool.js';

/** What a dishonest CONFIRM says in place of the truth. */
export interface ConfirmLies extends Partial<Proof> {
  /** What is signed, in place of the transcript's hash. */
  readonly message?: Uint8Array | undefined;
  /** The session that it claims to answer. */
  readonly session?: Uint8Array | undefined;
}

/** The dialling side of a handshake, taken apart: stops anywhere, alters anything. It does not check the victim's signature. */
export class HandshakeAttacker {
  readonly party: Party;
  readonly session = systemRandom.bytes(16);
  readonly #network: Uint8Array;
  readonly #kem: Kem;
  #keyPair: KemKeyPair | undefined;
  #hello = new Uint8Array(0);
  #welcome: Welcome | undefined;
  #secrets: HandshakeSecrets | undefined;
  #transcript2 = new Uint8Array(0);
  #plaintext = new Uint8Array(0);

  constructor(party: Party, network: Uint8Array, kem: Kem = xWing) {
    this.party = party;
    this.#network = network;
    this.#kem = kem;
  }

  /** The first message, true but for what is given. */
  async hello(lies: Partial<Hello> = {}): Promise<Uint8Array> {
    this.#keyPair ??= await this.#kem.generate();
    this.#hello = Uint8Array.from(
      encodeHello(this.#kem, {
        suite: this.#kem.suite,
        networkPrefix: networkPrefix(this.#network),
        session: this.session,
        nonce: systemRandom.bytes(32),
        encapsulationKey: this.#keyPair.publicKey,
        puzzle: new Uint8Array(PUZZLE_BYTES),
        ...lies,
      }),
    );
    return this.#hello;
  }

  /** A true solution of a challenge; `bits` for one that is too easy. */
  async solve(challenge: Challenge, bits = challenge.bits): Promise<Uint8Array> {
    this.#keyPair ??= await this.#kem.generate();
    const solver = new PuzzleSolver(challenge.seed, this.session, sha256(this.#keyPair.publicKey), bits);
    for (;;) {
      const solution = solver.work(1_024);
      if (solution !== undefined) return solution;
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Opens the victim's answer. @throws RangeError where there is none that can be opened. */
  async read(message: Uint8Array | undefined): Promise<Proof> {
    const welcome = message === undefined ? undefined : decodeWelcome(message);
    const sharedSecret = welcome && (await this.#keyPair?.decapsulate(welcome.ciphertext));
    if (welcome === undefined || sharedSecret === undefined) throw new RangeError('there is no WELCOME');
    this.#welcome = welcome;
    this.#secrets = new HandshakeSecrets(
      linkPrologue(this.#network),
      this.#hello,
      welcome.clear,
      sharedSecret,
    );
    const plaintext = this.#secrets.responder.open(welcome.sealed, welcome.clear);
    const proof = plaintext && decodeProof(plaintext, SLOT_BYTES);
    if (plaintext === undefined || proof === undefined) throw new RangeError('the WELCOME does not open');
    this.#transcript2 = Uint8Array.from(sha512(concatBytes(this.#secrets.transcript1, plaintext)));
    return proof;
  }

  /** The proof of an identity, true but for what is given. */
  async confirm(lies: ConfirmLies = {}): Promise<Uint8Array> {
    const [welcome, secrets] = [this.#welcome, this.#secrets];
    if (welcome === undefined || secrets === undefined) throw new RangeError('read the WELCOME first');
    const publicKey = lies.publicKey ?? this.party.self.publicKey;
    const params = lies.params ?? this.party.self.params;
    const message = lies.message ?? sha512(concatBytes(this.#transcript2, publicKey, params));
    const signature =
      lies.signature ?? (await worldPool.sign(this.party.identity, message, { context: INITIATOR_CONTEXT }));
    const fin = lies.fin ?? secrets.initiator.fin(this.#transcript2, publicKey, params, signature);
    this.#plaintext = Uint8Array.from(encodeProof({ publicKey, params, signature, fin }));
    const clear = encodeConfirmClear(this.#kem.suite, lies.session ?? welcome.responderSession);
    return concatBytes(clear, secrets.initiator.seal(this.#plaintext, clear));
  }

  /** What the handshake leaves to the link. */
  finish(): LinkSecrets {
    if (this.#secrets === undefined) throw new RangeError('read the WELCOME first');
    return this.#secrets.finish(this.#transcript2, this.#plaintext);
  }
}
