import { encodeNodeId, wipe } from '@yakmesh/crypto';
import type { LinkErrorCode } from '../errors.js';
import { encodeFrame, FrameKind, FRAME_HEADER_BYTES, isCharged, type Frame } from '../record/frames.js';
import { AttachmentReader } from './attachment.js';
import { decodeClose, decodePeers } from './control-frames.js';
import type { LinkAction } from './link-actions.js';
import { CONTROL_FRAMES_MAX, FREE_FRAMES_BURST, FREE_FRAMES_PER_SECOND } from './link-limits.js';
import type { LinkPulse } from './link-pulse.js';
import type { LinkRatchet, RatchetAction } from './link-ratchet.js';
import type { LinkStage } from './link-stage.js';
import type { ParcelAction } from './parcel-actions.js';
import type { ParcelReader } from './parcel-reader.js';
import type { ParcelWriter } from './parcel-writer.js';
import { portAction } from './port-frames.js';
import { FRAGMENT_HEADER_BYTES, Reassembly } from './reassembly.js';
import type { RecordOpener } from './record-opener.js';
import type { RecordWriter } from './record-writer.js';
import { TokenBucket } from './token-bucket.js';

/** Tickets of the two job givers are told apart by parity. */
export const RATCHET_PARITY = 1;
const NODE_ID_BYTES = 32;

export interface LinkReceiverParts {
  readonly opener: RecordOpener;
  readonly ratchet: LinkRatchet;
  readonly pulse: LinkPulse;
  readonly stage: LinkStage;
  readonly reader: ParcelReader;
  readonly writer: RecordWriter;
  readonly parcels: ParcelWriter;
  /** Where to look up a key that the peer has forgotten. */
  readonly keyFor: (nodeIdText: string) => Uint8Array | undefined;
}

/** The receiving half of a link: opens records, charges frames and hands them to whom they are for. */
export class LinkReceiver {
  readonly #parts: LinkReceiverParts;
  readonly #freeFrames: TokenBucket;
  readonly #reassembly = new Reassembly();
  readonly #attachments = new AttachmentReader();

  constructor(parts: LinkReceiverParts, nowMs: number) {
    this.#parts = parts;
    this.#freeFrames = new TokenBucket(FREE_FRAMES_PER_SECOND, FREE_FRAMES_BURST, nowMs);
  }

  /** True while the peer's next message is an attachment of its last record. */
  get isAwaitingAttachment(): boolean {
    return this.#attachments.isAwaited;
  }

