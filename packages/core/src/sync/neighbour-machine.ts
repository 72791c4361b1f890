import type { Machine, Random } from '../transport/index.js';
import { Acknowledgements } from './acknowledgements.js';
import * as limits from './limits.js';
import { decodeSyncFrame, encodeSyncFrame } from './messages.js';
import type { NeighbourAction, ProvenRecord, ReceivedChunk, ReceivedRecord } from './neighbour-actions.js';
import type { RangeIndex } from './range-index.js';
import { NeighbourQuestions } from './neighbour-questions.js';
import { NeighbourWork } from './neighbour-work.js';
import { openingRanges } from './range-answers.js';
import type { RecordMeta } from './record.js';
import {
  encodeChunk,
  encodeCompare,
  encodeFetch,
  encodeRecord,
  type StreamMessage,
} from './stream-messages.js';
import { ReceivedHeads, SentHeads } from './stream-heads.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';

export interface NeighbourMachineOptions {
  readonly index: RangeIndex<RecordMeta>;
  readonly random: Random;
  readonly nowMs: number;
}

/** The exchange of records with one neighbour: PROTOCOL.md, "sync/1". Its numbers there stand in the comments here. */
export class NeighbourMachine implements Machine<NeighbourAction> {
  readonly #index: RangeIndex<RecordMeta>;
  readonly #random: Random;
  readonly #sender: StreamSender;
  readonly #receiver = new StreamReceiver();
  readonly #work: NeighbourWork;
  readonly #questions: NeighbourQuestions;
  readonly #heads = new ReceivedHeads();
  readonly #sentHeads = new SentHeads();
  readonly #acknowledgements = new Acknowledgements();
  #actions: NeighbourAction[] = [];
  /** Records that came and went in a round that we began. */
  #round: { received: number; sent: number } | undefined;
  #loading: number | undefined;
  #storing: number | undefined;
  #ticket = 0;
  #progressMs: number;
  #resumeMs: number | undefined;
  #restartMs = -Infinity;
  /** Part of what the neighbour said in this round is lost. */
  #isDisturbed = false;

  constructor({ index, random, nowMs }: NeighbourMachineOptions) {
    this.#index = index;
    this.#work = new NeighbourWork(index);
    this.#questions = new NeighbourQuestions(index, this.#work, nowMs);
    this.#random = random;
    this.#sender = new StreamSender(random);
    this.#progressMs = nowMs;
  }

  /** True while a round that we began goes on. */
  get isRound(): boolean {
    return this.#round !== undefined;
  }

  get deadlineMs(): number | undefined {
    const isWaiting = this.#round !== undefined || !this.#isIdle;
    const stallMs = isWaiting ? this.#progressMs + limits.STALL_MS : undefined;
    return this.#resumeMs === undefined ? stallMs : Math.min(this.#resumeMs, stallMs ?? Infinity);
  }

