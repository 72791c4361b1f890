import type { ByteWriter } from '@yakmesh/crypto';
import type { ChannelRole } from '../handshake/actions.js';
import { FrameKind, SESSION_WINDOW_ID, type Frame, type StreamFrame } from './frames.js';
import {
  PEER_STREAMS_MAX,
  SESSION_WINDOW_BYTES_MAX,
  STREAM_WINDOW_BYTES_MAX,
  STREAMS_MAX,
} from './limits.js';
import { ReceiveStream } from './receive-stream.js';
import type { SentFrame } from './sent-records.js';
import { SendStream } from './send-stream.js';
import { SendTurns, type SentStreamFrame } from './send-turns.js';

/** The stream that carries messages, open from the start in both directions. */
export const MESSAGE_STREAM = 0;

export type StreamEvent =
  | { readonly type: 'stream'; readonly id: number }
  | { readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'reset'; readonly id: number; readonly code: number }
  | { readonly type: 'stopped'; readonly id: number; readonly code: number }
  /** So many bytes from the front have arrived; `isDone` with the end of the stream. */
  | { readonly type: 'arrived'; readonly id: number; readonly offset: number; readonly isDone: boolean };

interface Stream {
  readonly id: number;
  readonly send: SendStream;
  readonly receive: ReceiveStream;
  isReset: boolean;
}

export interface StreamsOptions {
  readonly role: ChannelRole;
  readonly ownStreamWindow: number;
  readonly ownSessionWindow: number;
  readonly peerStreamWindow: number;
  readonly peerSessionWindow: number;
  readonly nowMs: number;
}

/** Something that the other end must not do. */
export type StreamFault = 'fault';

