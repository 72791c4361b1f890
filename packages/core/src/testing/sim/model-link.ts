import { encodeNodeId } from '@yakmesh/crypto';
import type { JobResult } from '../../crypto-job.js';
import type { LinkErrorCode } from '../../errors.js';
import { decodeClose, decodePeers } from '../../link/control-frames.js';
import { decodeFlow } from '../../link/flow-frames.js';
import type { LinkAction } from '../../link/link-actions.js';
import type { LinkEnd } from '../../link/link-end.js';
import type { LinkMachineOptions } from '../../link/link-machine.js';
import { LinkPulse } from '../../link/link-pulse.js';
import { LinkStage } from '../../link/link-stage.js';
import type { Liveness } from '../../link/liveness.js';
import type { ParcelAction } from '../../link/parcel-actions.js';
import { portAction } from '../../link/port-frames.js';
import { SendQueue, type QueueItem } from '../../link/send-queue.js';
import { FrameKind, FRAME_HEADER_BYTES, isCharged } from '../../record/frames.js';
import { earlier, FLOW_SEALED_BODY_BYTES_MAX } from '../../transport/index.js';
import { ModelParcels } from './model-parcels.js';
import type { ModelPool } from './model-pool.js';
import { contentsOf, type ModelPart } from './model-record.js';
import { PIECE_BYTES } from './model-sizes.js';
import { ModelWriter } from './model-writer.js';
import type { Traffic } from './traffic.js';

const NO_ACTIONS: LinkAction[] = [];

/**
 * One end of a link whose records are objects: the real queue, credit, pings and liveness, the real coders of control
 * frames, and the sizes that the real records would have. It seals nothing, and so has no ratchet and no transcript.
 */
export class ModelLink implements LinkEnd {
  readonly queue = new SendQueue();
  readonly #options: LinkMachineOptions;
  readonly #pulse: LinkPulse;
  readonly #writer: ModelWriter;
  readonly #parcels: ModelParcels;
  readonly #stage: LinkStage;
  #pieceBytes = 0;

