// Two nodes over wss; the certificate is trusted by NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';

const folder = process.argv[2];
const tls = { cert: readFileSync(`${folder}/certificate.pem`), key: readFileSync(`${folder}/key.pem`) };
const node = async (options) =>
  new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1', ...options });
const [a, b] = [await node({ tls }), await node({})];
await Promise.all([a.start(), b.start()]);
const heard = new Promise((resolve) => a.on('gossip', ({ payload }) => resolve(payload)));
await b.connect(a.getPublicEndpoint());
console.log(`connected over ${new URL(a.getPublicEndpoint()).protocol.slice(0, -1)}`);
await b.broadcast('hello');
console.log(`heard ${await heard}`);
await Promise.all([a.stop(), b.stop()]);
