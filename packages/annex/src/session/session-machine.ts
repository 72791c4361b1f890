import { earlier } from '@yakmesh/core/transport';
import type { JobResult } from '../crypto-job.js';
import { Acknowledger } from './acknowledger.js';
import { Ending } from './ending.js';
import { decodeFrames, FrameKind, type AckFrame, type Frame } from './frames.js';
import { CloseCode } from './limits.js';
import { Outbox } from './outbox.js';
import { Paths, type Arrival } from './paths.js';
import { Recovery } from './recovery.js';
import type { SessionAction } from './session-actions.js';
import { SessionKeys, type KeyAction } from './session-keys.js';
import type { SessionOptions } from './session-options.js';
import { MESSAGE_STREAM, Streams, type StreamEvent, type StreamFault } from './streams.js';
import { Transmitter, type PathRoom } from './transmitter.js';

const EMPTY = new Uint8Array(0);

/**
 * One end of a proven session: records in and out, streams, datagrams, recovery, the ratchet and the end. It knows no flows: paths are numbers, and
 * `transmit` is asked for records whenever the active one has room.
 */
export class SessionMachine {
  readonly #options: SessionOptions;
  readonly #keys: SessionKeys;
  readonly #streams: Streams;
  readonly #acknowledger = new Acknowledger();
  readonly #outbox: Outbox;
  readonly #recovery: Recovery;
  readonly #paths: Paths;
  readonly #transmitter: Transmitter;
  readonly #ending: Ending;
  #isConfirmed: boolean;
  #heardMs: number;

  constructor(options: SessionOptions) {
    const { outcome, nowMs, random, path } = options;
    const { role, params } = outcome;
    this.#options = options;
    this.#keys = new SessionKeys(options);
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
    this.#paths = new Paths(path, random, role === 'responder');
    const parts = {
      keys: this.#keys,
      outbox: this.#outbox,
      recovery: this.#recovery,
      paths: this.#paths,
    };
    this.#transmitter = new Transmitter(parts);
    this.#ending = new Ending(parts);
    this.#heardMs = nowMs;
    this.#isConfirmed = role === 'responder';
    if (role === 'responder') this.#outbox.push([{ kind: FrameKind.HS_DONE }]);
  }

  get epoch(): number {
    return this.#keys.sealer.epoch;
  }

  get isOpen(): boolean {
    return this.#ending.isOpen;
  }

  get activePath(): number | undefined {
    return this.#paths.active;
  }

  /** Smoothed round trip; undefined until the first one was measured. */
  get rttMs(): number | undefined {
    return this.#recovery.measuredRttMs;
  }

