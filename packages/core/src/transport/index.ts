export {
  combineSignals,
  delay,
  withAbort,
  type CombinedSignal,
  type SignalSource,
  type SignalTimeout,
} from './abort.js';
export { BoundedMap, type BoundedMapOptions } from './bounded-map.js';
export { systemClock, type Clock, type TimerHandle } from './clock.js';
export { CodedError, codeOf } from './coded-error.js';
export { earlier } from './earlier.js';
export { Emitter, LISTENERS_MAX, type EmitterErrorHook, type EmitterListener } from './emitter.js';
export type { Flow, FlowHandlers, FlowInfo, FlowMessageInfo, FlowOptions } from './flow.js';
export type {
  Guard,
  GuardDial,
  GuardLink,
  GuardRelease,
  GuardRequest,
  GuardSubject,
  GuardVerdict,
} from './guard.js';
export * from './limits.js';
export { silentLogger, type Logger } from './logger.js';
export type { FrameInfo, MessageInfo, MessageKind, Payload } from './message.js';
export type { PeerDirection, PeerEvent, PeerInfo } from './peer.js';
export type {
  MeshTransport,
  HoldOptions,
  KeyOptions,
  NetworkInfo,
  Route,
  TransportErrorCode,
  Unhold,
  Unsubscribe,
} from './port.js';
export { PRIORITY, type Priority } from './priority.js';
export type { GateVerdict, ProtocolHandlers, ProtocolId } from './protocol-handlers.js';
export type {
  BroadcastOptions,
  BroadcastResult,
  FrameOptions,
  ProtocolPort,
  SendOptions,
  SendResult,
  SignatureUse,
  SignatureWorkers,
  SkippedPeer,
} from './protocol-port.js';
export { randomFrom, systemRandom, type Random, type RandomSource } from './random.js';
export { ReplayWindow } from './replay-window.js';
export {
  runMachine,
  type Machine,
  type MachineDriver,
  type MachineInput,
  type MachineRunner,
} from './run-machine.js';
export { KeyedSlidingWindow, SlidingWindow } from './sliding-window.js';
export {
  requireStoreKey,
  type Store,
  type StoreBatchOptions,
  type StoreEntry,
  type StoreErrorCode,
  type StoreOperation,
  type StoreRange,
} from './store.js';
export { memoryStore, type MemoryStoreOptions } from './memory-store.js';
export { namespaced } from './namespaced-store.js';
