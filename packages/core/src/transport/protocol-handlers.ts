import type { Flow, FlowInfo } from './flow.js';
import type { FrameInfo, MessageInfo, Payload } from './message.js';

/** A protocol's name and version, as 'beacon/1': 3 to 32 bytes of ASCII. Versions run side by side by opening both. */
export type ProtocolId = `${string}/${number}`;

/**
 * What a gate says of a message. `ignore`: neither relayed nor delivered, nobody's fault. `reject`: the same, and it is
 * counted against the neighbour that passed it on.
 */
export type GateVerdict = 'forward' | 'ignore' | 'reject';

/** What a protocol does with what arrives. An exception is logged and counted, and never reaches the network. */
export interface ProtocolHandlers {
  /**
   * Asked before a verified message is relayed or delivered. At most 256 wait for it and each 5 s at most; beyond
   * that they are ignored and counted. Without a gate all are forwarded.
   */
  gate?(payload: Payload, info: MessageInfo): GateVerdict | Promise<GateVerdict>;
  /** A broadcast, or a direct message to us: verified, once, never our own. */
  message?(payload: Payload, info: MessageInfo): void;
  /** A link frame from a neighbour: authenticated by the link, unsigned. The bytes are valid during the call only. */
  frame?(body: Uint8Array, info: FrameInfo): void;
  /** Someone opened a flow to us: give it its handlers within the call, or it is closed. Without this all are refused. */
  flow?(flow: Flow, info: FlowInfo): void;
  /** The network stops: open flows take last words within the call, and nothing is called afterwards. Clear your timers. */
  stop?(): void;
}
