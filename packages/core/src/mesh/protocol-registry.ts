import { concatBytes, utf8ToBytes, type CryptoPool, type NodeId } from '@yakmesh/crypto';
import { decodePayload, encodePayload } from '../envelope/payload.js';
import { MeshError } from '../errors.js';
import { encodeProtocolFrame } from '../link/flow-frames.js';
import { isProtocolId } from '../protocol-id.js';
import type { MeshCrypto } from '../mesh-crypto.js';
import {
  CodedError,
  FRAME_BODY_BYTES_MAX,
  namespaced,
  type Clock,
  type Logger,
  type Payload,
  type ProtocolHandlers,
  type ProtocolId,
  type ProtocolPort,
  type Random,
  type SignatureUse,
  type Store,
} from '../transport/index.js';
import type { Counters } from './counters.js';
import type { Flows } from './flows.js';
import { Gate, type AskGate } from './gate.js';
import type { Isolated } from './isolation.js';
import type { Peer } from './peer.js';
import { signingError } from './publish-errors.js';
import type { Publisher } from './publisher.js';
import type { Reports } from './reports.js';
import type { Subscriber } from './subscriber.js';

/** Protocols open at once: all that INFO can name. */
export const OPEN_PROTOCOLS_MAX = 64;

export interface ProtocolRegistryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly log: Logger;
  readonly reports: Reports;
  readonly counters: Counters;
  readonly crypto: MeshCrypto;
  readonly pool: CryptoPool;
  readonly networkHash: Uint8Array;
  readonly isolated: Isolated;
  readonly publisher: Publisher;
  readonly flows: Flows;
  readonly peer: (nodeId: NodeId) => Peer | undefined;
  readonly isRunning: () => boolean;
  /** The list of open protocols has changed. */
  readonly changed: () => void;
}

interface Open {
  readonly handlers: ProtocolHandlers;
  readonly subscriber: Subscriber;
}

/** The protocols that are open on this node, and the port of each. */
export class ProtocolRegistry {
  readonly #options: ProtocolRegistryOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: ProtocolRegistryOptions) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#open.keys()];
  }

  handlers(protocol: string): ProtocolHandlers | undefined {
    return this.#open.get(protocol)?.handlers;
  }

  subscriber(protocol: string): Subscriber | undefined {
    return this.#open.get(protocol)?.subscriber;
  }

  frame(peer: Peer, protocol: string, body: Uint8Array, receivedMs: number): void {
    const handlers = this.handlers(protocol);
    if (handlers?.frame === undefined) return this.#options.counters.add('PEER_UNKNOWN_FRAME');
    this.#options.isolated(() => handlers.frame?.(body, { via: peer.nodeId, receivedMs }));
  }

  /** `proofGate` is the gate of a protocol of core itself, which gets the proof of a message too. */
  open(protocol: ProtocolId, handlers: ProtocolHandlers, proofGate?: AskGate): ProtocolPort {
    if (!isProtocolId(protocol)) {
      throw new TypeError(
        `"${String(protocol)}" is no protocol id; give name/version in at most 32 lower-case ASCII characters.`,
      );
    }
    if (this.#open.has(protocol))
      throw new CodedError('PROTOCOL_TAKEN', `The protocol ${protocol} is open already.`);
    if (this.#open.size >= OPEN_PROTOCOLS_MAX)
      throw new RangeError(`At most ${OPEN_PROTOCOLS_MAX} protocols are open at once.`);
    const ask: AskGate =
      proofGate ?? (async (payload, info) => (await handlers.gate?.(payload, info)) ?? 'forward');
    const gate = new Gate(ask, this.#options.clock, this.#options.counters);
    const isGated = handlers.gate !== undefined || proofGate !== undefined;
    this.#open.set(protocol, {
      handlers,
      subscriber: {
        gate: isGated ? (payload, info, signed) => gate.ask(payload, info, signed) : undefined,
        message: (payload, info) => this.#options.isolated(() => handlers.message?.(payload, info)),
      },
    });
    this.#options.changed();
    return this.#port(protocol);
  }

  /** Each protocol is told that the network stops, while its flows still take what it says. */
  stop(): void {
    for (const { handlers } of [...this.#open.values()]) this.#options.isolated(() => handlers.stop?.());
  }

  #port(protocol: ProtocolId): ProtocolPort {
    const {
      clock,
      random,
      store,
      log,
      crypto,
      pool,
      networkHash,
      publisher,
      flows,
      reports,
      counters,
      peer,
      isolated,
    } = this.#options;
    let isClosed = false;
    const requireOpen = (): void => {
      if (isClosed) throw new CodedError('PROTOCOL_CLOSED', `The port of ${protocol} was closed.`);
      if (!this.#options.isRunning()) throw new MeshError('MESH_STOPPED', 'The mesh is not running.');
    };
    /** A port that is closed while it waits answers with that. */
    const checked = async <T>(work: () => Promise<T>): Promise<T> => {
      requireOpen();
      const result = await work();
      requireOpen();
      return result;
    };
    return {
      protocol,
      clock,
      random,
      store: namespaced(store, protocol),
      log: log.child?.({ protocol }) ?? log,
      workers: pool,
      encode: (payload) => encodePayload(payload),
      decode: (bytes) => {
        const decoded = decodePayload(bytes);
        return decoded && { payload: decoded.value as Payload };
      },
      sign: (use: SignatureUse, bytes) =>
        checked(async () => {
          try {
            return await crypto
              .signer(networkHash)
              .add(use, concatBytes(utf8ToBytes(`${protocol}\0`), bytes));
          } catch (error) {
            throw signingError(error);
          }
        }),
      broadcast: (payload, options = {}) => checked(() => publisher.broadcast(protocol, payload, options)),
      send: (to, payload, options = {}) => checked(() => publisher.send(to, protocol, payload, options)),
      frame: (to, body, options = {}) => {
        requireOpen();
        if (body.length > FRAME_BODY_BYTES_MAX)
          throw new RangeError(`A frame has at most ${FRAME_BODY_BYTES_MAX} bytes.`);
        const neighbour = peer(to);
        if (neighbour?.info.protocols.includes(protocol) !== true) return false;
        const frame = encodeProtocolFrame(protocol, body);
        const { priority = 0 } = options;
        const { onSent: told, alone: isAlone } = options;
        const onSent = told && (() => isolated(() => told(clock.monotonicMs())));
        return neighbour.enqueue({ type: 'frame', frame, bytes: frame.length, priority, isAlone, onSent });
      },
      openFlow: (to, options = {}) =>
        checked(async () => {
          options.signal?.throwIfAborted();
          return flows.open(to, protocol, options);
        }),
      report: (nodeId, code, weight = 1) => {
        counters.add(`${protocol}:${code}`);
        reports.node(nodeId, code, weight);
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#open.delete(protocol);
        flows.closeAll(protocol);
        this.#options.changed();
      },
    };
  }
}
