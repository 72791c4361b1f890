// A node that only listens. Says `endpoint <url>`; answers `count` with how many messages it has heard.
import { createInterface } from 'node:readline';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';

const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
let heard = 0;
mesh.on('gossip', () => (heard += 1));
await mesh.start();
console.log(`endpoint ${mesh.getPublicEndpoint()}/#${mesh.nodeId}`);
createInterface({ input: process.stdin }).on('line', () => console.log(`heard ${heard}`));
