import type { MeshMessage, MeshNetwork } from '@yakmesh/core';
import { isNodeId, type NodeId } from '@yakmesh/crypto';
import type { JsonValue } from '@yakmesh/defense';
import type { CallContext, ControlHandler } from '../control/control-connection.js';
import type {
  ControlMethod,
  ControlMethods,
  ControlRequest,
  HeardMessage,
  ListeningEvent,
  NodeStatus,
  SentMessage,
} from '../control/control-protocol.js';
import { NodeError } from '../errors.js';
import { payloadJson } from './payload-json.js';

/** What the calls need of a running node. */
export interface ControlSubject {
  readonly mesh: MeshNetwork;
  status(): NodeStatus;
  /** Resolves when the node has stopped and its data directory is free. */
  stop(): Promise<void>;
}

type Params = Readonly<Record<string, JsonValue>>;
type Calls = {
  readonly [Method in ControlMethod]: (
    params: Params,
    context: CallContext,
  ) => Promise<ControlMethods[Method]['result']>;
};

/** Does what the owner of a node asks over its control socket. */
export function controlCalls(subject: ControlSubject): ControlHandler {
  const { mesh } = subject;
  const calls: Calls = {
    status: async () => subject.status(),
    peers: async () => mesh.getPeers(),
    join: async ({ endpoint }, { signal }) => {
      if (typeof endpoint !== 'string') throw badParams('join takes {"endpoint": "ws://…"}.');
      const { nodeId, endpoint: told } = await mesh.connect(endpoint, { signal });
      return { nodeId, endpoint: told };
    },
    send: async ({ to, payload, ack }, { signal }) => {
      if (payload === undefined)
        throw badParams('send takes {"to": "yak1…", "payload": …}, without "to" for all.');
      if (ack !== undefined && typeof ack !== 'boolean') throw badParams('ack is true or false.');
      if (to === undefined) return toAll(mesh, payload, signal);
      if (!isNodeId(to)) throw badParams('to is a node id: yak1…, 62 characters.');
      return toOne(mesh, to, payload, { ack, signal });
    },
    put: async ({ collection, key, value }, { signal }) => {
      if (typeof collection !== 'string' || typeof key !== 'string' || value === undefined)
        throw badParams('put takes {"collection": "…", "key": "…", "value": …}.');
      const { id, version, peersSent } = await mesh.replicate({ collection, key, value }, { signal });
      return { id, version, peersSent };
    },
    get: async ({ collection, key }) => {
      if (typeof collection !== 'string' || typeof key !== 'string')
        throw badParams('get takes {"collection": "…", "key": "…"}.');
      const record = await mesh.records.get(collection, key);
      if (record === undefined) return null;
      const { value, author, version } = record;
      return { value: payloadJson(value), author, version };
    },
    listen: async (_params, context) => {
      await listen(mesh, context);
      return {};
    },
    stop: async () => {
      await subject.stop();
      return {};
    },
  };
  return (request, context) => callOf(calls, request)(request.params, context);
}

function callOf(
  calls: Calls,
  { method }: ControlRequest,
): (params: Params, context: CallContext) => Promise<unknown> {
  if (!Object.hasOwn(calls, method))
    throw new NodeError(
      'NODE_CONTROL_BAD_REQUEST',
      `This node knows no ${method}; it knows ${Object.keys(calls).join(', ')}.`,
    );
  return calls[method as ControlMethod];
}

function badParams(message: string): NodeError {
  return new NodeError('NODE_CONTROL_BAD_REQUEST', message);
}

async function toAll(mesh: MeshNetwork, payload: JsonValue, signal: AbortSignal): Promise<SentMessage> {
  const { id, peersSent, skipped } = await mesh.broadcast(payload, { signal });
  return { id, peersSent, skipped, acknowledged: false };
}

/** With `ack` it resolves on the destination's word, once the mesh has such; until then it says MESH_NOT_SUPPORTED. */
async function toOne(
  mesh: MeshNetwork,
  to: NodeId,
  payload: JsonValue,
  options: { readonly ack: boolean | undefined; readonly signal: AbortSignal },
): Promise<SentMessage> {
  const { id, via, acknowledged } = await mesh.sendTo(to, payload, options);
  return { id, peersSent: 1, skipped: [], via, acknowledged };
}

/** Tells what arrives until the client or the node ends it. */
async function listen(mesh: MeshNetwork, { signal, tell }: CallContext): Promise<void> {
  let dropped = 0;
  const hear =
    (kind: HeardMessage['kind']) =>
    ({ id, timeMs, payload }: MeshMessage, _link: unknown, from: NodeId): void => {
      const heard: HeardMessage = { kind, from, id, timeMs, payload: payloadJson(payload) };
      dropped = tell(dropped === 0 ? heard : { ...heard, dropped }) ? 0 : dropped + 1;
    };
  const offs = [mesh.on('gossip', hear('broadcast')), mesh.on('message', hear('direct'))];
  // From here on nothing is missed: who waits for it can begin to speak.
  tell({ kind: 'listening' } satisfies ListeningEvent);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const off of offs) off();
}
