import type { PeerInfo, RecordVersion } from '@yakmesh/core';
import type { NodeId } from '@yakmesh/crypto';
import type { JsonValue } from '@yakmesh/defense';
import { tokenBytesOf } from './token.js';

/** The version of what is said over the control socket; a node answers only its own. */
export const CONTROL_VERSION = 1;
/** Bytes of the first line, which anybody may send who can reach the socket. */
export const GREETING_BYTES_MAX = 1_024;
/** Bytes of a request: twice the largest payload of a direct message, for JSON writes bytes longer. */
export const REQUEST_BYTES_MAX = 1_048_576;
/** Bytes of an answer: thousands of peers. */
export const ANSWER_BYTES_MAX = 16_777_216;
/** Characters of a method's name. */
const METHOD_LENGTH_MAX = 32;

/** What a node says of itself. */
export interface NodeStatus {
  readonly nodeId: NodeId;
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly endpoint: string;
  readonly networkId: string | null;
  readonly networkFingerprint: string | null;
  readonly dataDir: string;
  readonly peers: number;
  readonly maxPeers: number;
  readonly joins: readonly JoinState[];
  /** Bytes of memory that the process holds. */
  readonly memoryBytes: number;
  /** Replicated records that it holds; the fingerprints of two nodes are the same exactly if their records are. */
  readonly records: { readonly size: number; readonly fingerprint: string };
  /** Counts since the start, as `mesh.counters`. */
  readonly counters: Readonly<Record<string, number>>;
}

/** An endpoint that the node was told to join. */
export interface JoinState {
  readonly endpoint: string;
  readonly state: 'dialling' | 'joined' | 'given up';
  /** Why the last dial failed. */
  readonly code?: string | undefined;
}

/** A message that has arrived. */
export interface HeardMessage {
  readonly kind: 'broadcast' | 'direct';
  readonly from: NodeId;
  readonly id: string | undefined;
  /** The origin's wall clock when it signed. */
  readonly timeMs: number | undefined;
  readonly payload: JsonValue;
  /** Messages left out before this one, because whoever listens was too slow. */
  readonly dropped?: number | undefined;
}

/** The first event of `listen`: what arrives from now on is told. */
export interface ListeningEvent {
  readonly kind: 'listening';
}

/** What became of a message that was sent. */
export interface SentMessage {
  readonly id: string;
  /** Neighbours whose queue took it. */
  readonly peersSent: number;
  /** Neighbours that were left out, and why. */
  readonly skipped: readonly { readonly nodeId: NodeId; readonly code: string }[];
  /** The neighbour that a direct message went through. */
  readonly via?: NodeId | undefined;
  readonly acknowledged: boolean;
}

/** What became of a record that was written: it is durable here, and on its way to the others. */
export interface WrittenRecord {
  readonly id: string;
  readonly version: RecordVersion;
  /** Neighbours whose queue took it. */
  readonly peersSent: number;
}

/** A record as the node holds it. */
export interface HeldRecord {
  readonly value: JsonValue;
  /** The node that signed it. */
  readonly author: NodeId;
  readonly version: RecordVersion;
}

/** What can be asked of a running node. */
export interface ControlMethods {
  readonly status: { readonly params: object; readonly result: NodeStatus };
  readonly peers: { readonly params: object; readonly result: readonly PeerInfo[] };
  readonly join: {
    readonly params: { readonly endpoint: string };
    readonly result: { readonly nodeId: NodeId; readonly endpoint?: string | undefined };
  };
  readonly send: {
    /** Without `to` it goes to all. */
    readonly params: {
      readonly to?: string | undefined;
      readonly payload: JsonValue;
      readonly ack?: boolean | undefined;
    };
    readonly result: SentMessage;
  };
  /** Writes a replicated record. */
  readonly put: {
    readonly params: { readonly collection: string; readonly key: string; readonly value: JsonValue };
    readonly result: WrittenRecord;
  };
  /** Answers null where there is no such record. */
  readonly get: {
    readonly params: { readonly collection: string; readonly key: string };
    readonly result: HeldRecord | null;
  };
  /** Tells a {@link ListeningEvent} and then {@link HeardMessage}s until either side ends it. */
  readonly listen: { readonly params: object; readonly result: object };
  /** Answered when the node has stopped and its data directory is free. */
  readonly stop: { readonly params: object; readonly result: object };
}

export type ControlMethod = keyof ControlMethods;

/** One request; whether the node knows the method is for the node to say. */
export interface ControlRequest {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, JsonValue>>;
}

/** One line of the node's. */
export type ControlAnswer =
  | { readonly type: 'greeting' }
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'event'; readonly value: unknown }
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** The token of a client's first line, `{"yakmesh": 1, "token": "…"}`; undefined for any other line. */
export function tokenOfGreeting(value: JsonValue | undefined): Uint8Array | undefined {
  if (!isRecord(value) || value['yakmesh'] !== CONTROL_VERSION) return undefined;
  const { token } = value;
  return typeof token === 'string' ? tokenBytesOf(token) : undefined;
}

/** The request that a line holds, `{"id": 1, "method": "peers", "params": {}}`; undefined for any other line. */
export function requestOf(value: JsonValue | undefined): ControlRequest | undefined {
  if (!isRecord(value)) return undefined;
  const { id, method, params = {} } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return undefined;
  if (typeof method !== 'string' || method.length > METHOD_LENGTH_MAX || !isRecord(params)) return undefined;
  return { id, method, params };
}

/** What a line of the node's says; undefined for a line that is none of its. */
export function answerOf(line: string): ControlAnswer | undefined {
  const value = jsonOf(line);
  if (!isRecord(value)) return undefined;
  const { error } = value;
  if (isRecord(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string')
    return { type: 'error', code: error['code'], message: error['message'] };
  if (value['yakmesh'] === CONTROL_VERSION) return { type: 'greeting' };
  if ('event' in value) return { type: 'event', value: value['event'] };
  return 'result' in value ? { type: 'result', value: value['result'] } : undefined;
}

function jsonOf(line: string): JsonValue | undefined {
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    return undefined;
  }
}

function isRecord(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
