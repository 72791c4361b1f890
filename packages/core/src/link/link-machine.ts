import { encodeNodeId, type Kem } from '@yakmesh/crypto';
import type { JobResult } from '../crypto-job.js';
import type { LinkErrorCode } from '../errors.js';
import type { HandshakeOutcome } from '../handshake/actions.js';
import {
  decodeFrames,
  encodeFrame,
  FrameKind,
  FRAME_HEADER_BYTES,
  isCharged,
  type Frame,
} from '../record/frames.js';
import { RecordKeys } from '../record/record-keys.js';
import type { Random } from '../transport/index.js';
import {
  decodeClose,
  decodeCredit,
  decodeInfo,
  decodeKeyUpdate,
  decodePeers,
  decodePing,
  encodeClose,
  encodeCredit,
  encodeInfo,
  encodePing,
  type LinkInfo,
} from './control-frames.js';
import { CreditGranter, CreditUser } from './credit.js';
import { decodeFlow, decodeFlowClose, decodeFlowOpen, decodeProtocolFrame } from './flow-frames.js';
import type { LinkAction } from './link-actions.js';
import {
  ACKNOWLEDGE_BYTES,
  ACKNOWLEDGE_DELAY_MS,
  CONTROL_FRAMES_MAX,
  CREDIT_BYTES_MIN,
  HELD_BYTES_MAX,
} from './link-limits.js';
import { LinkRatchet, type RatchetAction } from './link-ratchet.js';
import { Liveness } from './liveness.js';
import { ParcelReader, type ParcelAction, type ParcelReaderOptions } from './parcel-reader.js';
import { ParcelWriter } from './parcel-writer.js';
import { Reassembly } from './reassembly.js';
import { RecordWriter } from './record-writer.js';
import { SendQueue, type QueueItem } from './send-queue.js';

export interface LinkMachineOptions extends Omit<ParcelReaderOptions, 'nowMs'> {
  readonly outcome: HandshakeOutcome;
  readonly kem: Kem;
  readonly random: Random;
  readonly pingIntervalMs: number;
  /** What we tell of ourselves; asked when it is sent. */
  readonly info: () => LinkInfo;
  /** Where to look up a key that the peer has forgotten. */
  readonly keyFor: (nodeIdText: string) => Uint8Array | undefined;
}

/** Tickets of the two job givers are told apart by parity. */
const RATCHET_PARITY = 1;

/** One authenticated link: records in and out, credit, liveness, batches, the signed transcript. Times are running time. */
export class LinkMachine {
  readonly queue = new SendQueue();
  readonly liveness: Liveness;
  readonly #options: LinkMachineOptions;
  readonly #writer: RecordWriter;
  readonly #reader: ParcelReader;
  readonly #ratchet: LinkRatchet;
  readonly #receiveKeys: RecordKeys;
  readonly #sendKeys: RecordKeys;
  readonly #parcels = new ParcelWriter();
  readonly #granter = new CreditGranter(CREDIT_BYTES_MIN);
  readonly #credit: CreditUser;
  readonly #reassembly = new Reassembly();
  #held: { wire: Uint8Array; receivedMs: number }[] = [];
  #heldBytes = 0;
  #isHolding = false;
  #receiveRoot: Uint8Array | undefined;
  #acknowledgeMs: number | undefined;
  #acknowledgedBytes = 0;
  #ping: { id: number; sentMs: number } | undefined;
  #pongId: number | undefined;
  #pingId = 0;
  #isDone: boolean;
  #afterMark: LinkAction[] = [];
  #isEstablished = false;
  #isClosed = false;
  #isRetired = false;