  constructor(options: LinkMachineOptions, nowMs: number, pool: ModelPool, traffic: Traffic) {
    this.#options = options;
    const { outcome, pingIntervalMs } = options;
    this.#pulse = new LinkPulse({
      pingIntervalMs,
      creditBytes: outcome.params.creditBytes,
      write: (frame) => this.#writer.control(frame),
      nowMs,
    });
    this.#writer = new ModelWriter(this.queue, this.#pulse.credit, traffic);
    // Repairs have no budget of their own here: both kinds of heads share one.
    this.#parcels = new ModelParcels({ ...options, isRepairing: undefined, nowMs }, pool);
    this.#stage = new LinkStage({
      role: outcome.role,
      queue: this.queue,
      writer: this.#writer,
      info: options.info,
      ping: (atMs) => this.#pulse.ping(atMs),
      isIdle: () => this.#parcels.isIdle,
    });
  }

  get liveness(): Liveness {
    return this.#pulse.liveness;
  }

  get isEnding(): boolean {
    return this.#stage.isEnding;
  }

  get isEstablished(): boolean {
    return this.#stage.isEstablished;
  }

  get deadlineMs(): number | undefined {
    return earlier(this.#pulse.deadlineMs, this.#parcels.deadlineMs);
  }

  get restsUntilMs(): number | undefined {
    const isQuiet = this.#pulse.deadlineMs === undefined && this.#parcels.isIdle && this.#writer.isIdle;
    if (!isQuiet) return undefined;
    return this.#stage.isEstablished && !this.isEnding ? this.liveness.restsUntilMs : 0;
  }

  sendInfo(): void {
    this.#stage.sendInfo();
  }

  consumed(bytes: number, nowMs: number): void {
    this.#pulse.consume(bytes, nowMs);
  }

  close(code: LinkErrorCode): LinkAction[] {
    return this.#stage.close(code);
  }

  retire(): QueueItem[] {
    return this.#stage.retire();
  }

  answerRetirement(): void {
    this.#stage.answerRetirement();
  }

  takeUnsent(): QueueItem[] {
    return this.#stage.takeUnsent();
  }

  destroy(): void {
    this.#stage.destroy();
  }

  peerGone(): LinkAction[] {
    return this.#stage.peerGone();
  }

  receive(wire: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    if (this.#stage.isClosed || this.isEnding) return NO_ACTIONS;
    const contents = contentsOf(wire);
    if (contents?.type !== 'record') return this.close('LINK_BAD_FRAME');
    this.liveness.heard(nowMs);
    const { chargedBytes, parts } = contents;
    if (chargedBytes > 0 && !this.#pulse.receive(chargedBytes, nowMs)) return this.close('LINK_CREDIT');
    const actions: LinkAction[] = [];
    for (const part of parts) {
      this.#part(part, receivedMs, nowMs, actions);
      if (this.#stage.isClosed || this.isEnding) break;
    }
    return actions;
  }

  complete(ticket: number, result: JobResult, nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) return NO_ACTIONS;
    const actions: LinkAction[] = [];
    this.#perform(this.#parcels.complete(ticket, result, nowMs), nowMs, nowMs, actions);
    return this.isEnding ? [...actions, ...this.#stage.endOnceIdle()] : actions;
  }

  tick(nowMs: number): LinkAction[] {
    if (this.#stage.isClosed) return NO_ACTIONS;
    const actions: LinkAction[] = [];
    if (!this.#parcels.isIdle) this.#perform(this.#parcels.tick(nowMs), nowMs, nowMs, actions);
    if (this.isEnding) return [...actions, ...this.#stage.endOnceIdle()];
    if (!this.#stage.isEstablished) return actions;
    const pulse = this.#pulse.tick(nowMs);
    if (typeof pulse !== 'string') return actions.length === 0 ? pulse : [...actions, ...pulse];
    return [...actions, ...this.#stage.fail(pulse)];
  }

  nextRecord(nowMs: number): Uint8Array | undefined {
    if (this.isEnding) return undefined;
    this.#pulse.answer(nowMs);
    const record = this.#writer.next(nowMs);
    if (record === undefined) return undefined;
    if (record.chargedBytes > 0) this.#pulse.sent(nowMs);
    return record.wire;
  }

  takeActions(): LinkAction[] {
    return NO_ACTIONS;
  }

  #part(part: ModelPart, receivedMs: number, nowMs: number, actions: LinkAction[]): void {
    switch (part.type) {
      case 'frame':
        actions.push(...this.#frame(part.frame, receivedMs, nowMs));
        return;
      case 'piece':
        this.consumed(PIECE_BYTES, nowMs);
        this.#pieceBytes += part.bytes;
        return this.#pulse.assembling(this.#pieceBytes, nowMs);
      case 'parcel': {
        if (part.pieceBytes > 0) {
          this.consumed(part.pieceBytes, nowMs);
          this.#pieceBytes = 0;
          this.#pulse.assembling(0, nowMs);
        }
        const wanted = this.#parcels.receive(part.parcel, part.headBytes, nowMs);
        return this.#perform(wanted, receivedMs, nowMs, actions);
      }
      default:
        part satisfies never;
    }
  }

  #frame(frame: Uint8Array, receivedMs: number, nowMs: number): LinkAction[] {
    const kind = frame[0] ?? 0;
    const body = frame.subarray(FRAME_HEADER_BYTES);
    const isFirst = kind === FrameKind.HS_DONE || kind === FrameKind.CLOSE;
    if (!this.#stage.isDone && !isFirst) return this.close('LINK_UNEXPECTED');
    switch (kind) {
      case FrameKind.HS_DONE:
        return this.#stage.handshakeDone(nowMs);
      case FrameKind.INFO:
        return this.#stage.informed(body, nowMs);
      case FrameKind.CLOSE:
        return this.#stage.peerEnded(decodeClose(body));
      case FrameKind.CREDIT:
      case FrameKind.PING:
      case FrameKind.PONG: {
        const result = this.#pulse.frame(kind, body, nowMs);
        return typeof result === 'string' ? this.close(result) : result;
      }
    }
    if (isCharged(kind)) this.consumed(frame.length, nowMs);
    if (kind !== FrameKind.PEERS && !this.#stage.isEstablished) return this.close('LINK_UNEXPECTED');
    const action = actionOf(kind, body, receivedMs);
    return action === undefined ? this.close('LINK_BAD_FRAME') : [action];
  }

  #perform(wanted: readonly ParcelAction[], receivedMs: number, nowMs: number, actions: LinkAction[]): void {
    for (const action of wanted) {
      if (action.type === 'consumed') this.consumed(action.bytes, nowMs);
      else if (action.type === 'deliver') actions.push({ ...action, receivedMs });
      else if (action.type === 'close') actions.push(...this.close(action.code));
      else if (action.type === 'need-key')
        throw new TypeError(`a model link has every key, also that of ${encodeNodeId(action.nodeIdBytes)}`);
      else actions.push(action);
    }
  }
}

function actionOf(kind: number, body: Uint8Array, receivedMs: number): LinkAction | undefined {
  switch (kind) {
    case FrameKind.PEERS: {
      const hints = decodePeers(body);
      return hints && { type: 'peers', hints };
    }
    case FrameKind.FLOW: {
      // What a real link would attach to its record comes in it here.
      const frame = decodeFlow(body, FLOW_SEALED_BODY_BYTES_MAX);
      return frame && { type: 'flow', frame, receivedMs };
    }
    default:
      return portAction(kind, body, receivedMs);
  }
}