/** All streams of a session: who may open them, and the windows over all of them. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #streams = new Map<number, Stream>();
  readonly #own: 0 | 1;
  #nextOwn: number;
  #ownOpen = 0;
  #highestPeer: number;
  #receiveLimit: number;
  #receiveWindow: number;
  #received = 0;
  #consumed = 0;
  #raisedMs: number;
  readonly #turns: SendTurns;

  constructor(options: StreamsOptions) {
    this.#options = options;
    // Even numbers are the initiator's, odd ones the responder's; 0 is everybody's.
    this.#own = options.role === 'initiator' ? 0 : 1;
    this.#nextOwn = this.#own === 0 ? 2 : 1;
    this.#highestPeer = this.#own === 0 ? -1 : 0;
    this.#turns = new SendTurns(options.peerSessionWindow);
    this.#receiveWindow = options.ownSessionWindow;
    this.#receiveLimit = options.ownSessionWindow;
    this.#raisedMs = options.nowMs;
    this.#add(MESSAGE_STREAM, options.nowMs);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether all that was written has arrived. */
  get isDrained(): boolean {
    for (const { send } of this.#streams.values())
      if (send.bufferedBytes > 0 || (send.isEnded && !send.isDone)) return false;
    return true;
  }

  /** The number of a new stream; undefined when as many are open as the other end takes. */
  open(nowMs: number): number | undefined {
    if (this.#ownOpen >= STREAMS_MAX) return undefined;
    const id = this.#nextOwn;
    this.#nextOwn += 2;
    this.#ownOpen += 1;
    this.#add(id, nowMs);
    return id;
  }

  /** False for a stream that is not there any more, or was ended. */
  write(id: number, bytes: Uint8Array, isEnd: boolean): boolean {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.send.isEnded) return false;
    stream.send.write(bytes, isEnd);
    if (!stream.isReset) this.#turns.add(stream);
    return true;
  }

  /** Bytes of a stream that wait for their arrival. */
  bufferedOf(id: number): number {
    return this.#streams.get(id)?.send.bufferedBytes ?? 0;
  }

  writtenOf(id: number): number {
    return this.#streams.get(id)?.send.written ?? 0;
  }

  /** Gives the sending half up: what did not arrive will not. */
  reset(id: number, code: number): Frame[] {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.isReset || stream.send.isDone) return [];
    stream.isReset = true;
    this.#turns.delete(stream);
    const final = stream.send.sentBytes;
    this.#forgetIfDone(id, stream);
    return [{ kind: FrameKind.RESET, id, code, final }];
  }

  /** Wants no more of the receiving half. */
  stop(id: number, code: number): Frame[] {
    const stream = this.#streams.get(id);
    return stream === undefined || stream.receive.isDone ? [] : [{ kind: FrameKind.STOP, id, code }];
  }

  received(frame: StreamFrame, nowMs: number): StreamEvent[] | StreamFault {
    const opened = this.#ensure(frame.id, nowMs);
    if (opened === 'fault') return 'fault';
    const stream = this.#streams.get(frame.id);
    if (stream === undefined) return opened;
    const result = stream.receive.receive(frame.offset, frame.bytes, frame.isEnd);
    if (result.type === 'fault' || !this.#count(result.newBytes)) return 'fault';
    for (const bytes of result.chunks) opened.push({ type: 'data', id: frame.id, bytes });
    if (result.isEnd) opened.push({ type: 'end', id: frame.id });
    if (result.isEnd) this.#forgetIfDone(frame.id, stream);
    return opened;
  }

  resetReceived(id: number, code: number, final: number, nowMs: number): StreamEvent[] | StreamFault {
    const opened = this.#ensure(id, nowMs);
    if (opened === 'fault') return 'fault';
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.receive.isDone) return opened;
    const result = stream.receive.reset(final);
    if (result === undefined || !this.#count(result.newBytes)) return 'fault';
    this.#consumed += result.unread;
    this.#forgetIfDone(id, stream);
    return [...opened, { type: 'reset', id, code }];
  }

  stopReceived(id: number, code: number, nowMs: number): StreamEvent[] | StreamFault {
    const opened = this.#ensure(id, nowMs);
    if (opened === 'fault' || !this.#streams.has(id)) return opened;
    return [...opened, { type: 'stopped', id, code }];
  }

  windowReceived(id: number, limit: number): void {
    if (id === SESSION_WINDOW_ID) this.#turns.raiseLimit(limit);
    else this.#streams.get(id)?.send.raiseLimit(limit);
  }

  /** The application has read so many bytes: windows to tell. */
  consumed(id: number, count: number, nowMs: number, rttMs: number): Frame[] {
    const frames: Frame[] = [];
    const limit = this.#streams.get(id)?.receive.consumed(count, nowMs, rttMs, STREAM_WINDOW_BYTES_MAX);
    if (limit !== undefined) frames.push({ kind: FrameKind.WINDOW, id, limit });
    this.#consumed += count;
    if (this.#receiveLimit - this.#consumed > this.#receiveWindow / 2) return frames;
    if (nowMs - this.#raisedMs < 2 * rttMs)
      this.#receiveWindow = Math.min(SESSION_WINDOW_BYTES_MAX, 2 * this.#receiveWindow);
    this.#raisedMs = nowMs;
    this.#receiveLimit = this.#consumed + this.#receiveWindow;
    return [...frames, { kind: FrameKind.WINDOW, id: SESSION_WINDOW_ID, limit: this.#receiveLimit }];
  }

  /** Fills so much of a record, fairly by turns; what must be sent again goes first. Answers what it wrote. */
  take(roomBytes: number, writer: ByteWriter): SentStreamFrame[] {
    return this.#turns.take(roomBytes, writer);
  }

  /** Whether `take` would give something. */
  get hasSomething(): boolean {
    return this.#turns.hasSomething;
  }

  /** Bytes that frames of streams could fill now, counted no further than to more than so many. */
  waitingBytes(most: number): number {
    return this.#turns.waitingBytes(most);
  }

  /** What one acknowledgement settles, told once for each stream that got further or came to its end. */
  arrived(frames: readonly SentFrame[]): StreamEvent[] {
    const events: StreamEvent[] = [];
    for (const frame of frames) {
      if (frame.type !== 'stream') continue;
      const event = this.#arrived(frame);
      const last = events.at(-1);
      if (event === undefined) continue;
      if (last?.type === 'arrived' && last.id === event.id) events[events.length - 1] = event;
      else events.push(event);
    }
    return events;
  }

  lost({ id, offset, length, isEnd }: SentStreamFrame): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.isReset) return;
    stream.send.lost(offset, length, isEnd);
    this.#turns.add(stream);
  }

  #arrived({
    id,
    offset,
    length,
    isEnd,
  }: SentStreamFrame): Extract<StreamEvent, { type: 'arrived' }> | undefined {
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    const before = stream.send.acknowledgedBytes;
    stream.send.acknowledged(offset, length, isEnd);
    const { acknowledgedBytes, isDone } = stream.send;
    this.#forgetIfDone(id, stream);
    const isNews = acknowledgedBytes > before || isDone;
    return isNews ? { type: 'arrived', id, offset: acknowledgedBytes, isDone } : undefined;
  }

  /** Streams that the other end opens come in order: a number stands for all of its below. */
  #ensure(id: number, nowMs: number): StreamEvent[] | StreamFault {
    if (id === MESSAGE_STREAM || this.#streams.has(id)) return [];
    if (id % 2 === this.#own) return id < this.#nextOwn ? [] : 'fault';
    if (id <= this.#highestPeer) return [];
    const first = this.#highestPeer + 2;
    const isTooMany = this.#streams.size + (id - first) / 2 + 1 > PEER_STREAMS_MAX + STREAMS_MAX;
    if (isTooMany) return 'fault';
    const events: StreamEvent[] = [];
    for (let next = first; next <= id; next += 2) {
      this.#add(next, nowMs);
      events.push({ type: 'stream', id: next });
    }
    this.#highestPeer = id;
    return events;
  }

  #add(id: number, nowMs: number): void {
    const { peerStreamWindow, ownStreamWindow } = this.#options;
    const send = new SendStream(peerStreamWindow);
    this.#streams.set(id, { id, send, receive: new ReceiveStream(ownStreamWindow, nowMs), isReset: false });
  }

  #count(newBytes: number): boolean {
    this.#received += newBytes;
    return this.#received <= this.#receiveLimit;
  }

  #forgetIfDone(id: number, stream: Stream): void {
    if (id === MESSAGE_STREAM || !stream.receive.isDone || !(stream.send.isDone || stream.isReset)) return;
    if (!this.#streams.delete(id)) return;
    this.#turns.delete(stream);
    if (id % 2 === this.#own) this.#ownOpen -= 1;
  }
}
