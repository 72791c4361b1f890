import { wipe } from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { JobResult } from '../crypto-job.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import { RecordOpener } from '../record/opener.js';
import { RECORD_BYTES_MIN } from '../record/padding.js';
import { RecordSealer, type SealedRecord } from '../record/sealer.js';
import { RatchetMachine, type RatchetAction } from '../ratchet/ratchet-machine.js';
import { Acknowledger } from './acknowledger.js';
import { decodeFrames, encodeFrame, FrameKind, type AckFrame, type Frame } from './frames.js';
import { CloseCode, DRAIN_MS } from './limits.js';
import { Outbox, type Draft } from './outbox.js';
import { Paths } from './paths.js';
import { Recovery } from './recovery.js';
import type { SentFrame } from './sent-records.js';
import type { SendAction, SessionAction } from './session-actions.js';
import { MESSAGE_STREAM, Streams, type StreamEvent, type StreamFault } from './streams.js';

const EMPTY = new Uint8Array(0);

export interface SessionOptions {
  readonly outcome: HandshakeOutcome;
  readonly random: Random;
  readonly nowMs: number;
  /** The flow that the handshake came over. */
  readonly path: number;
  readonly streamWindow: number;
  readonly sessionWindow: number;
  readonly idleMs: number;
  /** A PING after so long a silence; 0 for none. */
  readonly keepAliveMs: number;
  readonly epochRecordsMax?: number | undefined;
  readonly sessionRecordsMax?: number | undefined;
}

type State =
  | { readonly name: 'open' | 'ended' }
  | { readonly name: 'draining'; readonly code: number; readonly reason: string; readonly endMs: number }
  | {
      readonly name: 'closing';
      readonly bytes: Uint8Array;
      readonly path: number | undefined;
      readonly againMs: number;
    };

/**
 * One end of a proven session: records in and out, streams, datagrams, recovery, the ratchet and the end. It knows no flows: paths are numbers, and
 * `transmit` is asked for records whenever the active one has room.
 */
export class SessionMachine {
  readonly #options: SessionOptions;
  readonly #sealer: RecordSealer;
  readonly #opener: RecordOpener;
  readonly #ratchet: RatchetMachine;
  readonly #streams: Streams;
  readonly #acknowledger = new Acknowledger();
  readonly #outbox: Outbox;
  readonly #recovery: Recovery;
  readonly #paths: Paths;
  #state: State = { name: 'open' };
  #isConfirmed: boolean;
  #isBlocked = false;
  #heardMs: number;
  #epochBytes = 0;
  #nextRoot: { readonly epoch: number; readonly root: Uint8Array } | undefined;

