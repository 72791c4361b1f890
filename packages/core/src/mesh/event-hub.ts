import type { NodeId } from '@yakmesh/crypto';
import {
  codeOf,
  Emitter,
  type Logger,
  type MessageInfo,
  type Payload,
  type PeerEvent,
  type Unsubscribe,
} from '../transport/index.js';
import { MessageTypes } from '../message-types.js';
import { payloadEvent, type Failure, type MeshEvents, type MeshLink, type MeshMessage } from './events.js';
import type { Peer } from './peer.js';

const PEER_EVENT = 'port:peer';

export interface EventHubOptions {
  readonly log: Logger;
  readonly count: (name: string) => void;
  /** The application closed a link through a handler's second argument. */
  readonly closed: (peer: Peer) => void;
}

/** The mesh's handlers: what they get for messages, peers and failures. */
export class EventHub {
  readonly #options: EventHubOptions;
  readonly #events: Emitter<Record<string, unknown[]>>;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#events = new Emitter((error, type) => this.#handlerFailed(error, type));
  }

  on(type: string, handler: (...values: never[]) => void): Unsubscribe {
    return this.#events.on(type, handler as (...values: unknown[]) => void);
  }

  off(type: string, handler: (...values: never[]) => void): void {
    this.#events.off(type, handler as (...values: unknown[]) => void);
  }

  /** What the application emits itself. */
  emitAny(type: string, values: readonly unknown[]): boolean {
    return this.#events.emit(type, ...values);
  }

  emit<Type extends keyof MeshEvents>(type: Type, ...values: MeshEvents[Type]): void {
    this.#events.emit(type, ...values);
  }

  onPeer(listener: (event: PeerEvent) => void): Unsubscribe {
    return this.#events.on(PEER_EVENT, listener as (...values: unknown[]) => void);
  }

  peer(event: PeerEvent): void {
    this.#events.emit(PEER_EVENT, event);
  }

  /** One of the link's own message types. */
  linkMessage(message: MeshMessage, peer: Peer): void {
    this.#message(message.type, message, peer, peer.nodeId);
  }

  /** A record of another node has taken effect here. */
  record(message: MeshMessage, via: Peer, author: NodeId): void {
    this.#message(message.type, message, via, author);
  }

  /** A verified message of any node: its kind's handlers first, then those of its `payload.type`. */
  payload(payload: Payload, info: MessageInfo, via: Peer): void {
    const { id, timeMs, priority, from } = info;
    const type = info.kind === 'broadcast' ? MessageTypes.GOSSIP : 'message';
    const message = { type, payload, id, timeMs, priority };
    this.#message(type, message, via, from);
    const named = payloadEvent(payload);
    if (named !== undefined) this.#message(named, message, via, from);
  }

  /** A failure is counted and emitted, and an unawaited promise ends nobody's process. */
  observed<T>(operation: Failure['operation'], work: Promise<T>): Promise<T> {
    work.catch((error: unknown) => {
      const code = codeOf(error) ?? 'MESH_FAILED';
      this.#options.count(`failed:${operation}:${code}`);
      this.emit('send:failed', { operation, code, message: textOf(error) });
    });
    return work;
  }

  #message(type: string, message: MeshMessage, via: Peer, from: NodeId): void {
    if (this.#events.listenerCount(type) > 0) this.#events.emit(type, message, this.#link(via), from);
  }

  #link(peer: Peer): MeshLink {
    const { nodeId, address, direction, rttMs, queuedBytes } = peer.describe();
    const close = (reason = ''): void => {
      this.#options.log.info({ peer: nodeId, reason }, 'A link is closed by the application.');
      this.#options.closed(peer);
      peer.session.close('LINK_CLOSED');
    };
    return { nodeId, address, direction, rttMs, queuedBytes, close };
  }

  #handlerFailed(error: unknown, type: string): void {
    const message = textOf(error);
    this.#options.count('handler:failed');
    this.#options.log.error({ type, error: message }, 'A handler failed.');
    if (type !== 'handler:failed') this.emit('handler:failed', { type, message });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
