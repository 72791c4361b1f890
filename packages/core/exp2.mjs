import { simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '/work/int/tools/fixtures/latency/latency.mjs';
const N = Number(process.argv[2] ?? 100);
const world = await simulate({ nodes: N, seed: 1, latency: latencyMatrix('planetlab490-t1'), loss: 0.01, maxPeers: 10 });
const sum = () => { const t = {}; for (const n of world.alive) for (const [k, v] of Object.entries(n.mesh.counters)) t[k] = (t[k] ?? 0) + v; return t; };
let last = {}; const show = (s) => { const t = sum(); const d = Object.fromEntries(Object.entries(t).map(([k, v]) => [k, v - (last[k] ?? 0)]).filter(([, v]) => v)); last = t; console.log(s, world.nowMs, JSON.stringify(d)); };
await world.joinAll(20); show('joined'); console.log(JSON.stringify(world.measure().bytesByClass));
for (let i = 0; i < 6; i++) { await world.pass('10 s'); show('10 s'); const d = world.degrees(); console.log(Math.min(...d), Math.max(...d), d.reduce((a, b) => a + b, 0) / N, JSON.stringify(world.measure().bytesByClass)); }
process.exit(0);
