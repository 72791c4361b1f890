import type { Kem, NodeId } from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import { RecordKeys } from '../record/record-keys.js';
import { earlier, type Random } from '../transport/index.js';
import type { LinkInfo } from './control-frames.js';
import type { LinkAction } from './link-actions.js';
import type { LinkEnd } from './link-end.js';
import { CONTROL_FRAMES_MAX } from './link-limits.js';
import { LinkReceiver, RATCHET_PARITY } from './link-receiver.js';
import { LinkStage } from './link-stage.js';
import { LinkRatchet } from './link-ratchet.js';
import { LinkPulse } from './link-pulse.js';
import type { Liveness } from './liveness.js';
import { ParcelReader, type ParcelReaderOptions } from './parcel-reader.js';
import { ParcelWriter } from './parcel-writer.js';
import { RecordOpener } from './record-opener.js';
import { RecordWriter } from './record-writer.js';
import { SendQueue, type QueueItem } from './send-queue.js';

export interface LinkMachineOptions extends Omit<ParcelReaderOptions, 'nowMs' | 'isRepairing'> {
  readonly outcome: HandshakeOutcome;
  readonly kem: Kem;
  readonly random: Random;
  readonly pingIntervalMs: number;
  /** What we tell of ourselves; asked when it is sent. */
  readonly info: () => LinkInfo;
  /** Where to look up a key that the peer has forgotten. */
  readonly keyFor: (nodeIdText: string) => Uint8Array | undefined;
  /** Whether a neighbour may be sending what we asked it for. @default never */
  readonly isRepairing?: ((nodeId: NodeId) => boolean) | undefined;
  /** Records that we seal under one key. @default KEY_RECORDS_MAX */
  readonly keyRecordsMax?: number | undefined;
}

/** One authenticated link: records in and out, credit, liveness, batches, the signed transcript. Times are running time. */
export class LinkMachine implements LinkEnd {
  readonly queue = new SendQueue();
  readonly #options: LinkMachineOptions;
  readonly #writer: RecordWriter;
  readonly #opener: RecordOpener;
  readonly #reader: ParcelReader;
  readonly #ratchet: LinkRatchet;
  readonly #sendKeys: RecordKeys;
  readonly #parcels = new ParcelWriter();
  readonly #pulse: LinkPulse;
  readonly #stage: LinkStage;
  readonly #receiver: LinkReceiver;
  #afterMark: LinkAction[] = [];

