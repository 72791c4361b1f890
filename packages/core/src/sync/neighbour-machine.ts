import { TokenBucket } from '../link/token-bucket.js';
import type { Machine, Random } from '../transport/index.js';
import * as limits from './limits.js';
import { decodeSyncFrame, encodeSyncFrame } from './messages.js';
import type { NeighbourAction, ProvenRecord, ReceivedChunk, ReceivedHead } from './neighbour-actions.js';
import type { RangeIndex } from './range-index.js';
import { NeighbourWork } from './neighbour-work.js';
import { compareList, differs, openingRanges, wantedNames } from './range-answers.js';
import type { RecordMeta } from './record.js';
import {
  encodeChunk,
  encodeCompare,
  encodeFetch,
  encodeHead,
  encodeKey,
  encodeRecord,
  type ComparedRange,
  type RangeIds,
  type StreamMessage,
} from './stream-messages.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';

export interface NeighbourMachineOptions {
  readonly index: RangeIndex<RecordMeta>;
  readonly random: Random;
  readonly nowMs: number;
}

interface Round {
  received: number;
  sent: number;
}

/** The exchange of records with one neighbour: PROTOCOL.md, "sync/1". Its numbers there stand in the comments here. */
export class NeighbourMachine implements Machine<NeighbourAction> {
  readonly #index: RangeIndex<RecordMeta>;
  readonly #random: Random;
  readonly #sender: StreamSender;
  readonly #receiver = new StreamReceiver();
  readonly #controls: TokenBucket;
  readonly #openings: TokenBucket;
  #actions: NeighbourAction[] = [];
  #round: Round | undefined;
  readonly #work: NeighbourWork;
  #key: Uint8Array | undefined;
  #head: ReceivedHead | undefined;
  #sentAuthor: string | undefined;
  #sentHead: string | undefined;
  #loading: number | undefined;
  #storing: number | undefined;
  #ticket = 0;
  #acknowledged = { received: 0, sent: 0, isIdle: false };
  #peer = { received: -1, sent: -1, isIdle: false };
  #progressMs: number;
  #resumeMs: number | undefined;
  #restartMs = -Infinity;
  /** Part of what the neighbour said in this round is lost. */
  #isDisturbed = false;

  constructor({ index, random, nowMs }: NeighbourMachineOptions) {
    this.#index = index;
    this.#work = new NeighbourWork(index);
    this.#random = random;
    this.#sender = new StreamSender(random);
    this.#controls = new TokenBucket(limits.CONTROLS_PER_SECOND, limits.CONTROLS_BURST, nowMs);
    this.#openings = new TokenBucket(limits.ROUNDS_PER_SECOND, limits.ROUNDS_BURST, nowMs);
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
        this.#peer = frame;
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
    this.#key = undefined;
    this.#head = undefined;
    this.#storing = undefined;
    this.#acknowledged = { received: 0, sent: -1, isIdle: false };
    this.#peer = { received: -1, sent: -1, isIdle: false };
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
    const records: (StreamMessage & { type: 'record' })[] = [];
    const heads: ReceivedHead[] = [];
    const chunks: ReceivedChunk[] = [];
    for (;;) {
      const message = this.#receiver.peek();
      if (message === undefined) break;
      if (message === 'bad') return this.#refuse('SYNC_BAD_MESSAGE');
      if (isControl(message) && !this.#controls.take(nowMs)) {
        this.#resumeMs = this.#controls.nextMs;
        break;
      }
      this.#receiver.shift();
      if (message.type === 'record') {
        if (this.#head === undefined) return this.#refuse('SYNC_BAD_MESSAGE');
        records.push(message);
        heads.push(this.#head);
      } else if (message.type === 'chunk') chunks.push(message);
      else if (!this.#control(message, nowMs)) return this.#refuse('SYNC_BAD_MESSAGE');
    }
    if (records.length + chunks.length === 0) return;
    if (this.#round !== undefined) this.#round.received += records.length;
    this.#ticket += 1;
    this.#storing = this.#ticket;
    const received = records.map((record, at) => ({ ...record, head: heads[at] as ReceivedHead }));
    this.#actions.push({ type: 'store', ticket: this.#ticket, records: received, chunks });
  }

  #control(message: StreamMessage, nowMs: number): boolean {
    switch (message.type) {
      case 'compare':
        this.#compare(message.ranges, message.isOpening, nowMs);
        return true;
      case 'list':
        for (const range of message.ranges) this.#list(range);
        return true;
      case 'want':
        for (const range of message.ranges) this.#work.send(wantedNames(this.#index, range));
        return true;
      case 'key':
        this.#key = message.publicKey;
        return true;
      case 'head': {
        if (this.#key === undefined) return false;
        this.#head = { ...message, publicKey: this.#key };
        return true;
      }
      case 'fetch':
        this.#work.serve(message.root, message.first, message.count);
        return true;
      default:
        return true;
    }
  }

  /** 2. Ranges that are the same here are done; the others are answered one after the other. */
  #compare(ranges: readonly ComparedRange[], isOpening: boolean, nowMs: number): void {
    if (isOpening && !this.#openings.take(nowMs)) return this.#reject('SYNC_TOO_OFTEN', 0);
    if (isOpening) this.#actions.push({ type: 'asked' });
    for (const range of ranges) {
      if (!differs(this.#index, range)) continue;
      this.#work.differ({ from: range.from, to: range.to, theirs: range.count });
    }
  }

  /** 4. What the neighbour lacks of a listed range is sent, and what we lack is wanted. */
  #list(range: RangeIds): void {
    const difference = compareList(this.#index, range);
    if (difference === undefined) return this.#work.differ({ ...range, theirs: range.ids.length });
    this.#work.send(difference.send);
    this.#work.want({ ...range, ids: difference.want });
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

  /** 6. A record goes after its batch's head, and that after its signer's key, each unless it was the last one. */
  #push(record: ProvenRecord): void {
    const { head } = record;
    if (head.author !== this.#sentAuthor) this.#sender.push(encodeKey(head.publicKey));
    if (head.key !== this.#sentHead) this.#sender.push(encodeHead(head));
    this.#sentAuthor = head.author;
    this.#sentHead = head.key;
    this.#sender.push(encodeRecord(record));
    if (this.#round !== undefined) this.#round.sent += 1;
  }

  /** Told whenever the neighbour's stream got further here, and once each time that nothing is left to do. */
  #acknowledge(): void {
    const { epoch, done } = this.#receiver;
    if (epoch === undefined || this.#storing !== undefined) return;
    const told = this.#acknowledged;
    const isIdle = this.#isIdle;
    const isNews = done !== told.received || (isIdle && (!told.isIdle || this.#sender.sent !== told.sent));
    if (!isNews) return;
    this.#acknowledged = { received: done, sent: this.#sender.sent, isIdle };
    this.#frame(encodeSyncFrame({ type: 'ack', epoch, ...this.#acknowledged }));
  }

  /** 8. A round is over when both ends have nothing left to do and all that either sent has come. */
  #endRound(): void {
    const { received, sent, isIdle } = this.#peer;
    if (this.#round === undefined || !this.#isIdle || !isIdle) return;
    if (received !== this.#sender.sent || sent !== this.#receiver.done) return;
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
    this.#sentAuthor = undefined;
    this.#sentHead = undefined;
    this.#acknowledged = { ...this.#acknowledged, sent: -1 };
    this.#peer = { received: -1, sent: -1, isIdle: false };
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

/** Messages that make us search the index. */
function isControl({ type }: StreamMessage): boolean {
  return type === 'compare' || type === 'list' || type === 'want' || type === 'fetch';
}
