// Dials the endpoints it is given and feeds 16 MB a second to all its peers, as a program does that awaits nothing.
// Told `mark`, it takes the memory that it uses then as its base; told `end`, it stops feeding and reports.
import { createInterface } from 'node:readline';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';

const PAYLOAD_BYTES = 60_000;
const BYTES_PER_SECOND = 16_000_000;
const TICK_MS = 10;

// What is kept for others has a bound of its own, and on a slow machine it would still fill up while the peer is frozen.
const retentionBytes = 1_048_576;
const mesh = new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1', retentionBytes });
await mesh.start();
for (const endpoint of process.argv.slice(2)) await mesh.connect(endpoint);

let markedMs = performance.now();
let baseBytes = 0;
let growthBytes = 0;
let sent = 0;
let skipped = 0;
/** The last of the endpoints is the one that stays healthy. */
const healthy = process.argv.at(-1).split('#')[1];
let healthySkipped = 0;
const sinceMs = () => Math.round(performance.now() - markedMs);
mesh.onPeer(({ type, peer, code }) => {
  if (type === 'suspect' || type === 'disconnected')
    console.log(`${type} ${sinceMs()} ${code ?? ''} ${peer.nodeId}`);
});

/** What is really held: the least of several looks, since buffers of what has just been sent are freed in the background. */
async function heldBytes() {
  let least = Infinity;
  for (let look = 0; look < 4; look += 1) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 15));
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}

let owedBytes = 0;
let fedMs = performance.now();
const feeding = setInterval(() => {
  const nowMs = performance.now();
  // What a busy machine has held up is made good in small portions, so that the rate is what it is said to be.
  owedBytes = Math.min(owedBytes + ((nowMs - fedMs) / 1_000) * BYTES_PER_SECOND, BYTES_PER_SECOND / 20);
  fedMs = nowMs;
  for (; owedBytes >= PAYLOAD_BYTES; owedBytes -= PAYLOAD_BYTES) {
    mesh.broadcast(new Uint8Array(PAYLOAD_BYTES)).then(
      (result) => {
        sent += 1;
        skipped += result.skipped.length;
        healthySkipped += result.skipped.filter(({ nodeId }) => nodeId === healthy).length;
      },
      () => undefined, // MESH_BUSY: this machine cannot sign so fast.
    );
  }
}, TICK_MS);
let isMeasuring = false;
async function measure() {
  isMeasuring = true;
  while (isMeasuring) growthBytes = Math.max(growthBytes, (await heldBytes()) - baseBytes);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'mark') {
    void heldBytes().then((bytes) => {
      baseBytes = bytes;
      markedMs = performance.now();
      void measure();
      console.log('marked');
    });
  } else {
    clearInterval(feeding);
    isMeasuring = false;
    setTimeout(() => {
      const counted = mesh.counters['messages:skipped'] ?? 0;
      const peers = mesh.getPeers().length;
      console.log(`report ${JSON.stringify({ growthBytes, sent, skipped, healthySkipped, counted, peers })}`);
    }, 1_000);
  }
});
console.log('feeding');