  receive(wire: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    if (this.#parts.stage.isClosed || this.#parts.stage.isEnding) return [];
    if (this.#attachments.isAwaited) return this.#attached(wire, receivedMs, nowMs);
    const opened = this.#parts.opener.open(wire, receivedMs);
    switch (opened.type) {
      case 'held':
        return [];
      case 'too-much':
        return this.#parts.stage.close('LINK_STALLED');
      case 'bad-tag':
        return this.#parts.stage.fail('LINK_DECRYPT');
      case 'bad-frames':
        return this.#parts.stage.close('LINK_BAD_FRAME');
      case 'frames':
        return this.#frames(opened.frames, receivedMs, nowMs);
    }
  }

  /** What the ratchet wants: jobs, frames, and records that waited for its root. */
  turn(wanted: readonly RatchetAction[], nowMs: number): LinkAction[] {
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      if (action.type === 'job') actions.push({ ...action, ticket: 2 * action.ticket + RATCHET_PARITY });
      else if (action.type === 'send') this.#parts.writer.control(action.frame);
      else if (action.type === 'fail') actions.push(...this.#parts.stage.close('LINK_TRANSCRIPT'));
      else {
        this.#parts.writer.switchAfterControl(action.root);
        for (const { wire, receivedMs } of this.#parts.opener.provide(action.root)) {
          actions.push(...this.receive(wire, receivedMs, nowMs));
        }
        wipe(action.root);
      }
    }
    return actions;
  }

  /** What the reader of batches wants, as actions of the link. */
  perform(wanted: readonly ParcelAction[], receivedMs: number, nowMs: number): LinkAction[] {
    const actions: LinkAction[] = [];
    for (const action of wanted) {
      if (action.type === 'job') actions.push({ ...action, ticket: 2 * action.ticket });
      else if (action.type === 'need-key') {
        this.#parts.writer.control(encodeFrame(FrameKind.NEED_KEY, action.nodeIdBytes));
      } else if (action.type === 'consumed') this.#consumed(action.bytes, nowMs);
      else if (action.type === 'deliver') actions.push({ ...action, receivedMs });
      else if (action.type === 'close') actions.push(...this.#parts.stage.close(action.code));
      else actions.push(action);
    }
    return actions;
  }

  #frames(frames: readonly Frame[], receivedMs: number, nowMs: number): LinkAction[] {
    this.#parts.pulse.liveness.heard(nowMs);
    this.#parts.ratchet.received.absorb(frames);
    const actions: LinkAction[] = [];
    const last = frames.at(-1);
    for (const frame of frames) {
      actions.push(...this.#frame(frame, frame === last, receivedMs, nowMs));
      if (this.#parts.stage.isClosed || this.#parts.stage.isEnding) break;
    }
    return actions;
  }

  /** What the last record has announced. Nobody but the two ends of its flows can say whether it is genuine. */
  #attached(message: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    const attachment = this.#attachments.take(message);
    if (attachment === undefined) return this.#parts.stage.close('LINK_BAD_FRAME');
    this.#consumed(attachment.chargedBytes, nowMs);
    return attachment.flows.map((frame) => ({ type: 'flow', frame, receivedMs }));
  }

  #announced(body: Uint8Array, charged: number, nowMs: number): LinkAction[] {
    const bytes = this.#attachments.announced(body, charged);
    if (bytes === undefined) return this.#parts.stage.close('LINK_BAD_FRAME');
    if (!this.#parts.pulse.receive(bytes, nowMs)) return this.#parts.stage.close('LINK_CREDIT');
    return [];
  }

  #frame({ kind, body }: Frame, isLast: boolean, receivedMs: number, nowMs: number): LinkAction[] {
    const charged = isCharged(kind) ? FRAME_HEADER_BYTES + body.length : 0;
    if (charged > 0 && !this.#parts.pulse.receive(charged, nowMs))
      return this.#parts.stage.close('LINK_CREDIT');
    if (charged === 0 && !this.#freeFrames.take(nowMs)) return this.#parts.stage.close('LINK_FLOOD');
    if (!this.#parts.stage.isDone && kind !== FrameKind.HS_DONE && kind !== FrameKind.CLOSE)
      return this.#parts.stage.close('LINK_UNEXPECTED');
    if (kind < FrameKind.KEY) return this.#controlFrame(kind, body, isLast, charged, nowMs);
    if (!this.#parts.stage.isEstablished) return this.#parts.stage.close('LINK_UNEXPECTED');
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
        return this.#parts.stage.handshakeDone(nowMs);
      case FrameKind.INFO:
        return this.#parts.stage.informed(body, nowMs);
      case FrameKind.PEERS:
        return this.#peers(body, charged, nowMs);
      case FrameKind.CLOSE:
        return this.#parts.stage.peerEnded(decodeClose(body));
      case FrameKind.CREDIT:
      case FrameKind.PING:
      case FrameKind.PONG:
        return this.#orClose(this.#parts.pulse.frame(kind, body, nowMs));
      case FrameKind.KEY_UPDATE:
        return isLast && this.#parts.opener.keyUpdate(body) ? [] : this.#parts.stage.close('LINK_BAD_FRAME');
      case FrameKind.TMARK:
        if (!isLast || body.length > 0) return this.#parts.stage.close('LINK_BAD_FRAME');
        return this.turn(this.#parts.ratchet.markReceived(nowMs), nowMs);
      case FrameKind.TSIG:
        return this.turn(this.#parts.ratchet.signatureReceived(body), nowMs);
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
        return this.perform(this.#parts.reader.key(body, nowMs), receivedMs, nowMs);
      case FrameKind.HEAD:
        this.#consumed(FRAME_HEADER_BYTES, nowMs);
        return this.perform(this.#parts.reader.head(body, nowMs), receivedMs, nowMs);
      case FrameKind.BLOCK:
        return this.perform(this.#parts.reader.block(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.ENV:
        return this.perform(this.#parts.reader.single(body, charged, nowMs), receivedMs, nowMs);
      case FrameKind.FRAG:
        return this.#fragment(body, receivedMs, nowMs);
      case FrameKind.NEED_KEY:
        return this.#needKey(body);
      case FrameKind.FLOW_ATTACHED:
        return this.#announced(body, charged, nowMs);
      default: {
        this.#consumed(charged, nowMs);
        const action = portAction(kind, body, receivedMs);
        return action === undefined ? this.#parts.stage.close('LINK_BAD_FRAME') : [action];
      }
    }
  }

  #fragment(body: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    const result = this.#reassembly.add(body);
    if (result.type === 'bad') return this.#parts.stage.close('LINK_BAD_FRAME');
    // Headers of fragments are dealt with at once; their contents when the frame is.
    this.#consumed(FRAME_HEADER_BYTES + FRAGMENT_HEADER_BYTES, nowMs);
    this.#parts.pulse.assembling(this.#reassembly.bytes, nowMs);
    if (result.type === 'partial') return [];
    const isBlock = result.kind === FrameKind.BLOCK;
    const read = isBlock
      ? this.#parts.reader.block(result.body, result.bytes, nowMs)
      : this.#parts.reader.single(result.body, result.bytes, nowMs);
    return this.perform(read, receivedMs, nowMs);
  }

  #peers(body: Uint8Array, charged: number, nowMs: number): LinkAction[] {
    const hints = decodePeers(body);
    if (hints === undefined) return this.#parts.stage.close('LINK_BAD_FRAME');
    this.#consumed(charged, nowMs);
    return [{ type: 'peers', hints }];
  }

  #needKey(body: Uint8Array): LinkAction[] {
    if (body.length !== NODE_ID_BYTES) return this.#parts.stage.close('LINK_BAD_FRAME');
    const nodeId = encodeNodeId(body);
    const publicKey = this.#parts.keyFor(nodeId);
    if (publicKey === undefined) this.#parts.parcels.forgetKey(nodeId);
    else if (this.#parts.writer.controlFrames < CONTROL_FRAMES_MAX) {
      this.#parts.writer.control(encodeFrame(FrameKind.KEY, publicKey));
    }
    return [];
  }

  #consumed(bytes: number, nowMs: number): void {
    this.#parts.pulse.consume(bytes, nowMs);
  }

  #orClose(result: LinkAction[] | LinkErrorCode): LinkAction[] {
    return typeof result === 'string' ? this.#parts.stage.close(result) : result;
  }
}