  tick(nowMs: number): readonly NeighbourAction[] {
    if (this.#resumeMs !== undefined && nowMs >= this.#resumeMs) this.#resumeMs = undefined;
    if ((this.deadlineMs ?? Infinity) <= nowMs && this.#resumeMs === undefined) {
      this.#reject('SYNC_STALLED', 0);
      this.#reset(nowMs);
    }
    return this.#goOn(nowMs);
  }

  /** 1. Begins a round: what differs is found, and each gets what it lacks. */
  begin(nowMs: number): readonly NeighbourAction[] {
    if (this.#round !== undefined) return [];
    this.#round = { received: 0, sent: 0 };
    this.#work.takeIncomplete();
    this.#isDisturbed = false;
    this.#progressMs = nowMs;
    for (const message of encodeCompare(openingRanges(this.#index, this.#random), true))
      this.#sender.push(message);
    return this.#goOn(nowMs);
  }

  /** Asks for chunks of a large value. */
  fetchChunks(root: Uint8Array, first: number, count: number, nowMs: number): readonly NeighbourAction[] {
    if (this.#isIdle) this.#progressMs = nowMs;
    this.#sender.push(encodeFetch(root, first, count));
    return this.#goOn(nowMs);
  }

  receive(body: Uint8Array, nowMs: number): readonly NeighbourAction[] {
    const frame = decodeSyncFrame(body);
    switch (frame?.type) {
      case 'data':
        this.#receiveData(frame.epoch, frame.number, frame.piece, nowMs);
        break;
      case 'ack':
        if (frame.epoch !== this.#sender.epoch) break;
        if (this.#sender.acknowledge(frame.epoch, frame.received)) this.#progressMs = nowMs;
        this.#acknowledgements.heard(frame);
        break;
      case 'restart':
        if (frame.epoch === this.#sender.epoch) this.#reset(nowMs);
        break;
      default:
        this.#reject('SYNC_BAD_FRAME', 10);
    }
    return this.#goOn(nowMs);
  }

  /** What a `load` action asked for; what is gone since is left out. */
  loaded(ticket: number, records: readonly ProvenRecord[], nowMs: number): readonly NeighbourAction[] {
    if (ticket !== this.#loading) return [];
    this.#loading = undefined;
    for (const record of records) this.#push(record);
    return this.#goOn(nowMs);
  }

  /** What a `load-chunk` action asked for; undefined where it is not here. */
  chunkLoaded(ticket: number, bytes: Uint8Array | undefined, nowMs: number): readonly NeighbourAction[] {
    const { served } = this.#work;
    if (ticket !== this.#loading || served === undefined) return [];
    this.#loading = undefined;
    this.#work.serveNext();
    this.#sender.push(encodeChunk(served.root, served.index, bytes ?? new Uint8Array(0)));
    return this.#goOn(nowMs);
  }

  /** 7. What a `store` action handed over is durable or refused: only now is it acknowledged. */
  stored(ticket: number, nowMs: number): readonly NeighbourAction[] {
    if (ticket !== this.#storing) return [];
    this.#storing = undefined;
    return this.#goOn(nowMs);
  }

  /** What was received could not be kept, or what was to be sent was not: nothing of it is acknowledged, and all begins anew. */
  fail(nowMs: number): readonly NeighbourAction[] {
    const { epoch } = this.#receiver;
    this.#receiver.refuse();
    this.#begun();
    this.#reset(nowMs);
    this.#demandRestart(epoch, nowMs);
    return this.#goOn(nowMs);
  }

  get #isIdle(): boolean {
    const isWaiting = this.#loading !== undefined || this.#storing !== undefined;
    return this.#work.isEmpty && !isWaiting && this.#receiver.isEmpty && this.#sender.isFlushed;
  }

  #receiveData(epoch: number, number: number, piece: Uint8Array, nowMs: number): void {
    const before = this.#receiver.epoch;
    const reception = this.#receiver.accept(epoch, number, piece);
    if (epoch !== before && reception === 'taken') this.#begun();
    if (reception === 'taken') this.#progressMs = nowMs;
    if (reception === 'overrun') this.#refuse('SYNC_WINDOW');
    if (reception === 'broken') this.#demandRestart(epoch, nowMs);
  }

  #demandRestart(epoch: number | undefined, nowMs: number): void {
    this.#isDisturbed = true;
    if (epoch === undefined || nowMs < this.#restartMs + limits.RESTART_MS) return;
    this.#restartMs = nowMs;
    this.#frame(encodeSyncFrame({ type: 'restart', epoch }));
  }

  /** The neighbour's stream begins anew: what it had asked for is of the past. */
  #begun(): void {
    this.#heads.clear();
    this.#storing = undefined;
    this.#acknowledgements.neighbourBegan();
  }

  /** Takes what came, prepares what goes, and sends what the window allows. */
  #goOn(nowMs: number): readonly NeighbourAction[] {
    this.#take(nowMs);
    this.#fill();
    for (let frame = this.#sender.nextFrame(); frame !== undefined; frame = this.#sender.nextFrame())
      this.#frame(frame);
    this.#acknowledge();
    this.#endRound();
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  #take(nowMs: number): void {
    if (this.#storing !== undefined) return;
    const records: ReceivedRecord[] = [];
    const chunks: ReceivedChunk[] = [];
    for (;;) {
      const message = this.#receiver.peek();
      if (message === undefined) break;
      if (message === 'bad') return this.#refuse('SYNC_BAD_MESSAGE');
      if (!this.#questions.admits(message, nowMs)) {
        this.#resumeMs = this.#questions.nextMs;
        break;
      }
      this.#receiver.shift();
      if (message.type === 'record') {
        const head = this.#heads.last;
        if (head === undefined) return this.#refuse('SYNC_BAD_MESSAGE');
        records.push({ ...message, head });
      } else if (message.type === 'chunk') chunks.push(message);
      else if (!this.#heard(message, nowMs)) return this.#refuse('SYNC_BAD_MESSAGE');
    }
    if (records.length + chunks.length === 0) return;
    if (this.#round !== undefined) this.#round.received += records.length;
    this.#ticket += 1;
    this.#storing = this.#ticket;
    this.#actions.push({ type: 'store', ticket: this.#ticket, records, chunks });
  }

  /** Whether a message stands where it may. */
  #heard(message: StreamMessage, nowMs: number): boolean {
    if (message.type === 'key' || message.type === 'head') return this.#heads.take(message);
    const action = this.#questions.take(message, nowMs);
    if (action !== undefined) this.#actions.push(action);
    return true;
  }

  /** Prepares what fits ahead of the window. */
  #fill(): void {
    while (this.#sender.hasRoom) {
      const messages = this.#work.nextMessages();
      if (messages === undefined) break;
      for (const message of messages) this.#sender.push(message);
    }
    if (!this.#sender.hasRoom || this.#loading !== undefined) return;
    const { served } = this.#work;
    const names = served === undefined ? this.#work.nextNames() : [];
    if (served === undefined && names.length === 0) return;
    this.#ticket += 1;
    this.#loading = this.#ticket;
    if (served === undefined) this.#actions.push({ type: 'load', ticket: this.#ticket, names });
    else this.#actions.push({ type: 'load-chunk', ticket: this.#ticket, ...served });
  }

  #push(record: ProvenRecord): void {
    this.#sentHeads.precede(record.head, this.#sender);
    this.#sender.push(encodeRecord(record));
    if (this.#round !== undefined) this.#round.sent += 1;
  }

  #acknowledge(): void {
    const { epoch, done } = this.#receiver;
    if (epoch === undefined || this.#storing !== undefined) return;
    const progress = this.#acknowledgements.next(done, this.#sender.sent, this.#isIdle);
    if (progress !== undefined) this.#frame(encodeSyncFrame({ type: 'ack', epoch, ...progress }));
  }

  /** 8. A round is over when both ends have nothing left to do and all that either sent has come. */
  #endRound(): void {
    if (this.#round === undefined || !this.#isIdle) return;
    if (!this.#acknowledgements.isAgreed(this.#receiver.done, this.#sender.sent)) return;
    this.#finish(!this.#work.takeIncomplete() && !this.#isDisturbed);
  }

  #finish(isComplete: boolean): void {
    const round = this.#round;
    this.#round = undefined;
    if (round !== undefined) this.#actions.push({ type: 'round', isComplete, ...round });
  }

  #reset(nowMs: number): void {
    this.#sender.restart();
    this.#work.clear();
    this.#loading = undefined;
    this.#sentHeads.clear();
    this.#acknowledgements.weBegan();
    this.#progressMs = nowMs;
    this.#finish(false);
  }

  #refuse(code: string): void {
    this.#receiver.refuse();
    this.#begun();
    this.#reject(code, 10);
  }

  #reject(code: string, weight: number): void {
    this.#actions.push({ type: 'reject', code, weight });
  }

  #frame(body: Uint8Array): void {
    this.#actions.push({ type: 'frame', body });
  }
}
