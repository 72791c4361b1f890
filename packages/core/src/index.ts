/**
 * A WebSocket peer-to-peer mesh: post-quantum handshakes, signed gossip and direct messages.
 *
 * @packageDocumentation
 */
export { MeshNetwork } from './mesh-network.js';
export type { ConnectOptions, PeerIdentity } from './mesh/connector.js';
export { MessageTypes, type MessageType } from './message-types.js';
export { MESH_DEFAULTS, type MeshOptions } from './options.js';
export type { NetworkName } from './network-hash.js';
export {
  MeshArgumentError,
  MeshError,
  type LinkErrorCode,
  type MeshErrorCode,
  type PeerFaultCode,
} from './errors.js';
export { DefaultGuard, RATE_LIMITER_DEFAULTS, type RateLimiterOptions } from './mesh/default-guard.js';
export type {
  ClockSkew,
  Failure,
  HandlerFailure,
  MeshEvents,
  MeshLink,
  MeshMessage,
  MessageHandler,
  Refusal,
} from './mesh/events.js';
export { RecordError, type RecordErrorCode } from './sync/errors.js';
export type { CollectionRule } from './sync/record-judge.js';
export type {
  AcceptRule,
  CollectionOptions,
  MeshRecord,
  RecordChangeEvent,
  RecordInput,
  RecordOptions,
  RecordRange,
  RecordVersion,
  ReplicateOptions,
  ReplicateResult,
} from './mesh/mesh-record.js';
export { Collection, Records } from './mesh/records.js';
export type { PeerHint } from './link/control-frames.js';
export type { MeshRuntime } from './runtime.js';
export type {
  Door,
  HttpRequest,
  HttpResponse,
  Listener,
  ListeningSocketLayer,
  ListenOptions,
  RequestHandler,
  Socket,
  SocketHandlers,
  SocketLayer,
  UpgradeVerdict,
} from './sockets/socket.js';
export type {
  BroadcastOptions,
  BroadcastResult,
  PeerInfo,
  SendOptions,
  SendResult,
  SkippedPeer,
} from './transport/index.js';
