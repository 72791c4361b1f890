import {
  concatBytes,
  hkdfExtractSha512,
  sha512,
  utf8ToBytes,
  wipe,
  type Kem,
  type KemKeyPair,
} from '@yakmesh/crypto';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { HandshakeRole } from '../handshake/actions.js';
import { expandLabel, type LinkSecrets } from '../handshake/key-schedule.js';
import { RunningTranscript, transcriptMessage } from '../record/transcript.js';
import type { Random } from '../transport/index.js';
import { decodeTranscriptSignature, encodeTranscriptSignature } from './control-frames.js';
import { MARK_TO_SIGNATURE_MS_MAX, RATCHET_MS, RATCHET_RECORDS, TRANSCRIPT_MS_MAX } from './link-limits.js';

const CONTEXT = utf8ToBytes('link/1 transcript');
const EMPTY = new Uint8Array(0);
const SECRET_BYTES = 64;
/** A job is tried so often, once a tick, before it counts as failed: a crowded pool refuses work for a while. */
const ATTEMPTS_MAX = 20;

/** Where the record of a TMARK stands, and the hash after it. */
interface Mark {
  readonly record: number;
  readonly hash: Uint8Array;
  readonly atMs: number;
}

export type RatchetAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'send'; readonly frame: Uint8Array }
  /** From here on our records use the new root, which the taker wipes; the peer's KEY_UPDATE may come at any time. */
  | { readonly type: 'switch'; readonly root: Uint8Array }
  | { readonly type: 'fail' };

type State =
  | { readonly name: 'resting' | 'generating' | 'awaiting' }
  | { readonly name: 'marking' | 'signing'; readonly kemPart: Uint8Array }
  | { readonly name: 'verifying' | 'answering'; readonly kemPart: Uint8Array };

export interface LinkRatchetOptions {
  readonly role: HandshakeRole;
  /** Its root is wiped: the records' keys must have been derived before. */
  readonly secrets: LinkSecrets;
  readonly kem: Kem;
  readonly peerKey: Uint8Array;
  readonly random: Random;
  readonly nowMs: number;
}

/**
 * The link's signed running transcript, which carries its KEM ratchet. Each round: the initiator marks, signs its direction with a fresh
 * encapsulation key, the responder does the same with the ciphertext, and both move to a root that a thief of the old keys does not have.
 */
export class LinkRatchet {
  readonly sent: RunningTranscript;
  readonly received: RunningTranscript;
  readonly #options: LinkRatchetOptions;
  /** XL(root_e, "derived"): all of a root that the next one needs. With the root itself a thief could read back the whole epoch. */
  #derived: Uint8Array;
  #nextRoot: Uint8Array | undefined;
  /** th'_e: the handshake's hash, then one hash a round over both KEM parts. */
  #roundHash: Uint8Array;
  #epoch = 0;
  #state: State = { name: 'resting' };
  #keyPair: KemKeyPair | undefined;
  #sentMark: Mark | undefined;
  #receivedMark: Mark | undefined;
  #dueMs: number;
  #dueRecords = RATCHET_RECORDS;
  #verifiedMs: number;
  #ticket = 0;
  #current: CryptoJob | undefined;
  #attempts = 0;
  #isRetryWanted = false;

  constructor(options: LinkRatchetOptions) {
    this.#options = options;
    const { secrets, nowMs } = options;
    this.sent = new RunningTranscript(secrets.transcript);
    this.received = new RunningTranscript(secrets.transcript);
    this.#derived = derivedOf(secrets.root);
    wipe(secrets.root);
    this.#roundHash = secrets.transcript;
    this.#verifiedMs = nowMs;
    this.#dueMs = this.#nextDue(nowMs);
  }

  /** True when the next record must end with a TMARK. */
  get wantsMark(): boolean {
    return this.#state.name === 'marking';
  }

