import {
  concatBytes,
  hkdfExtractSha512,
  ML_DSA_65_SIGNATURE_BYTES,
  sha512,
  utf8ToBytes,
  wipe,
  type Kem,
  type KemKeyPair,
} from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { ChannelRole } from '../handshake/actions.js';
import { expandLabel, SECRET_BYTES } from '../handshake/key-schedule.js';
import { FrameKind, type Frame, type RatchetFrame } from '../session/frames.js';

const CONTEXT = utf8ToBytes('annex/1 ratchet');
const EMPTY = new Uint8Array(0);
/** A turn is due after so long, ± a tenth. */
const RATCHET_MS = 600_000;
/** Records of one epoch, in either direction, after which it is due. */
const RATCHET_RECORDS = 2 ** 16;
/** Bytes of one epoch, likewise. */
const RATCHET_BYTES = 2 ** 30;
/** From the first frame of a turn until the new keys are in use. */
export const RATCHET_TIMEOUT_MS = 60_000;
/** A job is tried so often before it counts as failed: a crowded pool refuses work for a while. */
const ATTEMPTS_MAX = 20;
const RETRY_MS = 250;

export type RatchetAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'frame'; readonly frame: Frame }
  /** Records of this epoch may come from now on. */
  | { readonly type: 'ready'; readonly epoch: number; readonly root: Uint8Array }
  /** Our records bear this epoch from now on. */
  | { readonly type: 'switch' }
  | { readonly type: 'fail' };

type State =
  | { readonly name: 'resting' | 'asking' | 'generating' }
  | { readonly name: 'signing-key' | 'awaiting-text'; readonly keyPair: KemKeyPair }
  | {
      readonly name: 'verifying-text' | 'decapsulating';
      readonly keyPair: KemKeyPair;
      readonly ciphertext: Uint8Array;
    }
  | { readonly name: 'verifying-key' | 'encapsulating'; readonly encapsulationKey: Uint8Array }
  | {
      readonly name: 'signing-text';
      readonly encapsulationKey: Uint8Array;
      readonly ciphertext: Uint8Array;
      readonly root: Uint8Array;
    }
  | { readonly name: 'awaiting-switch' };

export interface RatchetOptions {
  readonly role: ChannelRole;
  readonly kem: Kem;
  /** root_0; only what the next root needs of it is kept. */
  readonly root: Uint8Array;
  /** th3. */
  readonly transcript: Uint8Array;
  /** The key that the other end signs with; undefined where it is anonymous. */
  readonly peerKey: Uint8Array | undefined;
  /** We are anonymous and sign nothing. */
  readonly isAnonymous: boolean;
  readonly random: Random;
  readonly nowMs: number;
}

/**
 * The signed KEM ratchet: each turn replaces the root by one that a thief of the present keys does not have, under signatures that
 * a thief in the middle cannot make. PROTOCOL.md, "The KEM ratchet".
 */
export class RatchetMachine {
  readonly #options: RatchetOptions;
  /** XL(root_e, "derived"): with the root itself a thief could read back the whole epoch. */
  #derived: Uint8Array;
  /** th'_e. */
  #transcript: Uint8Array;
  #epoch = 0;
  #state: State = { name: 'resting' };
  #dueMs: number;
  #endMs: number | undefined;
  #job: CryptoJob | undefined;
  #ticket = 0;
  #attempts = 0;
  #retryMs: number | undefined;
  #isRequested = false;

  constructor(options: RatchetOptions) {
    this.#options = options;
    this.#derived = expandLabel(options.root, 'derived', EMPTY, SECRET_BYTES);
    this.#transcript = options.transcript;
    this.#dueMs = this.#nextDue(options.nowMs);
  }

  /** The epoch that both ends have agreed on last. */
  get epoch(): number {
    return this.#epoch;
  }

  get isResting(): boolean {
    return this.#state.name === 'resting';
  }

