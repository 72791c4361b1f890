import { FrameKind } from '../record/frames.js';
import { decodeFlow, decodeFlowClose, decodeFlowOpen, decodeProtocolFrame } from './flow-frames.js';
import type { LinkAction } from './link-actions.js';

/** What a frame of a flow or a subsystem means; undefined where it is malformed. A kind that this version does not know is a fault, no more. */
export function portAction(kind: number, body: Uint8Array, receivedMs: number): LinkAction | undefined {
  switch (kind) {
    case FrameKind.FLOW_OPEN: {
      const frame = decodeFlowOpen(body);
      return frame && { type: 'flow-open', frame, receivedMs };
    }
    case FrameKind.FLOW: {
      const frame = decodeFlow(body);
      return frame && { type: 'flow', frame, receivedMs };
    }
    case FrameKind.FLOW_CLOSE: {
      const frame = decodeFlowClose(body);
      return frame && { type: 'flow-close', frame };
    }
    case FrameKind.PROTOCOL: {
      const frame = decodeProtocolFrame(body);
      return frame && { type: 'protocol', ...frame, receivedMs };
    }
    default:
      return { type: 'fault', code: 'PEER_UNKNOWN_FRAME', count: 1 };
  }
}
