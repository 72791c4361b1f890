import { simulate } from '@yakmesh/core/testing';
import { latencyMatrix } from '/work/int/tools/fixtures/latency/latency.mjs';
const N = Number(process.argv[2] ?? 300), seed = process.argv[3] ?? 1;
const t0 = performance.now(); const lap = (s, ...x) => console.log(((performance.now()-t0)/1000).toFixed(1)+'s', s, ...x);
const world = await simulate({ nodes: N, seed, latency: latencyMatrix('planetlab490-t1'), loss: 0.01, maxPeers: 10 });
lap('made'); await world.joinAll(20); lap('joined');
const ok = await world.settle('60 s'); lap('settled', ok, world.nowMs);
const deg = world.degrees(); lap('degrees min/max/mean', Math.min(...deg), Math.max(...deg), deg.reduce((a,b)=>a+b,0)/deg.length);
lap('measure', JSON.stringify(world.measure()));
for (let i = 0; i < 20; i++) { world.broadcast(world.some(1)[0], i); await world.pass('1 s'); }
await world.pass('5 s'); lap('warm', JSON.stringify(world.measure()));
const said = [];
for (let i = 0; i < 20; i++) { said.push(world.broadcast(world.some(1)[0], 'x'.repeat(200))); await world.pass('1 s'); }
await world.pass('10 s'); lap('steady', JSON.stringify(world.measure()));
for (const m of said.slice(0, 20)) { const r = world.reached(m); console.log(JSON.stringify({ ...r, missing: r.missing?.length, duplicates: r.duplicates?.length })); }
const before = world.alive.length; world.kill(world.some(0.5)); await world.pass('10 s');
const after = []; for (let i = 0; i < 5; i++) { after.push(world.broadcast(world.some(1)[0], i)); await world.pass('1 s'); }
await world.pass('10 s'); lap('after kill', before, world.alive.length);
for (const m of after) { const r = world.reached(m); console.log(JSON.stringify({ ...r, missing: r.missing?.length, duplicates: r.duplicates?.length })); }
lap('measure', JSON.stringify(world.measure()));
process.exit(0);