  constructor(options: LinkMachineOptions, nowMs: number) {
    this.#options = options;
    const { outcome, kem, random } = options;
    const { role, secrets, params } = outcome;
    const peerRole = role === 'initiator' ? 'responder' : 'initiator';
    this.#sendKeys = new RecordKeys(secrets.root, role, 0, options.keyRecordsMax);
    this.#opener = new RecordOpener(new RecordKeys(secrets.root, peerRole, 0));
    this.#ratchet = new LinkRatchet({ role, secrets, kem, random, nowMs, peerKey: outcome.publicKey });
    this.#pulse = new LinkPulse({
      pingIntervalMs: options.pingIntervalMs,
      creditBytes: params.creditBytes,
      write: (frame) => this.#writer.control(frame),
      nowMs,
    });
    const isRepairing = options.isRepairing && (() => options.isRepairing?.(outcome.nodeId) === true);
    this.#reader = new ParcelReader({ ...options, isRepairing, nowMs });
    this.#writer = new RecordWriter({
      keys: this.#sendKeys,
      ratchet: this.#ratchet,
      queue: this.queue,
      parcels: this.#parcels,
      credit: this.#pulse.credit,
    });
    this.#stage = new LinkStage({
      role,
      queue: this.queue,
      writer: this.#writer,
      info: options.info,
      ping: (atMs) => this.#pulse.ping(atMs),
      isIdle: () => this.#reader.isIdle,
    });
    this.#receiver = new LinkReceiver(
      {
        opener: this.#opener,
        ratchet: this.#ratchet,
        pulse: this.#pulse,
        stage: this.#stage,
        reader: this.#reader,
        writer: this.#writer,
        parcels: this.#parcels,
        keyFor: options.keyFor,
      },
      nowMs,
    );
  }

  get liveness(): Liveness {
    return this.#pulse.liveness;
  }

  /** True while the peer has ended the link and what it sent before is still being verified. */
  get isEnding(): boolean {
    return this.#stage.isEnding;
  }

  get isEstablished(): boolean {
    return this.#stage.isEstablished;
  }

  /** True while the next message is an attachment of the last record. */
  get isAttaching(): boolean {
    return this.#writer.isAttaching;
  }

  /** True while the peer's next message is an attachment of its last record. */
  get isAwaitingAttachment(): boolean {
    return this.#receiver.isAwaitingAttachment;
  }

  /** When `tick` has something to do, apart from the regular ticks that liveness needs. */
  get deadlineMs(): number | undefined {
    return earlier(this.#pulse.deadlineMs, this.#reader.deadlineMs);
  }

  /** Tells the peer of our endpoint, protocols and time, anew where they changed. */
  sendInfo(): void {
    this.#stage.sendInfo();
  }

  /** What was delivered is dealt with: the peer may send as much again. */
  consumed(bytes: number, nowMs: number): void {
    this.#pulse.consume(bytes, nowMs);
  }

  /** Ends the link; the next record tells the peer. */
  close(code: LinkErrorCode): LinkAction[] {
    return this.#stage.close(code);
  }

  /** Another link to the same peer takes over: says so, sends no more, and still receives until the peer has said the same. */
  retire(): QueueItem[] {
    return this.#stage.retire();
  }

  /** The peer has retired this link: say the same, so that it knows that all before was read. */
  answerRetirement(): void {
    this.#stage.answerRetirement();
  }

  /** What was queued and not wholly sent; the queue is empty afterwards. */
  takeUnsent(): QueueItem[] {
    return this.#stage.takeUnsent();
  }

  /** Forgets all keys. Nothing may be called afterwards. */
  destroy(): void {
    this.#stage.destroy();
    this.#sendKeys.destroy();
    this.#opener.destroy();
    this.#ratchet.destroy();
  }

  /** The peer is gone without a word. What it sent before is dealt with first, then the link closes. */
  peerGone(): LinkAction[] {
    return this.#stage.peerGone();
  }

  receive(wire: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    return this.#receiver.receive(wire, receivedMs, nowMs);
  }

  complete(ticket: number, result: JobResult, nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) {
      if (result.type === 'generate') result.keyPair.destroy();
      return [];
    }
    const own = Math.floor(ticket / 2);
    if (ticket % 2 === RATCHET_PARITY)
      return this.#receiver.turn(this.#ratchet.complete(own, result, nowMs), nowMs);
    const actions = this.#receiver.perform(this.#reader.complete(own, result, nowMs), nowMs, nowMs);
    return [...actions, ...this.#stage.endOnceIdle()];
  }

  tick(nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) return [];
    const actions = this.#receiver.perform(this.#reader.tick(nowMs), nowMs, nowMs);
    if (this.isEnding) return [...actions, ...this.#stage.endOnceIdle()];
    if (!this.#stage.isEstablished) return actions;
    actions.push(...this.#receiver.turn(this.#ratchet.tick(nowMs), nowMs));
    const pulse = this.#pulse.tick(nowMs);
    return [...actions, ...(typeof pulse === 'string' ? this.#stage.fail(pulse) : pulse)];
  }

  /** The next record for the socket, with so many attachments at most; undefined when nothing may be sent now. */
  nextRecord(nowMs: number, attachmentsMax?: number): Uint8Array | undefined {
    if (this.isEnding) return undefined;
    // A peer that never reads makes us answer no more than this.
    if (this.#writer.controlFrames < CONTROL_FRAMES_MAX) this.#pulse.answer(nowMs);
    const record = this.#writer.next(nowMs, attachmentsMax);
    if (record === undefined) return undefined;
    if (record.chargedBytes > 0) this.#pulse.sent(nowMs);
    if (record.isMark) this.#afterMark = this.#receiver.turn(this.#ratchet.markSent(nowMs), nowMs);
    return record.wire;
  }

  /** Actions that a written record caused; to be performed after `nextRecord`. */
  takeActions(): LinkAction[] {
    const actions = this.#afterMark;
    this.#afterMark = [];
    return actions;
  }
}
