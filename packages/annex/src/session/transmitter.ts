import { concatBytes } from '@yakmesh/crypto';
import { RECORD_BYTES_MIN } from '../record/padding.js';
import type { SealedRecord } from '../record/sealer.js';
import { encodeFrame, type AckFrame } from './frames.js';
import { PATH_RECORD_BYTES } from './limits.js';
import type { Outbox } from './outbox.js';
import type { Paths } from './paths.js';
import type { Recovery } from './recovery.js';
import type { SentFrame } from './sent-records.js';
import type { SendAction } from './session-actions.js';
import type { SessionKeys } from './session-keys.js';

export interface TransmitterParts {
  readonly keys: SessionKeys;
  readonly outbox: Outbox;
  readonly recovery: Recovery;
  readonly paths: Paths;
}

/** What the active path takes now. */
export interface PathRoom {
  readonly bytes: number;
  /** The longest record that passes: 16,384 B over relays, 65,024 to a neighbour. */
  readonly recordBytesMax: number;
}

/** Records that were sealed, and why no more can be. */
export interface Transmitted {
  readonly records: readonly SendAction[];
  readonly fault: 'frames' | 'records' | undefined;
}

/** Fills and seals records for the active path, as far as its room, the window and the keys go, and sends again what was lost. */
export class Transmitter {
  readonly #parts: TransmitterParts;
  /** The path had no room when it was asked last. */
  #isBlocked = false;

  constructor(parts: TransmitterParts) {
    this.#parts = parts;
  }

  /** Whether a timer that wants something sent has any use. */
  get canSpeak(): boolean {
    return this.canProbe && this.#parts.paths.allowance >= RECORD_BYTES_MIN;
  }

  /** An unproven path takes the question whether it works even when it takes nothing else. */
  get canProbe(): boolean {
    const { paths, keys } = this.#parts;
    return !this.#isBlocked && paths.active !== undefined && keys.sealer.hasRoomForControl;
  }

  /** Records for the active path, as far as its room goes. */
  transmit({ bytes, recordBytesMax }: PathRoom, nowMs: number): Transmitted {
    const { outbox, keys } = this.#parts;
    const records: SendAction[] = [];
    let room = bytes;
    this.#isBlocked = room < RECORD_BYTES_MIN;
    while (!this.#isBlocked) {
      if (outbox.isOverfull) return { records, fault: 'frames' };
      if (keys.sealer.isSpent) return { records, fault: 'records' };
      const sent = this.#next(Math.min(room, recordBytesMax), nowMs);
      if (sent === undefined) break;
      records.push(sent);
      room -= sent.bytes.length + PATH_RECORD_BYTES;
      this.#isBlocked = room < RECORD_BYTES_MIN;
    }
    return { records, fault: undefined };
  }

  /** What has arrived; undefined where a record is acknowledged that was not sent. */
  acknowledged(ack: AckFrame, nowMs: number): readonly SentFrame[] | undefined {
    const { keys, recovery } = this.#parts;
    const { epoch, nextSequence } = keys.sealer;
    const end = ack.ranges.at(-1)?.end ?? 0;
    if (ack.epoch > epoch || (ack.epoch === epoch && end > nextSequence)) return undefined;
    keys.sealer.acknowledged(ack.epoch, end - 1);
    const { arrived, lost } = recovery.acknowledged(ack, nowMs);
    this.#lost(lost);
    return arrived;
  }

  /** Takes back what counts as lost by now, and probes where nothing is heard, or where somebody wants to hear something. */
  tick(nowMs: number, isProbeWanted: boolean): void {
    const { recovery, paths, outbox } = this.#parts;
    if (!this.canProbe) return;
    const { lost, isProbe } = recovery.tick(nowMs);
    this.#lost(lost);
    if (isProbe) paths.ask();
    if (isProbe || isProbeWanted) outbox.probe();
  }

  /** Records go another way: those on the old one count as lost. */
  pathChanged(nowMs: number): void {
    this.#lost(this.#parts.recovery.pathChanged(nowMs));
  }

  #next(recordBytesMax: number, nowMs: number): SendAction | undefined {
    const { keys, paths, outbox, recovery } = this.#parts;
    const { sealer } = keys;
    if (!sealer.hasRoomForControl) return undefined;
    const own = paths.take();
    if (own !== undefined) {
      const content = concatBytes(...own.frames.map((frame) => encodeFrame(frame)));
      const frames = own.frames.map((frame): SentFrame => ({ type: 'path', path: own.path, frame }));
      return this.#sent(sealer.seal(content, nowMs), frames, own.path, nowMs);
    }
    const path = paths.active;
    const allowance = Math.min(recordBytesMax, paths.allowance);
    if (path === undefined || allowance < RECORD_BYTES_MIN) return undefined;
    const dataBytes = sealer.hasRoom ? Math.min(allowance, recovery.roomBytes) : 0;
    // What is under way makes room for whole records; without it a small one is better than none.
    const isPatient = recovery.bytesInFlight > 0;
    const draft = outbox.take({ dataBytes, probeBytes: allowance, isPatient, isControlAllowed: true, nowMs });
    // What waits although keys have room is held back by the window.
    recovery.isLimitedByUs = draft === undefined && !(sealer.hasRoom && outbox.hasSomething);
    if (draft === undefined) return undefined;
    const sealed = sealer.sealDraft(draft.bytes, nowMs);
    return this.#sent(sealed, draft.isEliciting ? draft.frames : undefined, path, nowMs);
  }

  /** `frames` must arrive; undefined where nobody need acknowledge the record. */
  #sent(
    sealed: SealedRecord,
    frames: readonly SentFrame[] | undefined,
    path: number,
    nowMs: number,
  ): SendAction {
    const { keys, paths, recovery } = this.#parts;
    const { bytes, epoch, sequence } = sealed;
    keys.count(sealed);
    paths.sent(path, bytes.length);
    if (frames !== undefined) recovery.sent({ epoch, sequence, sentMs: nowMs, bytes: bytes.length, frames });
    return { type: 'send', path, bytes };
  }

  #lost(frames: readonly SentFrame[]): void {
    const { paths, outbox } = this.#parts;
    for (const frame of frames)
      if (frame.type === 'path') paths.lost(frame.path, frame.frame);
      else outbox.lost(frame);
  }
}