  get deadlineMs(): number | undefined {
    if (this.#ending.isOver) return this.#ending.deadlineMs;
    const recoveryMs = this.#transmitter.canProbe ? this.#recovery.deadlineMs : this.#recovery.deadMs;
    const endMs = earlier(this.#heardMs + this.#options.idleMs, this.#ending.deadlineMs);
    const firstMs = earlier(endMs, earlier(this.#keys.deadlineMs, recoveryMs));
    if (!this.#transmitter.canSpeak) return firstMs;
    return earlier(firstMs, earlier(this.#acknowledger.deadlineMs, this.#keepAliveAtMs));
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
    return this.isOpen ? this.#keyed(this.#keys.turn(nowMs), nowMs) : [];
  }

  /** The initiator has not heard of our HS_DONE: another one, in a record of its own number. */
  confirmedAgain(): void {
    if (this.isOpen) this.#outbox.push([{ kind: FrameKind.HS_DONE }]);
  }

  /** A flow that we open: from now on the way to the other end. */
  openPath(path: number, nowMs: number): SessionAction[] {
    if (this.#ending.isEnded) return [];
    this.#paths.open(path);
    this.#transmitter.pathChanged(nowMs);
    return [{ type: 'path', path }];
  }

  closePath(path: number): SessionAction[] {
    const before = this.#paths.active;
    this.#paths.close(path);
    const after = this.#paths.active;
    return after === undefined || after === before ? [] : [{ type: 'path', path: after }];
  }

  complete(ticket: number, result: JobResult, nowMs: number): SessionAction[] {
    return this.#keyed(this.#keys.complete(ticket, result, nowMs), nowMs);
  }

  /** Ends the session; with `drains`, when everything written has arrived, at most ten seconds from now. */
  close(code: number, reason: string, drains: boolean, nowMs: number): SessionAction[] {
    if (!drains) return this.#ending.close(code, reason, nowMs);
    if (!this.isOpen) return [];
    this.#streams.write(MESSAGE_STREAM, EMPTY, true);
    this.#ending.drain(code, reason, nowMs);
    return this.#drained(nowMs);
  }

  receive(record: Uint8Array, path: number, isMarked: boolean, nowMs: number): SessionAction[] {
    if (this.#ending.isOver) return [];
    const { opener } = this.#keys;
    const opened = opener.open(record, nowMs);
    if (opened.type === 'fault') {
      const fault: SessionAction = { type: 'fault', code: opened.code, path };
      return opener.isSpent ? [fault, ...this.#ending.close(CloseCode.LIMIT, 'forgeries', nowMs)] : [fault];
    }
    const { epoch, sequence, content } = opened;
    const frames = decodeFrames(content, this.#options.outcome.kem);
    if (frames === undefined) return this.#ending.close(CloseCode.PROTOCOL, 'frames', nowMs);
    this.#heardMs = nowMs;
    const actions = this.#cameOver({ path, bytes: record.length, epoch, sequence, frames }, nowMs);
    const entered = this.#keys.entered(epoch, nowMs);
    if (entered.length > 0) actions.push(...this.#keyed(entered, nowMs));
    this.#acknowledger.received(epoch, sequence, frames.some(isEliciting), isMarked, nowMs);
    for (const frame of frames) {
      if (this.#ending.isOver) break;
      actions.push(...this.#frame(frame, path, nowMs));
    }
    if (this.#ending.isOver) return actions;
    // A session that begins with CLOSE never was one.
    if (!this.#isConfirmed) actions.push({ type: 'confirmed' });
    this.#isConfirmed = true;
    actions.push(...this.#drained(nowMs));
    return actions;
  }

  tick(nowMs: number): SessionAction[] {
    if (this.#ending.isEnded) return [];
    this.#keys.opener.tick(nowMs);
    const isIdle = !this.#ending.isOver && nowMs >= this.#heardMs + this.#options.idleMs;
    if (isIdle) return this.#ending.close(CloseCode.IDLE, '', nowMs);
    const last = this.#ending.tick(nowMs);
    if (this.#ending.isOver) return last;
    if (nowMs >= (this.#recovery.deadMs ?? Infinity)) return this.#ending.gone();
    const actions = this.#keyed(this.#keys.tick(nowMs), nowMs);
    if (this.#ending.isOver) return actions;
    this.#transmitter.tick(nowMs, nowMs >= (this.#keepAliveAtMs ?? Infinity));
    return [...actions, { type: 'ready' }];
  }

  /** Records for the active path, as far as its room goes. */
  transmit(room: PathRoom, nowMs: number): readonly SessionAction[] {
    if (this.#ending.isOver) return [];
    const { records, fault } = this.#transmitter.transmit(room, nowMs);
    if (fault !== undefined) return [...records, ...this.#ending.close(CloseCode.LIMIT, fault, nowMs)];
    const worn = this.#keys.turnIfWorn(nowMs);
    return worn.length === 0 ? records : [...records, ...this.#keyed(worn, nowMs)];
  }

  /** Forgets every secret. */
  destroy(): void {
    this.#ending.destroy();
  }

  get #keepAliveAtMs(): number | undefined {
    const { keepAliveMs } = this.#options;
    const isQuiet = keepAliveMs > 0 && this.#recovery.bytesInFlight === 0;
    return isQuiet ? this.#heardMs + keepAliveMs : undefined;
  }

  #cameOver(arrival: Arrival, nowMs: number): SessionAction[] {
    if (!this.#paths.received(arrival)) return [];
    this.#transmitter.pathChanged(nowMs);
    return [{ type: 'path', path: arrival.path }];
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
        return this.#ending.closedByPeer(frame.code, frame.reason);
      case FrameKind.RATCHET_REQ:
        return this.#keyed(this.#keys.requested(frame.epoch, nowMs), nowMs);
      case FrameKind.RATCHET_EK:
      case FrameKind.RATCHET_CT:
        return this.#keyed(this.#keys.received(frame, nowMs), nowMs);
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
    return events === 'fault' ? this.#ending.close(CloseCode.PROTOCOL, 'stream', nowMs) : events;
  }

  #acknowledged(ack: AckFrame, nowMs: number): SessionAction[] {
    const arrived = this.#transmitter.acknowledged(ack, nowMs);
    if (arrived === undefined) return this.#ending.close(CloseCode.PROTOCOL, 'ack', nowMs);
    return this.#streams.arrived(arrived);
  }

  #keyed(wanted: readonly KeyAction[], nowMs: number): SessionAction[] {
    return wanted.flatMap((action): SessionAction[] => {
      switch (action.type) {
        case 'job':
        case 'ratcheted':
          return [action];
        case 'frame':
          this.#outbox.push([action.frame]);
          return [];
        case 'fail':
          return this.#ending.close(CloseCode.RATCHET, '', nowMs);
      }
    });
  }

  #drained(nowMs: number): SessionAction[] {
    return this.#ending.isDraining && this.#streams.isDrained ? this.#ending.drained(nowMs) : [];
  }
}

/** Whether a record with it is to be acknowledged. */
const isEliciting = ({ kind }: Frame): boolean => kind !== FrameKind.ACK && kind !== FrameKind.CLOSE;
