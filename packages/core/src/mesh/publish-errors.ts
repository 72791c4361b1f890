import type { NodeId } from '@yakmesh/crypto';
import { EnvelopeClass } from '../envelope/envelope.js';
import { MeshError } from '../errors.js';
import { codeOf } from '../transport/index.js';

export function unreachable(to: NodeId): MeshError {
  return new MeshError('MESH_UNREACHABLE', `No way to ${to} was found, or it does not answer.`);
}

export function queueFull(to: NodeId): MeshError {
  return new MeshError(
    'MESH_QUEUE_FULL',
    `The queue for ${to} is full; wait for its drain event and send again.`,
  );
}

export function tooLarge(kind: EnvelopeClass, bytes: number, limit: number): MeshError {
  const advice =
    kind === EnvelopeClass.BROADCAST
      ? 'send it to each peer with sendTo (up to 524,288 bytes), or broadcast a reference to it'
      : 'cut it into several messages, or stream it over a flow';
  return new MeshError(
    'MESH_TOO_LARGE',
    `The message has ${bytes} bytes encoded, the limit is ${limit}: ${advice}.`,
  );
}

/** More waits to be signed than is kept. */
export function busy(cause?: unknown): MeshError {
  return new MeshError(
    'MESH_BUSY',
    'Too many messages wait for their signature or acknowledgement; await earlier ones first.',
    cause === undefined ? {} : { cause },
  );
}

/** What the caller hears when a message could not be signed. */
export function signingError(error: unknown): unknown {
  switch (codeOf(error)) {
    case 'BATCH_QUEUE_FULL':
      return busy(error);
    case 'BATCH_CLOSED':
    case 'CRYPTO_POOL_CLOSED':
      return new MeshError('MESH_STOPPED', 'The mesh was stopped before the message was signed.', {
        cause: error,
      });
    default:
      return error;
  }
}
