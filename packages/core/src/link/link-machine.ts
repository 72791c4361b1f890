import { encodeNodeId, wipe, type Kem, type NodeId } from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import { encodeFrame, FrameKind, FRAME_HEADER_BYTES, isCharged, type Frame } from '../record/frames.js';
import { RecordKeys } from '../record/record-keys.js';
import type { Random } from '../transport/index.js';
import { AttachmentReader } from './attachment.js';
import { decodeClose, decodePeers, type LinkInfo } from './control-frames.js';
import type { LinkAction } from './link-actions.js';
import type { LinkEnd } from './link-end.js';
import { CONTROL_FRAMES_MAX, FREE_FRAMES_BURST, FREE_FRAMES_PER_SECOND } from './link-limits.js';
import { LinkStage } from './link-stage.js';
import { LinkRatchet, type RatchetAction } from './link-ratchet.js';
import { LinkPulse } from './link-pulse.js';
import type { Liveness } from './liveness.js';
import { ParcelReader, type ParcelAction, type ParcelReaderOptions } from './parcel-reader.js';
import { ParcelWriter } from './parcel-writer.js';
import { portAction } from './port-frames.js';
import { FRAGMENT_HEADER_BYTES, Reassembly } from './reassembly.js';
import { RecordOpener } from './record-opener.js';
import { RecordWriter } from './record-writer.js';
import { SendQueue, type QueueItem } from './send-queue.js';
import { TokenBucket } from './token-bucket.js';

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

