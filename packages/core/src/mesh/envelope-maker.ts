import { decodeNodeId, type NodeId } from '@yakmesh/crypto';
import { EnvelopeClass, payloadBytesMax, type Envelope } from '../envelope/envelope.js';
import { encodePayload } from '../envelope/payload.js';
import { MeshArgumentError } from '../errors.js';
import {
  BoundedMap,
  MESSAGE_LIFE_MS,
  MESSAGE_LIFE_MS_MAX,
  PRIORITY,
  type Clock,
} from '../transport/index.js';
import { tooLarge } from './publish-errors.js';

/** Destinations whose next sequence number is remembered; see `#nextSequence` for what happens to the others. */
const DESTINATIONS_MAX = 65_536;
const NO_DESTINATION = new Uint8Array(32);

/** What the sender of a message may choose of its envelope. */
export interface EnvelopeOptions {
  readonly priority?: number | undefined;
  readonly lifeMs?: number | undefined;
}

type Content = Pick<Envelope, 'priority' | 'epoch' | 'timeMs' | 'lifeSeconds' | 'payload'>;

/** Makes this node's envelopes: checks what the caller gave, and numbers them within one epoch per start. */
export class EnvelopeMaker {
  readonly #clock: Clock;
  /** A node that starts twice within one millisecond of its wall clock does not exist. */
  readonly #epoch: number;
  readonly #destinations = new BoundedMap<NodeId, number>(DESTINATIONS_MAX, {
    onEvict: (_id, next) => {
      this.#directFloor = Math.max(this.#directFloor, next);
    },
  });
  #broadcasts = 0;
  #directFloor = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#epoch = clock.nowMs();
  }

  /** @throws MeshArgumentError, TypeError for a payload that cannot be encoded, MeshError MESH_TOO_LARGE. */
  broadcast(protocol: string, payload: unknown, options: EnvelopeOptions): Envelope {
    const content = this.#content(EnvelopeClass.BROADCAST, payload, options);
    const sequence = this.#broadcasts;
    this.#broadcasts += 1;
    return { ...content, class: EnvelopeClass.BROADCAST, protocol, to: NO_DESTINATION, sequence };
  }

  /**
   * Checks a direct message; what it answers makes the envelope, with the number and the time of that moment.
   *
   * @throws as `broadcast` does.
   */
  draft(to: NodeId, protocol: string, payload: unknown, options: EnvelopeOptions): () => Envelope {
    const bytes = decodeNodeId(to);
    if (bytes === undefined)
      throw new MeshArgumentError('MESH_BAD_ARGUMENT', `${String(to)} is no node id (yak1…, 62 characters).`);
    const content = this.#content(EnvelopeClass.DIRECT, payload, options);
    return () => this.#direct(content, EnvelopeClass.DIRECT, to, bytes, protocol);
  }

  /** An acknowledgement of messages by their ids. */
  acknowledgement(to: NodeId, protocol: string, ids: Uint8Array): Envelope {
    const content = this.#content(EnvelopeClass.ACK, ids, { priority: PRIORITY.priority });
    const bytes = decodeNodeId(to) ?? NO_DESTINATION;
    return this.#direct(content, EnvelopeClass.ACK, to, bytes, protocol);
  }

  #direct(content: Content, kind: EnvelopeClass, to: NodeId, bytes: Uint8Array, protocol: string): Envelope {
    const timeMs = this.#clock.nowMs();
    return { ...content, timeMs, class: kind, protocol, to: bytes, sequence: this.#nextSequence(to) };
  }

  #content(kind: EnvelopeClass, value: unknown, options: EnvelopeOptions): Content {
    const { priority = PRIORITY.routine, lifeMs = MESSAGE_LIFE_MS } = options;
    const payload = encodePayload(value);
    const limit = payloadBytesMax(kind);
    if (payload.length > limit) throw tooLarge(kind, payload.length, limit);
    requireWithin('priority', priority, 0, PRIORITY.critical);
    requireWithin('lifeMs', Math.ceil(lifeMs), 1, MESSAGE_LIFE_MS_MAX);
    const lifeSeconds = Math.ceil(lifeMs / 1_000);
    return { priority, epoch: this.#epoch, timeMs: this.#clock.nowMs(), lifeSeconds, payload };
  }

  /** Numbers of one destination have no gaps, so that its window stays small; one that was forgotten starts above all that were. */
  #nextSequence(to: NodeId): number {
    const sequence = this.#destinations.get(to) ?? this.#directFloor;
    this.#destinations.set(to, sequence + 1);
    return sequence;
  }
}

/** @throws MeshArgumentError unless the value is a whole number within the bounds. */
export function requireWithin(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new MeshArgumentError(
    'MESH_BAD_ARGUMENT',
    `${name} is a whole number from ${least} to ${most}, not ${String(value)}.`,
  );
}
