// A node with default options: dials whom it is told, talks when it is told, and says on its output what it hears.
import { createInterface } from 'node:readline';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '../../dist/index.js';

const TALK_MS = 200;
const [name, ...urls] = process.argv.slice(2);
const mesh = new MeshNetwork(await Identity.generate());
const say = (type, values) => console.log(JSON.stringify({ type, name, atMs: Date.now(), ...values }));

mesh.on('gossip', ({ payload }) => say('heard', { from: payload.from, number: payload.number }));
mesh.on('peer:connected', () => say('connected', {}));
mesh.on('peer:disconnected', (_peer, code) => say('disconnected', { code }));
await mesh.start();
for (const url of urls) await mesh.connect(url);
say('ready', {});

let number = 0;
let timer;
const talk = () => {
  say('sent', { number });
  void mesh.broadcast({ from: name, number });
  number += 1;
};
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'talk') timer = setInterval(talk, TALK_MS);
  if (line === 'hush') clearInterval(timer);
  if (line === 'counters') say('counters', { counters: mesh.counters });
});
process.stdin.on('end', () => process.exit(0));
