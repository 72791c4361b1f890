// The far end of the benchmark: a mesh with a listener, and a wss server beside it.
import { createServer } from 'node:https';
import { MeshNetwork } from '@yakmesh/core';
import { Identity } from '@yakmesh/crypto';
import { AnnexListener } from '@yakmesh/annex';
import { WebSocketServer } from 'ws';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificate.mjs';
import { pump } from './pump.mjs';

const identity = await Identity.generate();
const mesh = new MeshNetwork(identity, { wsPort: 0 });
await mesh.start();

const listener = new AnnexListener(identity, mesh);
listener.on('channel', (channel) => {
  channel.on('message', async (value) => {
    if (typeof value?.down !== 'number') return;
    const writer = channel.openStream().writable.getWriter();
    await pump(value.down, (chunk) => writer.write(chunk));
    await writer.close();
  });
  channel.on('stream', async ({ readable }) => {
    for await (const _ of readable);
  });
});

const https = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY });
const sockets = new WebSocketServer({ server: https, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  let expected = 0;
  let received = 0;
  socket.on('message', async (data, isBinary) => {
    if (isBinary) {
      received += data.length;
      if (received >= expected) socket.send('done');
      return;
    }
    const order = JSON.parse(String(data));
    expected = order.up ?? Infinity;
    received = 0;
    if (order.down !== undefined)
      await pump(order.down, (chunk) => new Promise((resolve) => socket.send(chunk, resolve)));
  });
});
await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve));
process.send({
  nodeId: identity.nodeId,
  mesh: mesh.getPublicEndpoint(),
  wss: `wss://127.0.0.1:${https.address().port}`,
});
