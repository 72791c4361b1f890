import type { NodeId } from '@yakmesh/crypto';
import type { Capture } from './wiretap.js';

// What the demo and its nodes' processes say to each other over Node's IPC channel. Both ends are this very package, so
// nothing here is parsed with suspicion.

/** What the demo's nodes send over the mesh. A type, because payloads are plain records. */
export type DemoMessage = {
  readonly type: 'yakmesh-demo';
  /** Fresh for each message: says which one arrived. */
  readonly token: string;
  readonly text: string;
  /** The sender's wall clock. All nodes run on one machine, so the receiver's own clock may be compared with it. */
  readonly sentMs: number;
};

/** A message that a node received; `from` is its signed origin. */
export interface Arrival {
  readonly kind: 'gossip' | 'direct';
  readonly from: NodeId;
  readonly token: string;
  readonly text: string;
  /** From the sender's call to the receiver's handler. */
  readonly ms: number;
}

export interface PeerStatus {
  readonly nodeId: NodeId;
  readonly rttMs?: number | undefined;
}

/** What a node's process is asked to do, each with what it answers. */
export interface NodeCalls {
  start: {
    request: { readonly networkId: string; readonly networkFingerprint: string; readonly maxPeers: number };
    reply: { readonly nodeId: NodeId; readonly endpoint: string };
  };
  connect: { request: { readonly endpoint: string }; reply: { readonly nodeId: NodeId } };
  status: { request: object; reply: { readonly peers: readonly PeerStatus[] } };
  broadcast: {
    request: { readonly token: string; readonly text: string };
    reply: { readonly peersSent: number };
  };
  send: {
    request: {
      readonly to: NodeId;
      readonly token: string;
      readonly text: string;
      /** Whether to wait until the destination has acknowledged it. */
      readonly ack: boolean;
    };
    reply: { readonly via: NodeId; readonly acknowledged: boolean };
  };
  replicate: { request: { readonly key: string; readonly text: string }; reply: object };
  /** How many records the node keeps, and what says whether two nodes keep the same. */
  records: { request: object; reply: { readonly size: number; readonly fingerprint: string } };
  /** From now on the process keeps what it decrypts. */
  wiretap: { request: object; reply: object };
  /** What it has kept since it was asked last, and which of the words are in it. */
  captured: { request: { readonly words: readonly string[] }; reply: Capture };
  /** Takes private channels, and says all that it hears back in capitals. */
  answerPrivately: { request: object; reply: object };
  /** Opens a private channel, says something, and tells what came back. */
  talkPrivately: {
    request: { readonly to: NodeId; readonly text: string };
    reply: { readonly answer: string; readonly openedMs: number };
  };
  /** Answers what still keeps the process alive once the node has stopped, by Node's names; the process then ends. */
  stop: { request: object; reply: { readonly resources: readonly string[] } };
}

export type CallName = keyof NodeCalls;

/** From the demo to a node. */
export interface CallMessage<Name extends CallName = CallName> {
  readonly id: number;
  readonly name: Name;
  readonly request: NodeCalls[Name]['request'];
}

/** From a node to the demo. */
export type WorkerMessage =
  | { readonly type: 'reply'; readonly id: number; readonly reply: NodeCalls[CallName]['reply'] }
  | { readonly type: 'failure'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly type: 'arrival'; readonly arrival: Arrival };