  tick(nowMs: number): RatchetAction[] {
    const isOverdue = nowMs - this.#verifiedMs > TRANSCRIPT_MS_MAX;
    const mark = this.#receivedMark;
    if (isOverdue || (mark !== undefined && nowMs - mark.atMs > MARK_TO_SIGNATURE_MS_MAX))
      return [{ type: 'fail' }];
    if (this.#isRetryWanted) return [this.#attempt()];
    const isDue =
      nowMs >= this.#dueMs ||
      this.sent.records >= this.#dueRecords ||
      this.received.records >= this.#dueRecords;
    if (this.#options.role !== 'initiator' || this.#state.name !== 'resting' || !isDue) return [];
    this.#state = { name: 'generating' };
    return [this.#job({ type: 'generate', kem: this.#options.kem })];
  }

  /** The record that ends with our TMARK was absorbed. */
  markSent(nowMs: number): RatchetAction[] {
    if (this.#state.name !== 'marking') return [];
    const { kemPart } = this.#state;
    const mark = { record: this.sent.records - 1, hash: this.sent.hash, atMs: nowMs };
    this.#sentMark = mark;
    this.#state = { name: 'signing', kemPart };
    const message = this.#message(this.#options.role, mark, kemPart);
    return [this.#job({ type: 'sign', message, context: CONTEXT })];
  }

  /** The peer's record that ended with TMARK was absorbed. A second mark before the signature is a fault. */
  markReceived(nowMs: number): RatchetAction[] {
    if (this.#receivedMark !== undefined) return [{ type: 'fail' }];
    this.#receivedMark = { record: this.received.records - 1, hash: this.received.hash, atMs: nowMs };
    return [];
  }

  signatureReceived(body: Uint8Array): RatchetAction[] {
    const { role, peerKey, kem } = this.#options;
    const expected = role === 'initiator' ? 'awaiting' : 'resting';
    const signed = decodeTranscriptSignature(body);
    const mark = this.#receivedMark;
    if (signed === undefined || mark === undefined || this.#state.name !== expected)
      return [{ type: 'fail' }];
    const kemBytes = role === 'initiator' ? kem.ciphertextBytes : kem.publicKeyBytes;
    const fits =
      signed.epoch === this.#epoch && signed.record === mark.record && signed.kemPart.length === kemBytes;
    if (!fits) return [{ type: 'fail' }];
    this.#state = { name: 'verifying', kemPart: signed.kemPart };
    const message = this.#message(role === 'initiator' ? 'responder' : 'initiator', mark, signed.kemPart);
    return [
      this.#job({
        type: 'verify',
        publicKey: peerKey,
        message,
        signature: signed.signature,
        context: CONTEXT,
        isStrangers: false,
      }),
    ];
  }

  complete(ticket: number, result: JobResult, nowMs: number): RatchetAction[] {
    if (ticket !== this.#ticket) return [];
    const state = this.#state;
    if (state.name === 'generating' && result.type === 'generate') {
      this.#keyPair = result.keyPair;
      this.#state = { name: 'marking', kemPart: result.keyPair.publicKey };
      return [];
    }
    if (state.name === 'signing' && result.type === 'sign')
      return this.#signed(state.kemPart, result.signature, nowMs);
    if (state.name === 'verifying' && result.type === 'verify' && result.valid)
      return this.#verified(state.kemPart, nowMs);
    if (state.name === 'answering' && result.type === 'encapsulate') {
      this.#turn(state.kemPart, result.ciphertext, result.sharedSecret);
      this.#state = { name: 'marking', kemPart: result.ciphertext };
      return [];
    }
    if (state.name === 'answering' && result.type === 'decapsulate') {
      const encapsulationKey = this.#keyPair?.publicKey ?? EMPTY;
      this.#turn(encapsulationKey, state.kemPart, result.sharedSecret);
      return this.#finish(nowMs);
    }
    if (result.type !== 'failed' || this.#attempts >= ATTEMPTS_MAX) return [{ type: 'fail' }];
    this.#isRetryWanted = true;
    return [];
  }

  destroy(): void {
    wipe(this.#derived, this.#nextRoot ?? EMPTY);
    this.#keyPair?.destroy();
  }

  #signed(kemPart: Uint8Array, signature: Uint8Array, nowMs: number): RatchetAction[] {
    const record = this.#sentMark?.record ?? 0;
    const frame = encodeTranscriptSignature({ epoch: this.#epoch, record, signature, kemPart });
    if (this.#options.role === 'initiator') {
      this.#state = { name: 'awaiting' };
      return [{ type: 'send', frame }];
    }
    return [{ type: 'send', frame }, ...this.#finish(nowMs)];
  }

  #verified(kemPart: Uint8Array, nowMs: number): RatchetAction[] {
    this.#verifiedMs = nowMs;
    this.#receivedMark = undefined;
    this.#state = { name: 'answering', kemPart };
    if (this.#options.role === 'responder') {
      return [this.#job({ type: 'encapsulate', kem: this.#options.kem, publicKey: kemPart })];
    }
    if (this.#keyPair === undefined) return [{ type: 'fail' }];
    return [this.#job({ type: 'decapsulate', keyPair: this.#keyPair, ciphertext: kemPart })];
  }

  /** th'_{e+1} = H(th'_e ‖ EK ‖ CT); root_{e+1} = XL(Extract(XL(root_e, "derived"), ss), "root", th'_{e+1}, 64). */
  #turn(encapsulationKey: Uint8Array, ciphertext: Uint8Array, sharedSecret: Uint8Array): void {
    this.#roundHash = sha512(concatBytes(this.#roundHash, encapsulationKey, ciphertext));
    const extracted = hkdfExtractSha512(this.#derived, sharedSecret);
    this.#nextRoot = expandLabel(extracted, 'root', this.#roundHash, SECRET_BYTES);
    wipe(this.#derived, extracted, sharedSecret);
  }

  #finish(nowMs: number): RatchetAction[] {
    const root = this.#nextRoot;
    if (root === undefined) return [{ type: 'fail' }];
    this.#derived = derivedOf(root);
    this.#nextRoot = undefined;
    this.#epoch += 1;
    this.#keyPair?.destroy();
    this.#keyPair = undefined;
    this.#sentMark = undefined;
    this.#state = { name: 'resting' };
    this.#dueMs = this.#nextDue(nowMs);
    this.#dueRecords = Math.max(this.sent.records, this.received.records) + RATCHET_RECORDS;
    return [{ type: 'switch', root }];
  }

  #message(role: HandshakeRole, mark: Mark, kemPart: Uint8Array): Uint8Array {
    const { transcript } = this.#options.secrets;
    return transcriptMessage(transcript, role, this.#epoch, mark.record, mark.hash, kemPart);
  }

  #nextDue(nowMs: number): number {
    return nowMs + RATCHET_MS * (0.9 + 0.2 * this.#options.random.unit());
  }

  #job(job: CryptoJob): RatchetAction {
    this.#current = job;
    this.#attempts = 0;
    return this.#attempt();
  }

  #attempt(): RatchetAction {
    if (this.#current === undefined) return { type: 'fail' };
    this.#isRetryWanted = false;
    this.#attempts += 1;
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job: this.#current };
  }
}

function derivedOf(root: Uint8Array): Uint8Array {
  return expandLabel(root, 'derived', EMPTY, SECRET_BYTES);
}
