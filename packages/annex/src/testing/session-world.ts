import type { Random } from '@yakmesh/core/transport';
import type { CryptoJob, JobResult } from '../crypto-job.js';
import type { ChannelRole, HandshakeOutcome } from '../handshake/actions.js';
import { CloseCode } from '../session/limits.js';
import { decodeRecordHeader } from '../record/header.js';
import { RECORD_BYTES_MAX } from '../record/padding.js';
import type { SessionAction } from '../session/session-actions.js';
import { SessionMachine } from '../session/session-machine.js';
import type { SessionOptions } from '../session/session-options.js';

/** What the network does to records, as shares of 1. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Records are delayed by up to so much, on top of 10 ms. */
  readonly jitterMs: number;
}

export interface SessionWorldOptions {
  readonly random: Random;
  readonly outcomes: Readonly<Record<ChannelRole, HandshakeOutcome>>;
  /** Does a job; the answer is handed in at once, or 5 ms after the promise settles. */
  readonly job: (role: ChannelRole, job: CryptoJob) => JobResult | Promise<JobResult>;
  readonly weather: Weather;
  readonly session?: Partial<SessionOptions> | undefined;
  /** A flow takes so many bytes before it drains, a millisecond a step. @default 131,072 */
  readonly roomBytes?: number | undefined;
  /** The longest record that a path takes: 65,024 bytes where it leads to a neighbour. @default 16,384 for all */
  readonly recordBytesMax?: ((path: number) => number) | undefined;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What one end has said and heard, by which the world checks it. */
export class SessionEnd {
  readonly role: ChannelRole;
  readonly machine: SessionMachine;
  /** Bytes received in order, by stream. */
  readonly received = new Map<number, number>();
  readonly ended = new Set<number>();
  readonly resets = new Set<number>();
  readonly opened: number[] = [];
  readonly datagrams: string[] = [];
  readonly closes: { readonly code: number; readonly isRemote: boolean }[] = [];
  readonly faults = new Map<string, number>();
  readonly numbers = new Set<string>();
  epochs = 0;
  records = 0;
  isEnded = false;

  constructor(role: ChannelRole, machine: SessionMachine) {
    this.role = role;
    this.machine = machine;
  }
}

/** The byte that a stream of one end has at an offset: so what arrives needs nothing kept to be checked. */
export const byteAt = (role: ChannelRole, id: number, offset: number): number =>
  (id * 31 + offset * 7 + (offset >> 8) + (role === 'initiator' ? 0 : 101)) & 0xff;

export function patternOf(role: ChannelRole, id: number, offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => byteAt(role, id, offset + index));
}

/** Two ends of a session, a bad network between them, and time that passes from event to event. */
export class SessionWorld {
  readonly initiator: SessionEnd;
  readonly responder: SessionEnd;
  readonly #options: SessionWorldOptions;
  weather: Weather;
  nowMs = 0;
  #events: Event[] = [];
  #order = 0;
  #pending = 0;
  /** Paths that are cut, by number. */
  readonly cut = new Set<number>();
  readonly problems: string[] = [];
  /** Every record as it was sealed, when somebody wants to see. */
  onRecord: ((role: ChannelRole, bytes: Uint8Array) => unknown) | undefined;
  /** Records that are to be lost, besides what the weather takes. */
  drop: ((role: ChannelRole, bytes: Uint8Array) => boolean) | undefined;

  constructor(options: SessionWorldOptions) {
    this.#options = options;
    this.weather = options.weather;
    const make = (role: ChannelRole): SessionEnd => {
      const outcome = options.outcomes[role];
      const { sessionWindow, streamWindow } = outcome.params;
      const common = { outcome, random: options.random, nowMs: 0, path: 0, sessionWindow, streamWindow };
      const machine = new SessionMachine({ ...common, idleMs: 300_000, keepAliveMs: 0, ...options.session });
      return new SessionEnd(role, machine);
    };
    this.initiator = make('initiator');
    this.responder = make('responder');
    this.pump(this.responder);
  }

  other(end: SessionEnd): SessionEnd {
    return end === this.initiator ? this.responder : this.initiator;
  }

  /** Carries out what a machine wants, then whatever it has to send. */
  act(end: SessionEnd, actions: readonly SessionAction[]): void {
    for (const action of actions) this.#perform(end, action);
    this.pump(end);
  }

  pump(end: SessionEnd): void {
    const bytes = this.#options.roomBytes ?? 131_072;
    const recordBytesMax = this.#recordBytesMax(end.machine.activePath ?? 0);
    const actions = end.machine.transmit({ bytes, recordBytesMax }, this.nowMs);
    for (const action of actions) this.#perform(end, action);
  }

