import { wipe } from '@yakmesh/crypto';
import { earlier } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import { RecordOpener } from '../record/opener.js';
import { RecordSealer, type SealedRecord } from '../record/sealer.js';
import type { RatchetAction } from '../ratchet/ratchet-actions.js';
import { RatchetMachine } from '../ratchet/ratchet-machine.js';
import { FrameKind, type Frame, type RatchetFrame } from './frames.js';
import type { SessionOptions } from './session-options.js';

const EMPTY = new Uint8Array(0);

/** What the keys of a session want done. */
export type KeyAction =
  | { readonly type: 'job'; readonly ticket: number; readonly job: CryptoJob }
  | { readonly type: 'frame'; readonly frame: Frame }
  /** Our records bear this epoch from now on. */
  | { readonly type: 'ratcheted'; readonly epoch: number }
  | { readonly type: 'fail' };

/** The keys of a session in both directions, and the ratchet that replaces them. */
export class SessionKeys {
  readonly sealer: RecordSealer;
  readonly opener: RecordOpener;
  readonly #ratchet: RatchetMachine;
  /** Bytes sealed in this epoch. */
  #bytes = 0;
  #next: { readonly epoch: number; readonly root: Uint8Array } | undefined;

  constructor({ outcome, nowMs, random, epochRecordsMax, sessionRecordsMax }: SessionOptions) {
    const { role, kem, secrets, isAnonymous, ownSession, peerSession } = outcome;
    const { root, transcript } = secrets;
    this.sealer = new RecordSealer({ role, root, peerSession, nowMs, epochRecordsMax, sessionRecordsMax });
    this.opener = new RecordOpener({ role, root, ownSession });
    this.#ratchet = new RatchetMachine({
      role,
      kem,
      root,
      transcript,
      peerKey: outcome.peer?.publicKey,
      isAnonymous: isAnonymous && role === 'initiator',
      random,
      nowMs,
    });
    wipe(root);
  }

  /** When `tick` has something to do. */
  get deadlineMs(): number | undefined {
    return earlier(this.opener.deadlineMs, this.#ratchet.deadlineMs);
  }

  /** A record was sealed. */
  count({ bytes }: SealedRecord): void {
    this.#bytes += bytes.length;
  }

  /** Begins a turn where the records and bytes of this epoch are enough. */
  turnIfWorn(nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.counted(this.sealer.epochRecords, this.#bytes, nowMs), nowMs);
  }

  turn(nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.turn(nowMs), nowMs);
  }

  /** The other end wants us to begin one. */
  requested(epoch: number, nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.requested(epoch, nowMs), nowMs);
  }

  received(frame: RatchetFrame, nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.received(frame, nowMs), nowMs);
  }

  /** A record of this epoch was opened. */
  entered(epoch: number, nowMs: number): KeyAction[] {
    return epoch > this.sealer.epoch ? this.#perform(this.#ratchet.entered(epoch, nowMs), nowMs) : [];
  }

  complete(ticket: number, result: JobResult, nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.complete(ticket, result, nowMs), nowMs);
  }

  tick(nowMs: number): KeyAction[] {
    return this.#perform(this.#ratchet.tick(nowMs), nowMs);
  }

  /** Forgets every secret. */
  destroy(): void {
    this.sealer.destroy();
    this.opener.destroy();
    this.#ratchet.destroy();
    wipe(this.#next?.root ?? EMPTY);
  }

  #perform(wanted: readonly RatchetAction[], nowMs: number): KeyAction[] {
    return wanted.flatMap((action): KeyAction[] => {
      switch (action.type) {
        case 'job':
        case 'frame':
        case 'fail':
          return [action];
        case 'ready':
          this.opener.addEpoch(action.epoch, action.root);
          this.#next = { epoch: action.epoch, root: action.root };
          return [];
        case 'switch':
          return this.#switch(nowMs);
      }
    });
  }

  #switch(nowMs: number): KeyAction[] {
    const next = this.#next;
    if (next === undefined) return [];
    this.#next = undefined;
    this.sealer.nextEpoch(next.root, nowMs);
    wipe(next.root);
    this.#bytes = 0;
    // Until it is acknowledged: the other end must see a record of the new epoch.
    return [
      { type: 'frame', frame: { kind: FrameKind.PING } },
      { type: 'ratcheted', epoch: next.epoch },
    ];
  }
}
