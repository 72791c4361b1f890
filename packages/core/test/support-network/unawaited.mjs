// Calls that nobody awaits and that all fail: the process must live on. Run with --unhandled-rejections=strict.
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';

const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' });
let failures = 0;
mesh.on('send:failed', () => (failures += 1));
await mesh.start();
mesh.broadcast(new Uint8Array(100_000));
mesh.broadcast(() => 'no payload');
mesh.sendTo((await Identity.generate()).nodeId, 'stranger');
mesh.sendTo('nobody', 'nonsense');
mesh.connect('nonsense');
// Many dials at once are no leak of listeners, of which Node would warn.
let warnings = 0;
process.on('warning', () => (warnings += 1));
for (let dial = 0; dial < 20; dial += 1) mesh.connect('ws://127.0.0.1:1').catch(() => undefined);
await new Promise((resolve) => setTimeout(resolve, 500));
await mesh.stop();
console.log(`alive ${failures} failures, ${warnings} warnings`);
