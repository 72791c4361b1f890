// A node in a process of its own, on whatever Node runs this: says where it listens, and answers each broadcast once.
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork, MessageTypes } from '@yakmesh/core';

const mesh = new MeshNetwork(await Identity.generate(), {
  wsPort: 0,
  host: '127.0.0.1',
  networkId: 'providers',
});
mesh.on(MessageTypes.GOSSIP, ({ payload }, _link, nodeId) => {
  void mesh.broadcast({ type: 'answer', to: nodeId, heard: payload.data, node: process.version });
});
await mesh.start();
process.send({ endpoint: mesh.getPublicEndpoint(), nodeId: mesh.nodeId });
process.on('message', () => void mesh.stop().then(() => process.disconnect()));