  constructor(options: SessionOptions) {
    const { outcome, nowMs, random, path } = options;
    const { role, kem, secrets, params, isAnonymous, ownSession, peerSession } = outcome;
    this.#options = options;
    const { root, transcript } = secrets;
    const { epochRecordsMax, sessionRecordsMax } = options;
    this.#sealer = new RecordSealer({ role, root, peerSession, nowMs, epochRecordsMax, sessionRecordsMax });
    this.#opener = new RecordOpener({ role, root, ownSession });
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
    this.#streams = new Streams({
      role,
      ownStreamWindow: options.streamWindow,
      ownSessionWindow: options.sessionWindow,
      peerStreamWindow: params.streamWindow,
      peerSessionWindow: params.sessionWindow,
      nowMs,
    });
    this.#outbox = new Outbox(this.#acknowledger, this.#streams);
    this.#recovery = new Recovery(nowMs);
    this.#paths = new Paths(path, random);
    this.#heardMs = nowMs;
    this.#isConfirmed = role === 'responder';
    if (role === 'responder') this.#outbox.push([{ kind: FrameKind.HS_DONE }]);
  }

  get epoch(): number {
    return this.#sealer.epoch;
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  get activePath(): number | undefined {
    return this.#paths.active;
  }

  /** Smoothed round trip; undefined until the first one was measured. */
  get rttMs(): number | undefined {
    return this.#recovery.measuredRttMs;
  }

  /** Bytes written that have not all arrived. */
  get bufferedBytes(): number {
    return this.#streams.bufferedBytes;
  }

  get deadlineMs(): number | undefined {
    const state = this.#state;
    if (state.name === 'ended') return undefined;
    if (state.name === 'closing') return state.againMs;
    const times = [this.#heardMs + this.#options.idleMs, this.#opener.deadlineMs, this.#ratchet.deadlineMs];
    if (state.name === 'draining') times.push(state.endMs);
    if (this.#canSpeak) times.push(this.#acknowledger.deadlineMs, this.#keepAliveAtMs);
    times.push(this.#canProbe ? this.#recovery.deadlineMs : this.#recovery.deadMs);
    return times.reduce(
      (first, time) => (time !== undefined && time < (first ?? Infinity) ? time : first),
      undefined,
    );
  }

  openStream(nowMs: number): number | undefined {
    return this.isOpen ? this.#streams.open(nowMs) : undefined;
  }

  /** False when the stream takes nothing any more. */
  write(id: number, bytes: Uint8Array, isEnd = false): boolean {
    return this.isOpen && this.#streams.write(id, bytes, isEnd);
  }

  bufferedOf(id: number): number {
    return this.#streams.bufferedOf(id);
  }

  writtenOf(id: number): number {
    return this.#streams.writtenOf(id);
  }

  reset(id: number, code: number): void {
    if (this.isOpen) this.#outbox.push(this.#streams.reset(id, code));
  }

  stop(id: number, code: number): void {
    if (this.isOpen) this.#outbox.push(this.#streams.stop(id, code));
  }

  /** The application has read so many bytes of a stream. */
  consumed(id: number, count: number, nowMs: number): void {
    if (this.isOpen) this.#outbox.push(this.#streams.consumed(id, count, nowMs, this.#recovery.rttMs));
  }

  datagram(bytes: Uint8Array): SessionAction[] {
    return this.isOpen && !this.#outbox.pushDatagram(bytes) ? [{ type: 'datagram-dropped' }] : [];
  }

  /** Replaces the keys as soon as both ends can. */
  ratchet(nowMs: number): SessionAction[] {
    return this.isOpen ? this.#ratcheted(this.#ratchet.turn(nowMs), nowMs) : [];
  }

  /** The initiator has not heard of our HS_DONE: another one, in a record of its own number. */
  confirmedAgain(): void {
    if (this.isOpen) this.#outbox.push([{ kind: FrameKind.HS_DONE }]);
  }

  /** A flow that we open: from now on the way to the other end. */
  openPath(path: number, nowMs: number): SessionAction[] {
    if (this.#state.name === 'ended') return [];
    this.#paths.open(path);
    this.#pathChanged(nowMs);
    return [{ type: 'path', path }];
  }

  closePath(path: number): SessionAction[] {
    const before = this.#paths.active;
    this.#paths.close(path);
    const after = this.#paths.active;
    return after === undefined || after === before ? [] : [{ type: 'path', path: after }];
  }

  complete(ticket: number, result: JobResult, nowMs: number): SessionAction[] {
    return this.#ratcheted(this.#ratchet.complete(ticket, result, nowMs), nowMs);
  }

  /** Ends the session; with `drains`, when everything written has arrived, at most ten seconds from now. */
  close(code: number, reason: string, drains: boolean, nowMs: number): SessionAction[] {
    if (this.#state.name === 'closing' || this.#state.name === 'ended') return [];
    if (drains && this.#state.name === 'draining') return [];
    if (!drains) return this.#close(code, reason, nowMs);
    this.#streams.write(MESSAGE_STREAM, EMPTY, true);
    this.#state = { name: 'draining', code, reason, endMs: nowMs + DRAIN_MS };
    return this.#drained(nowMs);
  }

  receive(record: Uint8Array, path: number, isMarked: boolean, nowMs: number): SessionAction[] {
    if (this.#state.name === 'ended' || this.#state.name === 'closing') return [];
    const opened = this.#opener.open(record, nowMs);
    if (opened.type === 'fault') {
      const fault: SessionAction = { type: 'fault', code: opened.code };
      return this.#opener.isSpent ? [fault, ...this.#close(CloseCode.LIMIT, 'forgeries', nowMs)] : [fault];
    }
    const frames = decodeFrames(opened.content, this.#options.outcome.kem);
    if (frames === undefined) return this.#close(CloseCode.PROTOCOL, 'frames', nowMs);
    const actions: SessionAction[] = [];
    this.#heardMs = nowMs;
    const isFirst = !this.#isConfirmed;
    this.#isConfirmed = true;
    if (this.#paths.received(path, record.length, opened.isNewest)) {
      this.#pathChanged(nowMs);
      actions.push({ type: 'path', path });
    }
    if (opened.epoch > this.#sealer.epoch)
      actions.push(...this.#ratcheted(this.#ratchet.entered(opened.epoch, nowMs), nowMs));
    const isEliciting = frames.some(({ kind }) => kind !== FrameKind.ACK && kind !== FrameKind.CLOSE);
    this.#acknowledger.received(opened.epoch, opened.sequence, isEliciting, isMarked, nowMs);
    for (const frame of frames) {
      if (this.#isOver) break;
      actions.push(...this.#frame(frame, path, nowMs));
    }
    if (this.#isOver) return actions;
    // A session that begins with CLOSE never was one.
    if (isFirst) actions.push({ type: 'confirmed' });
    return [...actions, ...this.#drained(nowMs)];
  }

  tick(nowMs: number): SessionAction[] {
    const state = this.#state;
    if (state.name === 'ended') return [];
    if (state.name === 'closing') return this.#closedAgain(state);
    this.#opener.tick(nowMs);
    if (nowMs >= this.#heardMs + this.#options.idleMs) return this.#close(CloseCode.IDLE, '', nowMs);
    if (state.name === 'draining' && nowMs >= state.endMs)
      return this.#close(CloseCode.ABORTED, 'drain', nowMs);
    if (nowMs >= (this.#recovery.deadMs ?? Infinity)) return this.#gone();
    const actions = this.#ratcheted(this.#ratchet.tick(nowMs), nowMs);
    if (this.#isOver) return actions;
    if (this.#canProbe) {
      const { lost, isProbe } = this.#recovery.tick(nowMs);
      this.#lost(lost);
      if (isProbe) this.#paths.ask();
      if (isProbe || nowMs >= (this.#keepAliveAtMs ?? Infinity)) this.#outbox.probe();
    }
    return [...actions, { type: 'ready' }];
  }

  /** Records for the active path, which takes so many bytes now. */
  transmit(roomBytes: number, nowMs: number): SessionAction[] {
    const actions: SessionAction[] = [];
    let room = roomBytes;
    this.#isBlocked = room < RECORD_BYTES_MIN;
    while (!this.#isOver && !this.#isBlocked) {
      if (this.#outbox.isOverfull) return [...actions, ...this.#close(CloseCode.LIMIT, 'frames', nowMs)];
      if (this.#sealer.isSpent) return [...actions, ...this.#close(CloseCode.LIMIT, 'records', nowMs)];
      const sent = this.#transmitOne(room, nowMs);
      if (sent === undefined) break;
      actions.push(sent);
      room -= sent.bytes.length;
      this.#isBlocked = room < RECORD_BYTES_MIN;
    }
    if (!this.#isOver) {
      const counted = this.#ratchet.counted(this.#sealer.epochRecords, this.#epochBytes, nowMs);
      actions.push(...this.#ratcheted(counted, nowMs));
    }
    return actions;
  }

  /** Forgets every secret. */
  destroy(): void {
    this.#sealer.destroy();
    this.#opener.destroy();
    this.#ratchet.destroy();
    wipe(this.#nextRoot?.root ?? EMPTY);
    this.#state = { name: 'ended' };
  }

  get #isOver(): boolean {
    return this.#state.name === 'closing' || this.#state.name === 'ended';
  }

  /** Whether a timer that wants something sent has any use. */
  get #canSpeak(): boolean {
    return this.#canProbe && this.#paths.allowance >= RECORD_BYTES_MIN;
  }

  /** An unproven path takes the question whether it works even when it takes nothing else. */
  get #canProbe(): boolean {
    return !this.#isBlocked && this.#paths.active !== undefined && this.#sealer.hasRoomForControl;
  }

  get #keepAliveAtMs(): number | undefined {
    const { keepAliveMs } = this.#options;
    const isQuiet = keepAliveMs > 0 && this.#recovery.bytesInFlight === 0;
    return isQuiet ? this.#heardMs + keepAliveMs : undefined;
  }

  #transmitOne(roomBytes: number, nowMs: number): SendAction | undefined {
    if (!this.#sealer.hasRoomForControl) return undefined;
    const own = this.#paths.take();
    if (own !== undefined) {
      const frames = own.frames.map((frame) => encodeFrame(frame));
      const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const frame of frames) {
        bytes.set(frame, at);
        at += frame.length;
      }
      const sent = own.frames.map((frame): SentFrame => ({ type: 'path', path: own.path, frame }));
      return this.#sent(this.#sealer.seal(bytes, nowMs), sent, own.path, nowMs);
    }
    const path = this.#paths.active;
    const allowance = Math.min(roomBytes, this.#paths.allowance);
    if (path === undefined || allowance < RECORD_BYTES_MIN) return undefined;
    const window = this.#recovery.roomBytes;
    const dataBytes = this.#sealer.hasRoom ? Math.min(allowance, window) : 0;
    // What is under way makes room for whole records; without it a small one is better than none.
    const isPatient = this.#recovery.bytesInFlight > 0;
    const draft = this.#outbox.take({ dataBytes, isPatient, isControlAllowed: true, nowMs });
    const isHeldBack = this.#sealer.hasRoom && this.#outbox.hasSomething;
    this.#recovery.isLimitedByUs = draft === undefined && !isHeldBack;
    if (draft === undefined) return undefined;
    const sealed = this.#sealer.sealDraft(draft.bytes, nowMs);
    return this.#sent(sealed, draft.isEliciting ? draft.frames : undefined, path, nowMs);
  }

  /** `frames` must arrive; undefined where nobody need acknowledge the record. */
  #sent(
    { bytes, epoch, sequence }: SealedRecord,
    frames: readonly SentFrame[] | undefined,
    path: number,
    nowMs: number,
  ): SendAction {
    this.#epochBytes += bytes.length;
    this.#paths.sent(path, bytes.length);
    if (frames !== undefined)
      this.#recovery.sent({ epoch, sequence, sentMs: nowMs, bytes: bytes.length, frames });
    return { type: 'send', path, bytes };
  }

  #frame(frame: Frame, path: number, nowMs: number): SessionAction[] {
    switch (frame.kind) {
      case FrameKind.HS_DONE:
      case FrameKind.PING:
        return [];
      case FrameKind.ACK:
        return this.#acknowledged(frame, nowMs);
      case FrameKind.STREAM:
        return this.#stream(this.#streams.received(frame, nowMs), nowMs);
      case FrameKind.RESET:
        return this.#stream(this.#streams.resetReceived(frame.id, frame.code, frame.final, nowMs), nowMs);
      case FrameKind.STOP:
        return this.#stream(this.#streams.stopReceived(frame.id, frame.code, nowMs), nowMs);
      case FrameKind.WINDOW:
        this.#streams.windowReceived(frame.id, frame.limit);
        return [];
      case FrameKind.DATAGRAM:
        return [{ type: 'datagram', bytes: frame.bytes.slice() }];
      case FrameKind.CLOSE:
        return this.#end(frame.code, frame.reason);
      case FrameKind.RATCHET_REQ:
        return this.#ratcheted(this.#ratchet.requested(frame.epoch, nowMs), nowMs);
      case FrameKind.RATCHET_EK:
      case FrameKind.RATCHET_CT:
        return this.#ratcheted(this.#ratchet.received(frame, nowMs), nowMs);
      case FrameKind.PATH_CHALLENGE:
        this.#paths.challenged(path, frame.data);
        return [];
      case FrameKind.PATH_RESPONSE:
        this.#paths.answered(path, frame.data);
        return [];
      default:
        frame satisfies never;
        return [];
    }
  }

  #stream(events: StreamEvent[] | StreamFault, nowMs: number): SessionAction[] {
    return events === 'fault' ? this.#close(CloseCode.PROTOCOL, 'stream', nowMs) : events;
  }

  #acknowledged(ack: AckFrame, nowMs: number): SessionAction[] {
    const end = ack.ranges.at(-1)?.end ?? 0;
    const isUnsent =
      ack.epoch > this.#sealer.epoch || (ack.epoch === this.#sealer.epoch && end > this.#sealer.nextSequence);
    if (isUnsent) return this.#close(CloseCode.PROTOCOL, 'ack', nowMs);
    this.#sealer.acknowledged(ack.epoch, end - 1);
    const { arrived, lost } = this.#recovery.acknowledged(ack, nowMs);
    this.#lost(lost);
    return arrived.flatMap((frame) => this.#arrived(frame));
  }

  #arrived(frame: SentFrame): SessionAction[] {
    return frame.type === 'stream' ? this.#streams.arrived(frame) : [];
  }

  #lost(frames: readonly SentFrame[]): void {
    for (const frame of frames)
      if (frame.type === 'path') this.#paths.lost(frame.path, frame.frame);
      else this.#outbox.lost(frame);
  }

  #pathChanged(nowMs: number): void {
    this.#lost(this.#recovery.pathChanged(nowMs));
  }

  #ratcheted(wanted: readonly RatchetAction[], nowMs: number): SessionAction[] {
    return wanted.flatMap((action): SessionAction[] => {
      switch (action.type) {
        case 'job':
          return [action];
        case 'frame':
          this.#outbox.push([action.frame]);
          return [];
        case 'ready':
          this.#opener.addEpoch(action.epoch, action.root);
          this.#nextRoot = { epoch: action.epoch, root: action.root };
          return [];
        case 'switch':
          return this.#switch(nowMs);
        case 'fail':
          return this.#close(CloseCode.RATCHET, '', nowMs);
      }
    });
  }

  #switch(nowMs: number): SessionAction[] {
    const next = this.#nextRoot;
    if (next === undefined) return [];
    this.#nextRoot = undefined;
    this.#sealer.nextEpoch(next.root, nowMs);
    wipe(next.root);
    this.#epochBytes = 0;
    // Until it is acknowledged: the other end must see a record of the new epoch.
    this.#outbox.push([{ kind: FrameKind.PING }]);
    return [{ type: 'ratcheted', epoch: next.epoch }];
  }

  #drained(nowMs: number): SessionAction[] {
    const state = this.#state;
    if (state.name !== 'draining' || !this.#streams.isDrained) return [];
    return this.#close(state.code, state.reason, nowMs);
  }

  #close(code: number, reason: string, nowMs: number): SessionAction[] {
    const path = this.#paths.active;
    const { bytes } = this.#sealer.seal(encodeFrame({ kind: FrameKind.CLOSE, code, reason }), nowMs);
    this.#state = { name: 'closing', bytes, path, againMs: nowMs + this.#recovery.probeMs };
    const closed: SessionAction = { type: 'closed', code, reason, isRemote: false, lastWords: bytes };
    return path === undefined
      ? [closed, ...this.#closedAgain(undefined)]
      : [{ type: 'send', path, bytes }, closed];
  }

  /** The other end has not answered for a minute: nothing is said any more. */
  #gone(): SessionAction[] {
    this.destroy();
    const closed = { type: 'closed', code: CloseCode.GONE, reason: '', isRemote: false } as const;
    return [{ ...closed, lastWords: undefined }, { type: 'ended' }];
  }

  /** CLOSE is said twice, a probe's time apart; then the keys go. */
  #closedAgain(state: Extract<State, { name: 'closing' }> | undefined): SessionAction[] {
    this.destroy();
    if (state?.path === undefined) return [{ type: 'ended' }];
    return [{ type: 'send', path: state.path, bytes: state.bytes }, { type: 'ended' }];
  }

  #end(code: number, reason: string): SessionAction[] {
    this.destroy();
    return [{ type: 'closed', code, reason, isRemote: true, lastWords: undefined }, { type: 'ended' }];
  }
}