  get deadlineMs(): number | undefined {
    const times = [this.#retryMs, this.#endMs, this.isResting ? this.#dueMs : undefined];
    return times.reduce(
      (first, time) => (time !== undefined && time < (first ?? Infinity) ? time : first),
      undefined,
    );
  }

  /** Records and bytes of this epoch, of the direction that has more: whether a turn is due by them. */
  counted(records: number, bytes: number, nowMs: number): RatchetAction[] {
    const isDue = records >= RATCHET_RECORDS || bytes >= RATCHET_BYTES;
    return isDue && this.isResting ? this.turn(nowMs) : [];
  }

  tick(nowMs: number): RatchetAction[] {
    if (this.#endMs !== undefined && nowMs >= this.#endMs) return this.#fail();
    if (this.#retryMs !== undefined && nowMs >= this.#retryMs) return [this.#attempt()];
    return this.isResting && nowMs >= this.#dueMs ? this.turn(nowMs) : [];
  }

  /** Begins a turn, or asks the other end to. Nothing while one is under way. */
  turn(nowMs: number): RatchetAction[] {
    if (!this.isResting) return [];
    this.#endMs = nowMs + RATCHET_TIMEOUT_MS;
    if (!this.#isOurTurn) {
      this.#state = { name: 'asking' };
      return [{ type: 'frame', frame: { kind: FrameKind.RATCHET_REQ, epoch: this.#epoch + 1 } }];
    }
    this.#state = { name: 'generating' };
    return [this.#start({ type: 'generate', kem: this.#options.kem })];
  }

  requested(epoch: number, nowMs: number): RatchetAction[] {
    // The other end may be one epoch ahead until we have seen its first record.
    if (this.#state.name === 'awaiting-switch' && epoch === this.#epoch + 2) this.#isRequested = true;
    return epoch === this.#epoch + 1 && this.#isOurTurn ? this.turn(nowMs) : [];
  }

  received(frame: RatchetFrame, nowMs: number): RatchetAction[] {
    // Frames are sent again until they are acknowledged: old ones come twice.
    if (frame.epoch <= this.#epoch) return [];
    if (frame.epoch !== this.#epoch + 1) return this.#fail();
    return frame.kind === FrameKind.RATCHET_EK ? this.#keyReceived(frame, nowMs) : this.#textReceived(frame);
  }

  complete(ticket: number, result: JobResult, nowMs: number): RatchetAction[] {
    if (ticket !== this.#ticket || this.#job === undefined) {
      if (result.type === 'generate') result.keyPair.destroy();
      return [];
    }
    if (result.type === 'failed') return this.#failed(nowMs);
    this.#job = undefined;
    const state = this.#state;
    switch (state.name) {
      case 'generating':
        return result.type === 'generate' ? this.#generated(result.keyPair) : this.#fail();
      case 'signing-key':
        return result.type === 'sign' ? this.#offer(state.keyPair, result.signature) : this.#fail();
      case 'verifying-text':
        return result.type === 'verify' && result.valid ? this.#decapsulate(state) : this.#fail();
      case 'decapsulating':
        return result.type === 'decapsulate'
          ? this.#decapsulated(state, result.sharedSecret, nowMs)
          : this.#fail();
      case 'verifying-key':
        return result.type === 'verify' && result.valid
          ? this.#encapsulate(state.encapsulationKey)
          : this.#fail();
      case 'encapsulating':
        return result.type === 'encapsulate'
          ? this.#encapsulated(state.encapsulationKey, result.ciphertext, result.sharedSecret)
          : this.#fail();
      case 'signing-text':
        return result.type === 'sign' ? this.#answer(state, result.signature) : this.#fail();
      default:
        return [];
    }
  }

  /** The first record of the epoch that was made ready has come. */
  entered(epoch: number, nowMs: number): RatchetAction[] {
    if (this.#state.name !== 'awaiting-switch' || epoch !== this.#epoch + 1) return [];
    this.#rest(nowMs);
    const isRequested = this.#isRequested;
    this.#isRequested = false;
    return [{ type: 'switch' }, ...(isRequested ? this.turn(nowMs) : [])];
  }

  destroy(): void {
    const state = this.#state;
    if ('keyPair' in state) state.keyPair.destroy();
    if ('root' in state) wipe(state.root);
    wipe(this.#derived);
    this.#state = { name: 'resting' };
    this.#dueMs = Infinity;
    this.#endMs = undefined;
    this.#retryMs = undefined;
    this.#job = undefined;
  }

  get #isOurTurn(): boolean {
    return ((this.#epoch + 1) % 2 === 1) === (this.#options.role === 'initiator');
  }

  get #peerRole(): ChannelRole {
    return this.#options.role === 'initiator' ? 'responder' : 'initiator';
  }

  #generated(keyPair: KemKeyPair): RatchetAction[] {
    this.#state = { name: 'signing-key', keyPair };
    if (this.#options.isAnonymous) return this.#offer(keyPair, new Uint8Array(ML_DSA_65_SIGNATURE_BYTES));
    return [this.#sign(this.#message('EK', this.#options.role, keyPair.publicKey))];
  }

  #offer(keyPair: KemKeyPair, signature: Uint8Array): RatchetAction[] {
    this.#state = { name: 'awaiting-text', keyPair };
    const frame = {
      kind: FrameKind.RATCHET_EK,
      epoch: this.#epoch + 1,
      kemPart: keyPair.publicKey,
      signature,
    };
    return [{ type: 'frame', frame }];
  }

  #keyReceived(frame: RatchetFrame, nowMs: number): RatchetAction[] {
    if (this.#isOurTurn) return this.#fail();
    if (this.#state.name !== 'resting' && this.#state.name !== 'asking') return [];
    this.#endMs = nowMs + RATCHET_TIMEOUT_MS;
    const encapsulationKey = frame.kemPart.slice();
    this.#state = { name: 'verifying-key', encapsulationKey };
    const message = this.#message('EK', this.#peerRole, encapsulationKey);
    return this.#verify(message, frame.signature) ?? this.#encapsulate(encapsulationKey);
  }

  #encapsulate(encapsulationKey: Uint8Array): RatchetAction[] {
    this.#state = { name: 'encapsulating', encapsulationKey };
    return [this.#start({ type: 'encapsulate', kem: this.#options.kem, publicKey: encapsulationKey })];
  }

  #encapsulated(encapsulationKey: Uint8Array, ciphertext: Uint8Array, secret: Uint8Array): RatchetAction[] {
    // The message is over th'_e, so it is made before the transcript moves on.
    const message = this.#message('CT', this.#options.role, encapsulationKey, ciphertext);
    const root = this.#nextRoot(encapsulationKey, ciphertext, secret);
    const state: State = { name: 'signing-text', encapsulationKey, ciphertext, root };
    this.#state = state;
    if (this.#options.isAnonymous) return this.#answer(state, new Uint8Array(ML_DSA_65_SIGNATURE_BYTES));
    return [this.#sign(message)];
  }

  #answer(state: Extract<State, { name: 'signing-text' }>, signature: Uint8Array): RatchetAction[] {
    const epoch = this.#epoch + 1;
    const { root, ciphertext } = state;
    this.#state = { name: 'awaiting-switch' };
    const frame = { kind: FrameKind.RATCHET_CT, epoch, kemPart: ciphertext, signature };
    return [
      { type: 'ready', epoch, root },
      { type: 'frame', frame },
    ];
  }

  #textReceived(frame: RatchetFrame): RatchetAction[] {
    if (!this.#isOurTurn) return this.#fail();
    const state = this.#state;
    if (state.name === 'verifying-text' || state.name === 'decapsulating') return [];
    if (state.name !== 'awaiting-text') return this.#fail();
    const ciphertext = frame.kemPart.slice();
    const next: State = { name: 'verifying-text', keyPair: state.keyPair, ciphertext };
    this.#state = next;
    const message = this.#message('CT', this.#peerRole, state.keyPair.publicKey, ciphertext);
    return this.#verify(message, frame.signature) ?? this.#decapsulate(next);
  }

  #decapsulate({
    keyPair,
    ciphertext,
  }: Extract<State, { name: 'verifying-text' | 'decapsulating' }>): RatchetAction[] {
    this.#state = { name: 'decapsulating', keyPair, ciphertext };
    return [this.#start({ type: 'decapsulate', keyPair, ciphertext })];
  }

  #decapsulated(
    { keyPair, ciphertext }: Extract<State, { name: 'verifying-text' | 'decapsulating' }>,
    secret: Uint8Array,
    nowMs: number,
  ): RatchetAction[] {
    const root = this.#nextRoot(keyPair.publicKey, ciphertext, secret);
    keyPair.destroy();
    this.#rest(nowMs);
    return [{ type: 'ready', epoch: this.#epoch, root }, { type: 'switch' }];
  }

  #nextRoot(encapsulationKey: Uint8Array, ciphertext: Uint8Array, secret: Uint8Array): Uint8Array {
    this.#transcript = sha512(concatBytes(this.#transcript, encapsulationKey, ciphertext));
    const extracted = hkdfExtractSha512(this.#derived, secret);
    const root = expandLabel(extracted, 'root', this.#transcript, SECRET_BYTES);
    wipe(this.#derived, extracted, secret);
    this.#derived = expandLabel(root, 'derived', EMPTY, SECRET_BYTES);
    return root;
  }

  #rest(nowMs: number): void {
    this.#epoch += 1;
    this.#state = { name: 'resting' };
    this.#endMs = undefined;
    this.#dueMs = this.#nextDue(nowMs);
  }

  /** "EK" or "CT" ‖ th'_e ‖ u32 epoch ‖ "i" or "r" ‖ ek [‖ ct]. */
  #message(what: 'EK' | 'CT', signer: ChannelRole, ...parts: readonly Uint8Array[]): Uint8Array {
    const epoch = new Uint8Array(4);
    new DataView(epoch.buffer).setUint32(0, this.#epoch + 1);
    const role = utf8ToBytes(signer === 'initiator' ? 'i' : 'r');
    return concatBytes(utf8ToBytes(what), this.#transcript, epoch, role, ...parts);
  }

  #sign(message: Uint8Array): RatchetAction {
    return this.#start({ type: 'sign', message, context: CONTEXT });
  }

  /** Undefined where the signer is anonymous: there is nothing to verify. */
  #verify(message: Uint8Array, signature: Uint8Array): RatchetAction[] | undefined {
    const publicKey = this.#options.peerKey;
    if (publicKey === undefined) return undefined;
    return [
      this.#start({ type: 'verify', publicKey, message, signature: signature.slice(), context: CONTEXT }),
    ];
  }

  #nextDue(nowMs: number): number {
    return nowMs + RATCHET_MS * (0.9 + 0.2 * this.#options.random.unit());
  }

  #start(job: CryptoJob): RatchetAction {
    this.#job = job;
    this.#attempts = 0;
    return this.#attempt();
  }

  #attempt(): RatchetAction {
    if (this.#job === undefined) return { type: 'fail' };
    this.#retryMs = undefined;
    this.#attempts += 1;
    this.#ticket += 1;
    return { type: 'job', ticket: this.#ticket, job: this.#job };
  }

  #failed(nowMs: number): RatchetAction[] {
    if (this.#attempts >= ATTEMPTS_MAX) return this.#fail();
    this.#retryMs = nowMs + RETRY_MS;
    return [];
  }

  #fail(): RatchetAction[] {
    this.destroy();
    return [{ type: 'fail' }];
  }
}