  /** Lets time pass, from event to event. */
  async run(untilMs: number): Promise<void> {
    for (let steps = 0; ; steps += 1) {
      if (steps > 2_000_000) return void this.problems.push('time cannot go on');
      while (this.#pending > 0) await Promise.resolve();
      const next = this.#events[0];
      const deadlines = [this.initiator, this.responder].map(({ machine }) => machine.deadlineMs ?? Infinity);
      const tickMs = Math.min(...deadlines);
      const atMs = Math.min(next?.atMs ?? Infinity, tickMs);
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs <= tickMs) this.#pop()?.run();
      else this.#tick();
    }
    this.nowMs = untilMs;
  }

  at(atMs: number, run: () => void): void {
    this.#push({ atMs, order: (this.#order += 1), run });
  }

  #recordBytesMax(path: number): number {
    return this.#options.recordBytesMax?.(path) ?? RECORD_BYTES_MAX;
  }

  #tick(): void {
    for (const end of [this.initiator, this.responder])
      if ((end.machine.deadlineMs ?? Infinity) <= this.nowMs) this.act(end, end.machine.tick(this.nowMs));
  }

  #perform(end: SessionEnd, action: SessionAction): void {
    switch (action.type) {
      case 'send':
        return this.#send(end, action.path, action.bytes);
      case 'job':
        return this.#job(end, action.ticket, action.job);
      case 'stream':
        return void end.opened.push(action.id);
      case 'data':
        return this.#data(end, action.id, action.bytes);
      case 'end':
        if (end.ended.has(action.id)) this.problems.push(`${end.role}: stream ${action.id} ended twice`);
        return void end.ended.add(action.id);
      case 'reset':
        return void end.resets.add(action.id);
      case 'datagram':
        return void end.datagrams.push(action.bytes.join());
      case 'ratcheted':
        end.epochs += 1;
        return;
      case 'closed':
        return this.#closed(end, action.code, action.isRemote);
      case 'ended':
        end.isEnded = true;
        return;
      case 'fault':
        return void end.faults.set(action.code, (end.faults.get(action.code) ?? 0) + 1);
      default:
        return;
    }
  }

  #closed(end: SessionEnd, code: number, isRemote: boolean): void {
    end.closes.push({ code, isRemote });
    if (code === CloseCode.PROTOCOL) this.problems.push(`${end.role}: closed with ${code}`);
  }

  #data(end: SessionEnd, id: number, bytes: Uint8Array): void {
    const from = end.received.get(id) ?? 0;
    const sender = this.other(end).role;
    const isRight = bytes.every((byte, index) => byte === byteAt(sender, id, from + index));
    if (!isRight) this.problems.push(`${end.role}: stream ${id} differs after ${from}`);
    end.received.set(id, from + bytes.length);
    // Reading takes a while.
    this.at(this.nowMs + this.#options.random.below(20), () => {
      end.machine.consumed(id, bytes.length, this.nowMs);
      this.pump(end);
    });
  }

  #send(end: SessionEnd, path: number, bytes: Uint8Array): void {
    const header = decodeRecordHeader(bytes);
    const number = `${header?.epoch} ${header?.sequence}`;
    // CLOSE is said twice, the same bytes: that is no second use of its number.
    if (end.numbers.has(number) && end.closes.length === 0)
      this.problems.push(`${end.role}: number ${number} used twice`);
    end.numbers.add(number);
    end.records += 1;
    if (bytes.length > this.#recordBytesMax(path))
      this.problems.push(`${end.role}: ${bytes.length} B on path ${path}`);
    this.onRecord?.(end.role, bytes);
    const { random } = this.#options;
    if (this.cut.has(path) || this.drop?.(end.role, bytes) === true || random.unit() < this.weather.loss)
      return;
    const copies = random.unit() < this.weather.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = 10 + random.unit() * this.weather.jitterMs;
      this.at(this.nowMs + delayMs, () => {
        const to = this.other(end);
        this.act(to, to.machine.receive(bytes, path, false, this.nowMs));
      });
    }
  }

  #job(end: SessionEnd, ticket: number, job: CryptoJob): void {
    const done = (result: JobResult): void =>
      this.at(this.nowMs + 5, () => this.act(end, end.machine.complete(ticket, result, this.nowMs)));
    const result = this.#options.job(end.role, job);
    if (!(result instanceof Promise)) return done(result);
    this.#pending += 1;
    void result.then((settled) => {
      this.#pending -= 1;
      done(settled);
    });
  }

  /** A binary heap, by time and then by order. */
  #push(event: Event): void {
    const heap = this.#events;
    heap.push(event);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      const [child, above] = [heap[at], heap[parent]];
      if (child === undefined || above === undefined || isBefore(above, child)) return;
      heap[at] = above;
      heap[parent] = child;
      at = parent;
    }
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) return first;
      const least = b !== undefined && isBefore(b, a) ? left + 1 : left;
      const [current, child] = [heap[at], heap[least]];
      if (current === undefined || child === undefined || isBefore(current, child)) return first;
      heap[at] = child;
      heap[least] = current;
      at = least;
    }
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