  constructor(options: LinkMachineOptions, nowMs: number) {
    this.#options = options;
    const { outcome, kem, random } = options;
    const { role, secrets, params } = outcome;
    const peerRole = role === 'initiator' ? 'responder' : 'initiator';
    this.#sendKeys = new RecordKeys(secrets.root, role, 0);
    this.#receiveKeys = new RecordKeys(secrets.root, peerRole, 0);
    this.#ratchet = new LinkRatchet({ role, secrets, kem, random, nowMs, peerKey: outcome.publicKey });
    this.#credit = new CreditUser(params.creditBytes);
    this.liveness = new Liveness(options.pingIntervalMs, nowMs);
    this.#reader = new ParcelReader({ ...options, nowMs });
    this.#writer = new RecordWriter({
      keys: this.#sendKeys,
      ratchet: this.#ratchet,
      queue: this.queue,
      parcels: this.#parcels,
      credit: this.#credit,
    });
    this.#isDone = role === 'responder';
    if (role === 'responder') {
      this.#writer.control(encodeFrame(FrameKind.HS_DONE));
      this.sendInfo();
    }
  }

  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  /** When `tick` has something to do, apart from the regular ticks that liveness needs. */
  get deadlineMs(): number | undefined {
    const times = [this.#acknowledgeMs, this.#reader.deadlineMs].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Tells the peer of our endpoint, protocols and time, anew where they changed. */
  sendInfo(): void {
    this.#writer.control(encodeInfo(this.#options.info()));
  }

  /** What was delivered is dealt with: the peer may send as much again. */
  consumed(bytes: number, nowMs: number): void {
    this.#granter.consume(bytes, nowMs, this.liveness.roundTrip.smoothedMs);
    if (this.#granter.isNewsworthy) this.#acknowledgeMs = nowMs;
  }

  /** Ends the link; the next record tells the peer. */
  close(code: LinkErrorCode): LinkAction[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    if (!this.#isRetired) this.#writer.control(encodeClose(code));
    return [{ type: 'close', code, isRemote: false }];
  }

  /** Another link to the same peer takes over: says so, sends no more, and still receives until the peer has said the same. */
  retire(): QueueItem[] {
    if (this.#isRetired || this.#isClosed) return [];
    this.#isRetired = true;
    this.#writer.stopData();
    this.#writer.control(encodeClose('LINK_DUPLICATE'));
    return this.takeUnsent();
  }

  /** The peer has retired this link: say the same, so that it knows that all before was read. */
  answerRetirement(): void {
    this.#writer.stopData();
    this.#writer.control(encodeClose('LINK_DUPLICATE'));
  }

  /** What was queued and not wholly sent; the queue is empty afterwards. */
  takeUnsent(): QueueItem[] {
    return [...this.#writer.unsent, ...this.queue.drain()];
  }

  /** Forgets all keys. Nothing may be called afterwards. */
  destroy(): void {
    this.#isClosed = true;
    this.#sendKeys.destroy();
    this.#receiveKeys.destroy();
    this.#ratchet.destroy();
  }

  receive(wire: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    if (this.#isClosed) return [];
    if (this.#isHolding) return this.#hold(wire, receivedMs);
    const plaintext = this.#receiveKeys.open(wire);
    if (plaintext === undefined) return this.#fail('LINK_DECRYPT');
    const frames = decodeFrames(plaintext);
    if (frames === undefined) return this.close('LINK_BAD_FRAME');
    this.liveness.heard(nowMs);
    this.#ratchet.received.absorb(frames);
    const actions: LinkAction[] = [];
    for (const [index, frame] of frames.entries()) {
      const isLast = index === frames.length - 1;
      for (const action of this.#frame(frame, isLast, receivedMs, nowMs)) actions.push(action);
      if (this.#isClosed) break;
    }
    return actions;
  }

  complete(ticket: number, result: JobResult, nowMs: number): LinkAction[] {
    if (this.#isClosed) {
      if (result.type === 'generate') result.keyPair.destroy();
      return [];
    }
    const own = Math.floor(ticket / 2);
    if (ticket % 2 === RATCHET_PARITY)
      return this.#perform(this.#ratchet.complete(own, result, nowMs), nowMs);
    return this.#deliver(this.#reader.complete(own, result, nowMs), nowMs, nowMs);
  }

  tick(nowMs: number): LinkAction[] {
    if (this.#isClosed) return [];
    const actions = this.#deliver(this.#reader.tick(nowMs), nowMs, nowMs);
    if (!this.#isEstablished) return actions;
    for (const action of this.#perform(this.#ratchet.tick(nowMs), nowMs)) actions.push(action);
    switch (this.liveness.tick(nowMs)) {
      case 'suspect':
        this.#sendPing(nowMs);
        actions.push({ type: 'suspect' });
        break;
      case 'probe':
        this.#sendPing(nowMs);
        break;
      case 'dead':
        actions.push(...this.#fail('LINK_TIMEOUT'));
        break;
      case 'alive':
        break;
    }
    return actions;
  }

  /** The next record for the socket; undefined when nothing may be sent now. */
  nextRecord(nowMs: number): Uint8Array | undefined {
    this.#writeAcknowledgement(nowMs);
    const record = this.#writer.next(nowMs);
    if (record === undefined) return undefined;
    if (record.chargedBytes > 0) this.liveness.sent(nowMs);
    if (record.isMark) this.#afterMark = this.#perform(this.#ratchet.markSent(nowMs), nowMs);
    return record.wire;
  }

  /** Actions that a written record caused; to be performed after `nextRecord`. */
  takeActions(): LinkAction[] {
    const actions = this.#afterMark;
    this.#afterMark = [];
    return actions;
  }
  #frame(frame: Frame, isLast: boolean, receivedMs: number, nowMs: number): LinkAction[] {
    const { kind, body } = frame;
    const charged = isCharged(kind) ? FRAME_HEADER_BYTES + body.length : 0;
    if (charged > 0) {
      if (!this.#granter.receive(charged)) return this.close('LINK_CREDIT');
      this.#scheduleAcknowledgement(nowMs);
    }
    if (!this.#isDone && kind !== FrameKind.HS_DONE && kind !== FrameKind.CLOSE)
      return this.close('LINK_UNEXPECTED');
    if (kind < FrameKind.KEY) return this.#controlFrame(kind, body, isLast, charged, nowMs);
    if (!this.#isEstablished) return this.close('LINK_UNEXPECTED');
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
        return this.#handshakeDone(nowMs);
      case FrameKind.INFO:
        return this.#info(body);
      case FrameKind.PEERS:
        return this.#peers(body, charged, nowMs);
      case FrameKind.CLOSE:
        this.#isClosed = true;
        return [{ type: 'close', code: decodeClose(body), isRemote: true }];
      case FrameKind.CREDIT:
        return this.#creditReceived(body, nowMs);
      case FrameKind.PING:
        return this.#pingReceived(body);
      case FrameKind.PONG:
        return this.#pongReceived(body, nowMs);
      case FrameKind.KEY_UPDATE:
        return isLast ? this.#keyUpdate(body) : this.close('LINK_BAD_FRAME');
      case FrameKind.TMARK:
        if (!isLast || body.length > 0) return this.close('LINK_BAD_FRAME');
        return this.#perform(this.#ratchet.markReceived(nowMs), nowMs);
      case FrameKind.TSIG:
        return this.#perform(this.#ratchet.signatureReceived(body), nowMs);
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
        return this.#deliver(this.#reader.key(body, nowMs), receivedMs, nowMs, charged - body.length);
      case FrameKind.HEAD:
        return this.#deliver(this.#reader.head(body, nowMs), receivedMs, nowMs, charged - body.length);
      case FrameKind.BLOCK:
        return this.#deliver(this.#reader.block(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.ENV:
        return this.#deliver(this.#reader.single(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.FRAG:
        return this.#fragment(body, charged, receivedMs, nowMs);
      default:
        this.consumed(charged, nowMs);
        return this.#portFrame(kind, body, receivedMs);
    }
  }

  #portFrame(kind: number, body: Uint8Array, receivedMs: number): LinkAction[] {
    switch (kind) {
      case FrameKind.NEED_KEY:
        return this.#needKey(body);
      case FrameKind.FLOW_OPEN: {
        const frame = decodeFlowOpen(body);
        return frame === undefined
          ? this.close('LINK_BAD_FRAME')
          : [{ type: 'flow-open', frame, receivedMs }];
      }
      case FrameKind.FLOW: {
        const frame = decodeFlow(body);
        return frame === undefined ? this.close('LINK_BAD_FRAME') : [{ type: 'flow', frame, receivedMs }];
      }
      case FrameKind.FLOW_CLOSE: {
        const frame = decodeFlowClose(body);
        return frame === undefined ? this.close('LINK_BAD_FRAME') : [{ type: 'flow-close', frame }];
      }
      case FrameKind.PROTOCOL: {
        const frame = decodeProtocolFrame(body);
        return frame === undefined
          ? this.close('LINK_BAD_FRAME')
          : [{ type: 'protocol', ...frame, receivedMs }];
      }
      default:
        return [{ type: 'fault', code: 'PEER_UNKNOWN_FRAME', count: 1 }];
    }
  }

  #fragment(body: Uint8Array, charged: number, receivedMs: number, nowMs: number): LinkAction[] {
    const result = this.#reassembly.add(body);
    // Headers of fragments are dealt with at once; their contents when the frame is.
    const overhead = charged - body.length + 2;
    switch (result.type) {
      case 'bad':
        return this.close('LINK_BAD_FRAME');
      case 'partial':
        this.consumed(overhead, nowMs);
        this.#granter.assembling(this.#reassembly.bytes);
        if (this.#granter.isNewsworthy) this.#acknowledgeMs = nowMs;
        return [];
      case 'frame': {
        this.consumed(overhead, nowMs);
        this.#granter.assembling(this.#reassembly.bytes);
        const { body: whole, bytes } = result;
        const parcel =
          result.kind === FrameKind.BLOCK
            ? this.#reader.block(whole, bytes, nowMs)
            : this.#reader.single(whole, bytes, nowMs);
        return this.#deliver(parcel, receivedMs, nowMs);
      }
    }
  }

  #handshakeDone(nowMs: number): LinkAction[] {
    if (this.#isDone) return this.close('LINK_UNEXPECTED');
    this.#isDone = true;
    this.sendInfo();
    this.#sendPing(nowMs);
    return [];
  }

  #info(body: Uint8Array): LinkAction[] {
    const info = decodeInfo(body);
    if (info === undefined) return this.close('LINK_BAD_FRAME');
    if (this.#isEstablished) return [{ type: 'info', info }];
    this.#isEstablished = true;
    return [{ type: 'established', info }];
  }

  #peers(body: Uint8Array, charged: number, nowMs: number): LinkAction[] {
    const hints = decodePeers(body);
    if (hints === undefined) return this.close('LINK_BAD_FRAME');
    this.consumed(charged, nowMs);
    return [{ type: 'peers', hints }];
  }

  #creditReceived(body: Uint8Array, nowMs: number): LinkAction[] {
    const credit = decodeCredit(body);
    if (credit === undefined || !this.#credit.update(credit.receivedBytes, credit.grantedBytes)) {
      return this.close('LINK_CREDIT');
    }
    this.liveness.progressed(this.#credit.unacknowledgedBytes > 0 || this.#ping !== undefined, nowMs);
    return [];
  }

  #pingReceived(body: Uint8Array): LinkAction[] {
    const id = decodePing(body);
    if (id === undefined) return this.close('LINK_BAD_FRAME');
    // Only the latest is answered: a peer that asks without reading the answers costs one frame.
    this.#pongId = id;
    return [{ type: 'ping' }];
  }

  #pongReceived(body: Uint8Array, nowMs: number): LinkAction[] {
    const id = decodePing(body);
    const ping = this.#ping;
    if (id === undefined) return this.close('LINK_BAD_FRAME');
    if (ping === undefined || ping.id !== id) return [];
    this.#ping = undefined;
    const rttMs = nowMs - ping.sentMs;
    this.liveness.roundTrip.sample(rttMs);
    this.liveness.progressed(this.#credit.unacknowledgedBytes > 0, nowMs);
    return [{ type: 'pong', rttMs }];
  }

  #keyUpdate(body: Uint8Array): LinkAction[] {
    const update = decodeKeyUpdate(body);
    const keys = this.#receiveKeys;
    if (update?.epoch === keys.epoch && update.phase === keys.phase + 1) {
      keys.nextPhase();
      return [];
    }
    if (update?.epoch !== keys.epoch + 1 || update.phase !== 0) return this.close('LINK_BAD_FRAME');
    if (this.#receiveRoot === undefined) this.#isHolding = true;
    else this.#nextReceiveEpoch(this.#receiveRoot);
    return [];
  }

  #nextReceiveEpoch(root: Uint8Array): void {
    this.#receiveKeys.nextEpoch(root);
    root.fill(0);
    this.#receiveRoot = undefined;
  }

  #needKey(body: Uint8Array): LinkAction[] {
    if (body.length !== 32) return this.close('LINK_BAD_FRAME');
    const nodeId = encodeNodeId(body);
    const publicKey = this.#options.keyFor(nodeId);
    if (publicKey === undefined) this.#parcels.forgetKey(nodeId);
    else {
      const frame = encodeFrame(FrameKind.KEY, publicKey);
      this.queue.push({ type: 'frame', frame, bytes: frame.length, priority: 7 });
    }
    return [];
  }

  #hold(wire: Uint8Array, receivedMs: number): LinkAction[] {
    this.#heldBytes += wire.length;
    if (this.#heldBytes > HELD_BYTES_MAX) return this.close('LINK_STALLED');
    this.#held.push({ wire, receivedMs });
    return [];
  }

  #perform(wanted: readonly RatchetAction[], nowMs: number): LinkAction[] {
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      if (action.type === 'job') actions.push({ ...action, ticket: 2 * action.ticket + RATCHET_PARITY });
      else if (action.type === 'send') this.#writer.control(action.frame);
      else if (action.type === 'fail') actions.push(...this.close('LINK_TRANSCRIPT'));
      else actions.push(...this.#switch(action.root, nowMs));
    }
    return actions;
  }

  #switch(root: Uint8Array, nowMs: number): LinkAction[] {
    this.#writer.switchAfterControl(root);
    this.#receiveRoot = root.slice();
    if (!this.#isHolding) return [];
    this.#isHolding = false;
    this.#nextReceiveEpoch(this.#receiveRoot);
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held.flatMap(({ wire, receivedMs }) => this.receive(wire, receivedMs, nowMs));
  }

  #deliver(
    wanted: readonly ParcelAction[],
    receivedMs: number,
    nowMs: number,
    overheadBytes = 0,
  ): LinkAction[] {
    if (overheadBytes > 0) this.consumed(overheadBytes, nowMs);
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      switch (action.type) {
        case 'job':
          actions.push({ ...action, ticket: 2 * action.ticket });
          break;
        case 'need-key':
          this.#writer.control(encodeFrame(FrameKind.NEED_KEY, action.nodeIdBytes));
          break;
        case 'consumed':
          this.consumed(action.bytes, nowMs);
          break;
        case 'deliver':
          actions.push({ ...action, receivedMs });
          break;
        case 'fault':
          actions.push(action);
          break;
        case 'close':
          actions.push(...this.close(action.code));
          break;
      }
    }
    return actions;
  }

  #sendPing(nowMs: number): void {
    this.#pingId = (this.#pingId + 1) >>> 0;
    this.#ping = { id: this.#pingId, sentMs: nowMs };
    this.liveness.sent(nowMs);
    this.#writer.control(encodePing(FrameKind.PING, this.#pingId));
  }

  #scheduleAcknowledgement(nowMs: number): void {
    const isMuch = this.#granter.receivedBytes - this.#acknowledgedBytes >= ACKNOWLEDGE_BYTES;
    if (isMuch) this.#acknowledgeMs = nowMs;
    else this.#acknowledgeMs ??= nowMs + ACKNOWLEDGE_DELAY_MS;
  }

  #writeAcknowledgement(nowMs: number): void {
    if (this.#pongId !== undefined) {
      this.#writer.control(encodePing(FrameKind.PONG, this.#pongId));
      this.#pongId = undefined;
    }
    if (this.#acknowledgeMs === undefined || nowMs < this.#acknowledgeMs) return;
    this.#acknowledgeMs = undefined;
    if (this.#writer.controlFrames >= CONTROL_FRAMES_MAX) return;
    this.#acknowledgedBytes = this.#granter.receivedBytes;
    this.#writer.control(encodeCredit(this.#granter.receivedBytes, this.#granter.announce()));
  }

  /** Ends a link that cannot be told: its keys or its peer are gone. */
  #fail(code: LinkErrorCode): LinkAction[] {
    if (this.#isClosed) return [];
    this.#isClosed = true;
    return [{ type: 'close', code, isRemote: false }];
  }
}