/** Tickets of the two job givers are told apart by parity. */
const RATCHET_PARITY = 1;
const NODE_ID_BYTES = 32;

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
  readonly #freeFrames: TokenBucket;
  readonly #reassembly = new Reassembly();
  readonly #attachment = new AttachmentReader();
  /** What the frames of an attachment that is still to come were charged. */
  #attachedBytes = 0;
  #afterMark: LinkAction[] = [];

  constructor(options: LinkMachineOptions, nowMs: number) {
    this.#options = options;
    const { outcome, kem, random } = options;
    const { role, secrets, params } = outcome;
    const peerRole = role === 'initiator' ? 'responder' : 'initiator';
    this.#sendKeys = new RecordKeys(secrets.root, role, 0, options.keyRecordsMax);
    this.#opener = new RecordOpener(new RecordKeys(secrets.root, peerRole, 0));
    this.#ratchet = new LinkRatchet({ role, secrets, kem, random, nowMs, peerKey: outcome.publicKey });
    this.#freeFrames = new TokenBucket(FREE_FRAMES_PER_SECOND, FREE_FRAMES_BURST, nowMs);
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

  /** True while the next message is the attachment of the last record. */
  get isAttaching(): boolean {
    return this.#writer.isAttaching;
  }

  /** True while the peer's next message is the attachment of its last one. */
  get isAwaitingAttachment(): boolean {
    return this.#attachment.isAwaited;
  }

  /** When `tick` has something to do, apart from the regular ticks that liveness needs. */
  get deadlineMs(): number | undefined {
    const times = [this.#pulse.deadlineMs, this.#reader.deadlineMs].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
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
    if (this.#stage.isClosed || this.isEnding) return [];
    if (this.#attachment.isAwaited) return this.#attached(wire, receivedMs, nowMs);
    const opened = this.#opener.open(wire, receivedMs);
    switch (opened.type) {
      case 'held':
        return [];
      case 'too-much':
        return this.close('LINK_STALLED');
      case 'bad-tag':
        return this.#stage.fail('LINK_DECRYPT');
      case 'bad-frames':
        return this.close('LINK_BAD_FRAME');
      case 'frames':
        return this.#frames(opened.frames, receivedMs, nowMs);
    }
  }

  complete(ticket: number, result: JobResult, nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) {
      if (result.type === 'generate') result.keyPair.destroy();
      return [];
    }
    const own = Math.floor(ticket / 2);
    if (ticket % 2 === RATCHET_PARITY) return this.#turn(this.#ratchet.complete(own, result, nowMs), nowMs);
    const actions = this.#perform(this.#reader.complete(own, result, nowMs), nowMs, nowMs);
    return [...actions, ...this.#stage.endOnceIdle()];
  }

  tick(nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) return [];
    const actions = this.#perform(this.#reader.tick(nowMs), nowMs, nowMs);
    if (this.isEnding) return [...actions, ...this.#stage.endOnceIdle()];
    if (!this.#stage.isEstablished) return actions;
    actions.push(...this.#turn(this.#ratchet.tick(nowMs), nowMs));
    const pulse = this.#pulse.tick(nowMs);
    return [...actions, ...(typeof pulse === 'string' ? this.#stage.fail(pulse) : pulse)];
  }

  /** The next record for the socket; undefined when nothing may be sent now. */
  nextRecord(nowMs: number): Uint8Array | undefined {
    if (this.isEnding) return undefined;
    // A peer that never reads makes us answer no more than this.
    if (this.#writer.controlFrames < CONTROL_FRAMES_MAX) this.#pulse.answer(nowMs);
    const record = this.#writer.next(nowMs);
    if (record === undefined) return undefined;
    if (record.chargedBytes > 0) this.#pulse.sent(nowMs);
    if (record.isMark) this.#afterMark = this.#turn(this.#ratchet.markSent(nowMs), nowMs);
    return record.wire;
  }

  /** Actions that a written record caused; to be performed after `nextRecord`. */
  takeActions(): LinkAction[] {
    const actions = this.#afterMark;
    this.#afterMark = [];
    return actions;
  }

  #frames(frames: readonly Frame[], receivedMs: number, nowMs: number): LinkAction[] {
    this.liveness.heard(nowMs);
    this.#ratchet.received.absorb(frames);
    const actions: LinkAction[] = [];
    const last = frames.at(-1);
    for (const frame of frames) {
      actions.push(...this.#frame(frame, frame === last, receivedMs, nowMs));
      if (this.#stage.isClosed || this.isEnding) break;
    }
    return actions;
  }

  /** What the last record has announced. Nobody but the two ends of its flows can say whether it is genuine. */
  #attached(message: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    const frames = this.#attachment.take(message);
    if (frames === undefined) return this.close('LINK_BAD_FRAME');
    this.consumed(this.#attachedBytes, nowMs);
    this.#attachedBytes = 0;
    return frames.map((frame) => ({ type: 'flow', frame, receivedMs }));
  }

  #announced(body: Uint8Array, charged: number, nowMs: number): LinkAction[] {
    const bytes = this.#attachment.announced(body);
    if (bytes === undefined) return this.close('LINK_BAD_FRAME');
    if (!this.#pulse.receive(bytes, nowMs)) return this.close('LINK_CREDIT');
    this.#attachedBytes += charged + bytes;
    return [];
  }

  #frame({ kind, body }: Frame, isLast: boolean, receivedMs: number, nowMs: number): LinkAction[] {
    const charged = isCharged(kind) ? FRAME_HEADER_BYTES + body.length : 0;
    if (charged > 0 && !this.#pulse.receive(charged, nowMs)) return this.close('LINK_CREDIT');
    if (charged === 0 && !this.#freeFrames.take(nowMs)) return this.close('LINK_FLOOD');
    if (!this.#stage.isDone && kind !== FrameKind.HS_DONE && kind !== FrameKind.CLOSE)
      return this.close('LINK_UNEXPECTED');
    if (kind < FrameKind.KEY) return this.#controlFrame(kind, body, isLast, charged, nowMs);
    if (!this.#stage.isEstablished) return this.close('LINK_UNEXPECTED');
    return this.#dataFrame(kind, body, charged, receivedMs, nowMs);
  }

  #controlFrame(
    kind: number,
    body: Uint8Array,
    isLast: boolean,
    charged: number,
    nowMs: number,
  ): LinkAction[] {
    switch (kind) {
      case FrameKind.HS_DONE:
        return this.#stage.handshakeDone(nowMs);
      case FrameKind.INFO:
        return this.#stage.informed(body, nowMs);
      case FrameKind.PEERS:
        return this.#peers(body, charged, nowMs);
      case FrameKind.CLOSE:
        return this.#stage.peerEnded(decodeClose(body));
      case FrameKind.CREDIT:
      case FrameKind.PING:
      case FrameKind.PONG:
        return this.#orClose(this.#pulse.frame(kind, body, nowMs));
      case FrameKind.KEY_UPDATE:
        return isLast && this.#opener.keyUpdate(body) ? [] : this.close('LINK_BAD_FRAME');
      case FrameKind.TMARK:
        if (!isLast || body.length > 0) return this.close('LINK_BAD_FRAME');
        return this.#turn(this.#ratchet.markReceived(nowMs), nowMs);
      case FrameKind.TSIG:
        return this.#turn(this.#ratchet.signatureReceived(body), nowMs);
      default:
        return [{ type: 'fault', code: 'PEER_UNKNOWN_FRAME', count: 1 }];
    }
  }

  #dataFrame(
    kind: number,
    body: Uint8Array,
    charged: number,
    receivedMs: number,
    nowMs: number,
  ): LinkAction[] {
    switch (kind) {
      case FrameKind.KEY:
        return this.#perform(this.#reader.key(body, nowMs), receivedMs, nowMs);
      case FrameKind.HEAD:
        this.consumed(FRAME_HEADER_BYTES, nowMs);
        return this.#perform(this.#reader.head(body, nowMs), receivedMs, nowMs);
      case FrameKind.BLOCK:
        return this.#perform(this.#reader.block(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.ENV:
        return this.#perform(this.#reader.single(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.FRAG:
        return this.#fragment(body, receivedMs, nowMs);
      case FrameKind.NEED_KEY:
        return this.#needKey(body);
      case FrameKind.FLOW_ATTACHED:
        return this.#announced(body, charged, nowMs);
      default: {
        this.consumed(charged, nowMs);
        const action = portAction(kind, body, receivedMs);
        return action === undefined ? this.close('LINK_BAD_FRAME') : [action];
      }
    }
  }

  #fragment(body: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    const result = this.#reassembly.add(body);
    if (result.type === 'bad') return this.close('LINK_BAD_FRAME');
    // Headers of fragments are dealt with at once; their contents when the frame is.
    this.consumed(FRAME_HEADER_BYTES + FRAGMENT_HEADER_BYTES, nowMs);
    this.#pulse.assembling(this.#reassembly.bytes, nowMs);
    if (result.type === 'partial') return [];
    const isBlock = result.kind === FrameKind.BLOCK;
    const read = isBlock
      ? this.#reader.block(result.body, result.bytes, nowMs)
      : this.#reader.single(result.body, result.bytes, nowMs);
    return this.#perform(read, receivedMs, nowMs);
  }

  #peers(body: Uint8Array, charged: number, nowMs: number): LinkAction[] {
    const hints = decodePeers(body);
    if (hints === undefined) return this.close('LINK_BAD_FRAME');
    this.consumed(charged, nowMs);
    return [{ type: 'peers', hints }];
  }

  #needKey(body: Uint8Array): LinkAction[] {
    if (body.length !== NODE_ID_BYTES) return this.close('LINK_BAD_FRAME');
    const nodeId = encodeNodeId(body);
    const publicKey = this.#options.keyFor(nodeId);
    if (publicKey === undefined) this.#parcels.forgetKey(nodeId);
    else if (this.#writer.controlFrames < CONTROL_FRAMES_MAX) {
      this.#writer.control(encodeFrame(FrameKind.KEY, publicKey));
    }
    return [];
  }

  #turn(wanted: readonly RatchetAction[], nowMs: number): LinkAction[] {
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      if (action.type === 'job') actions.push({ ...action, ticket: 2 * action.ticket + RATCHET_PARITY });
      else if (action.type === 'send') this.#writer.control(action.frame);
      else if (action.type === 'fail') actions.push(...this.close('LINK_TRANSCRIPT'));
      else {
        this.#writer.switchAfterControl(action.root);
        for (const { wire, receivedMs } of this.#opener.provide(action.root)) {
          actions.push(...this.receive(wire, receivedMs, nowMs));
        }
        wipe(action.root);
      }
    }
    return actions;
  }

  #perform(wanted: readonly ParcelAction[], receivedMs: number, nowMs: number): LinkAction[] {
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      if (action.type === 'job') actions.push({ ...action, ticket: 2 * action.ticket });
      else if (action.type === 'need-key') {
        this.#writer.control(encodeFrame(FrameKind.NEED_KEY, action.nodeIdBytes));
      } else if (action.type === 'consumed') this.consumed(action.bytes, nowMs);
      else if (action.type === 'deliver') actions.push({ ...action, receivedMs });
      else if (action.type === 'close') actions.push(...this.close(action.code));
      else actions.push(action);
    }
    return actions;
  }

  #orClose(result: LinkAction[] | LinkErrorCode): LinkAction[] {
    return typeof result === 'string' ? this.close(result) : result;
  }
}
