import type {
  Flow,
  FlowHandlers,
  MeshTransport,
  ProtocolHandlers,
  ProtocolId,
  SignatureWorkers,
} from '@yakmesh/core/transport';

/** A mesh that shows what its flows carry, which is exactly what every relay of them sees, and that loses what it is told to. */
export function spiedMesh(
  mesh: MeshTransport,
  seen: (body: Uint8Array, isOurs: boolean) => void,
  solvePuzzle?: SignatureWorkers['solvePuzzle'],
  isLost: () => boolean = () => false,
): MeshTransport {
  const spied = (flow: Flow): Flow => ({
    get via() {
      return flow.via;
    },
    get queuedBytes() {
      return flow.queuedBytes;
    },
    get sealedBytesMax() {
      return flow.sealedBytesMax;
    },
    handle: (handlers: FlowHandlers) =>
      flow.handle({
        ...handlers,
        message: (body, info) => {
          seen(body.slice(), false);
          handlers.message(body, info);
        },
      }),
    send: (body, sealedFrom) => {
      seen(body.slice(), true);
      return isLost() || flow.send(body, sealedFrom);
    },
    close: (code) => flow.close(code),
  });
  return {
    portVersion: mesh.portVersion,
    nodeId: mesh.nodeId,
    network: mesh.network,
    getPeers: () => mesh.getPeers(),
    isConnectedTo: (id) => mesh.isConnectedTo(id),
    onPeer: (listener) => mesh.onPeer(listener),
    hold: (id, options) => mesh.hold(id, options),
    routesTo: (id) => mesh.routesTo(id),
    keyOf: (id, options) => mesh.keyOf(id, options),
    open: (protocol: ProtocolId, handlers: ProtocolHandlers) => {
      const port = mesh.open(protocol, {
        ...handlers,
        flow: (flow, info) => {
          seen(info.body.slice(), false);
          handlers.flow?.(spied(flow), info);
        },
      });
      return {
        ...port,
        workers: {
          sign: (identity, message, options) => port.workers.sign(identity, message, options),
          verify: (key, message, signature, context) => port.workers.verify(key, message, signature, context),
          solvePuzzle: solvePuzzle ?? ((prefix, bits) => port.workers.solvePuzzle(prefix, bits)),
        },
        openFlow: async (to, options = {}) => {
          seen((options.body ?? new Uint8Array(0)).slice(), true);
          return spied(await port.openFlow(to, options));
        },
      };
    },
  };
}
