import { ML_DSA_65_SIGNATURE_BYTES, utf8ToBytes, wipe, type KemKeyPair } from '@yakmesh/crypto';
import { earlier } from '@yakmesh/core/transport';
import type { JobResult } from '../crypto-job.js';
import type { ChannelRole } from '../handshake/actions.js';
import { FrameKind, type RatchetFrame } from '../session/frames.js';
import { JobTries } from './job-tries.js';
import type { RatchetAction, RatchetOptions } from './ratchet-actions.js';
import { RatchetRoot } from './ratchet-root.js';

const CONTEXT = utf8ToBytes('annex/1 ratchet');
/** A turn is due after so long, ± a tenth. */
const RATCHET_MS = 600_000;
/** Records of one epoch, in either direction, after which it is due. */
const RATCHET_RECORDS = 2 ** 16;
/** Bytes of one epoch, likewise. */
const RATCHET_BYTES = 2 ** 30;
/** From the first frame of a turn until the new keys are in use. */
export const RATCHET_TIMEOUT_MS = 60_000;

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

/**
 * The signed KEM ratchet: each turn replaces the root by one that a thief of the present keys does not have, under signatures that
 * a thief in the middle cannot make. PROTOCOL.md, "The KEM ratchet".
 */
export class RatchetMachine {
  readonly #options: RatchetOptions;
  readonly #root: RatchetRoot;
  readonly #jobs = new JobTries();
  #epoch = 0;
  #state: State = { name: 'resting' };
  #dueMs: number;
  #endMs: number | undefined;
  #isRequested = false;

  constructor(options: RatchetOptions) {
    this.#options = options;
    this.#root = new RatchetRoot(options.root, options.transcript);
    this.#dueMs = this.#nextDue(options.nowMs);
  }

  get isResting(): boolean {
    return this.#state.name === 'resting';
  }

  get deadlineMs(): number | undefined {
    const dueMs = this.isResting ? this.#dueMs : undefined;
    return earlier(earlier(this.#jobs.deadlineMs, this.#endMs), dueMs);
  }

  /** Records and bytes of this epoch, of the direction that has more: whether a turn is due by them. */
  counted(records: number, bytes: number, nowMs: number): RatchetAction[] {
    const isDue = records >= RATCHET_RECORDS || bytes >= RATCHET_BYTES;
    return isDue && this.isResting ? this.turn(nowMs) : [];
  }

  tick(nowMs: number): RatchetAction[] {
    if (this.#endMs !== undefined && nowMs >= this.#endMs) return this.#fail();
    const again = this.#jobs.tick(nowMs);
    if (again !== undefined) return [again];
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
    return [this.#jobs.start({ type: 'generate', kem: this.#options.kem })];
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
    if (!this.#jobs.takes(ticket, result)) return [];
    if (result.type === 'failed') return this.#jobs.failed(nowMs) ? [] : this.#fail();
    this.#jobs.done();
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
    this.#root.destroy();
    this.#jobs.clear();
    this.#state = { name: 'resting' };
    this.#dueMs = Infinity;
    this.#endMs = undefined;
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
    return [this.#sign(this.#root.message('EK', this.#epoch + 1, this.#options.role, keyPair.publicKey))];
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
    const message = this.#root.message('EK', this.#epoch + 1, this.#peerRole, encapsulationKey);
    return this.#verify(message, frame.signature) ?? this.#encapsulate(encapsulationKey);
  }

  #encapsulate(encapsulationKey: Uint8Array): RatchetAction[] {
    this.#state = { name: 'encapsulating', encapsulationKey };
    return [this.#jobs.start({ type: 'encapsulate', kem: this.#options.kem, publicKey: encapsulationKey })];
  }

  #encapsulated(encapsulationKey: Uint8Array, ciphertext: Uint8Array, secret: Uint8Array): RatchetAction[] {
    // The message is over th'_e, so it is made before the transcript moves on.
    const message = this.#root.message(
      'CT',
      this.#epoch + 1,
      this.#options.role,
      encapsulationKey,
      ciphertext,
    );
    const root = this.#root.next(encapsulationKey, ciphertext, secret);
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
    const message = this.#root.message(
      'CT',
      this.#epoch + 1,
      this.#peerRole,
      state.keyPair.publicKey,
      ciphertext,
    );
    return this.#verify(message, frame.signature) ?? this.#decapsulate(next);
  }

  #decapsulate({
    keyPair,
    ciphertext,
  }: Extract<State, { name: 'verifying-text' | 'decapsulating' }>): RatchetAction[] {
    this.#state = { name: 'decapsulating', keyPair, ciphertext };
    return [this.#jobs.start({ type: 'decapsulate', keyPair, ciphertext })];
  }

  #decapsulated(
    { keyPair, ciphertext }: Extract<State, { name: 'verifying-text' | 'decapsulating' }>,
    secret: Uint8Array,
    nowMs: number,
  ): RatchetAction[] {
    const root = this.#root.next(keyPair.publicKey, ciphertext, secret);
    keyPair.destroy();
    this.#rest(nowMs);
    return [{ type: 'ready', epoch: this.#epoch, root }, { type: 'switch' }];
  }

  #rest(nowMs: number): void {
    this.#epoch += 1;
    this.#state = { name: 'resting' };
    this.#endMs = undefined;
    this.#dueMs = this.#nextDue(nowMs);
  }

  #sign(message: Uint8Array): RatchetAction {
    return this.#jobs.start({ type: 'sign', message, context: CONTEXT });
  }

  /** Undefined where the signer is anonymous: there is nothing to verify. */
  #verify(message: Uint8Array, signature: Uint8Array): RatchetAction[] | undefined {
    const publicKey = this.#options.peerKey;
    if (publicKey === undefined) return undefined;
    return [
      this.#jobs.start({
        type: 'verify',
        publicKey,
        message,
        signature: signature.slice(),
        context: CONTEXT,
        isStrangers: false,
      }),
    ];
  }

  #nextDue(nowMs: number): number {
    return nowMs + RATCHET_MS * (0.9 + 0.2 * this.#options.random.unit());
  }

  #fail(): RatchetAction[] {
    this.destroy();
    return [{ type: 'fail' }];
  }
}
