// One process with the victim or with the honest peers: nodes that speak at a steady rate and write down what they hear.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CryptoPool, Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';
import { createGuard } from '@yakmesh/defense';
import { systemRuntime } from '../../../core/dist/runtime.js';
import { Ears } from './ears.mjs';
import { answer, nowMs } from './processes.mjs';

/** A coarse timer: it hardly disturbs, and a stall of a second counts as a hundredth of its samples. */
const DELAY_RESOLUTION_MS = 10;
const MEMORY_EVERY_MS = 250;
const MEBIBYTE = 1_048_576;

const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
delays.enable();
let pool;
const nodes = [];
let phase = 'none';
const sent = {};
const failed = {};
let ended = 0;
let timer;
let residentBytes = [];
let cpu = process.cpuUsage();
setInterval(() => residentBytes.push(process.memoryUsage.rss()), MEMORY_EVERY_MS);

/** The honest peers of this process share one worker, for they share one processor; the victim has its own, as any node. */
function sharedRuntime() {
  pool ??= new CryptoPool({ workers: 1 });
  const shared = new Proxy(pool, {
    get: (target, name) => {
      if (name === 'close') return async () => undefined;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...systemRuntime(), createPool: () => shared };
}

/** The limits' defaults, each given by name, so that they hold for loopback too. */
const rateLimiter = {
  maxConnectionsPerMinute: 10,
  maxMessagesPerSecond: 50,
  maxHandshakesPerMinute: 5,
  banThreshold: 5,
  banDuration: 300_000,
};

function add(counts, name) {
  const ofPhase = (counts[phase] ??= {});
  ofPhase[name] = (ofPhase[name] ?? 0) + 1;
}

function speak(node, n) {
  add(sent, node.number);
  node.mesh.broadcast({ type: 'soak', phase, speaker: node.number, n, sentMs: nowMs() }).then(
    ({ skipped }) => skipped.forEach(({ code }) => add(failed, code)),
    ({ code, message }) => add(failed, code ?? message),
  );
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

answer({
  async start({ numbers, isVictim, networkId }) {
    for (const number of numbers) {
      const options = {
        networkId,
        wsPort: 0,
        host: '127.0.0.1',
        ...(isVictim ? { guard: createGuard({ rateLimiter }) } : {}),
      };
      const mesh = new MeshNetwork(
        await Identity.generate(),
        options,
        isVictim ? systemRuntime() : sharedRuntime(),
      );
      const ears = new Ears();
      mesh.on('soak', ({ payload }) => ears.hear(payload, nowMs()));
      mesh.on('peer:disconnected', () => (ended += 1));
      await mesh.start();
      nodes.push({ number, mesh, ears });
    }
    return { endpoint: nodes[0].mesh.getPublicEndpoint() };
  },

  async connect({ url }) {
    for (const { mesh } of nodes) await mesh.connect(url);
    return {};
  },

  /**
   * From `startMs` on each node says `words` messages every `everyMs`, the nodes one after another. A late turn does not
   * delay the next.
   */
  speak({ startMs, everyMs, words, speakers }) {
    const lines = nodes.map((node) => ({
      node,
      turns: 0,
      firstMs: startMs + (node.number * everyMs) / speakers,
    }));
    timer = setInterval(() => {
      for (const line of lines) {
        for (; line.firstMs + line.turns * everyMs <= nowMs(); line.turns += 1)
          for (let word = 0; word < words; word += 1) speak(line.node, line.turns * words + word);
      }
    }, 1);
    return {};
  },

  phase({ name }) {
    phase = name;
    return {};
  },

  silence() {
    clearInterval(timer);
    return {};
  },

  /** What was said and heard of a phase. */
  heard({ name }) {
    return {
      sent: sent[name] ?? {},
      heard: nodes.map(({ number, ears }) => ({ number, ...ears.of(name) })),
      failed: failed[name] ?? {},
    };
  },

  /** What this process used since it was asked last. */
  meters() {
    const { user, system } = process.cpuUsage(cpu);
    const meters = {
      delayP99Ms: Math.max(0, delays.percentile(99) / 1e6 - DELAY_RESOLUTION_MS),
      delayMaxMs: Math.max(0, delays.max / 1e6 - DELAY_RESOLUTION_MS),
      cpuSeconds: (user + system) / 1e6,
      residentMedian: median(residentBytes) / MEBIBYTE,
      residentMax: Math.max(...residentBytes) / MEBIBYTE,
      residentNow: process.memoryUsage.rss() / MEBIBYTE,
      heap: process.memoryUsage().heapUsed / MEBIBYTE,
      sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
      peers: nodes.map(({ mesh }) => mesh.getPeers().length),
      ended,
      counters: nodes[0].mesh.counters,
    };
    delays.reset();
    cpu = process.cpuUsage();
    residentBytes = [];
    return meters;
  },

  async stop() {
    clearInterval(timer);
    await Promise.all(nodes.map(({ mesh }) => mesh.stop()));
    await pool?.close();
    return {};
  },
});
