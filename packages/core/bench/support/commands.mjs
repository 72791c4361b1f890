// What a benchmark's process can be told to do.
import { CryptoPool, Identity } from '@yakmesh/crypto';
import { MeshNetwork, MessageTypes } from '@yakmesh/core';
import { WebSocket, WebSocketServer } from 'ws';
import { systemRuntime } from '../../dist/runtime.js';
import { presign, replay } from './origins.mjs';

const OPTIONS = { wsPort: 0, host: '127.0.0.1', networkId: 'bench', maxPeers: 200, headBudget: 100 };
const CONCURRENCY = 384;
const RAW_BURST = 64;
const MESSAGES_PER_JOIN = 4;
const payloadOf = (bytes) => ({ type: 'bench', data: 'x'.repeat(bytes - 17) });

let mesh;
let raw;
let received = 0;
let isSending = false;
let endpoint;

async function start(options) {
  mesh = new MeshNetwork(await Identity.generate(), { ...OPTIONS, ...options });
  await mesh.start();
  mesh.on(MessageTypes.GOSSIP, () => {
    received += 1;
  });
  mesh.on(MessageTypes.HELLO, (_message, link, nodeId) => linkOf.set(nodeId, link));
  mesh.on('peer:disconnected', () => gone());
  return { endpoint: mesh.getPublicEndpoint(), nodeId: mesh.nodeId };
}

async function sendFor(ms, payload) {
  isSending = true;
  const sender = async () => {
    while (isSending) await mesh.broadcast(payload);
  };
  const senders = Array.from({ length: CONCURRENCY }, sender);
  await new Promise((resolve) => setTimeout(resolve, ms));
  isSending = false;
  await Promise.all(senders);
}

async function sendRawFor(ms, bytes) {
  const message = Buffer.alloc(bytes, 'x');
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    for (let count = 0; count < RAW_BURST; count += 1) raw.send(message);
    if (raw.bufferedAmount > 1_048_576) await new Promise((resolve) => raw._socket.once('drain', resolve));
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Links of the peers that are connected now; the facade gives links to handlers only. */
const linkOf = new Map();
let gone = () => undefined;

async function handshakes(count, url) {
  const times = [];
  for (let index = 0; index < count; index += 1) {
    const startMs = performance.now();
    const { nodeId } = await mesh.connect(url);
    times.push(performance.now() - startMs);
    const ended = new Promise((resolve) => {
      gone = resolve;
    });
    linkOf.get(nodeId).close();
    await ended;
  }
  return times;
}

async function lone(count) {
  const pool = new CryptoPool();
  const identity = await Identity.generate();
  const context = new TextEncoder().encode('bench');
  const signMs = [];
  const sendMs = [];
  for (let index = 0; index < count; index += 1) {
    let startMs = performance.now();
    await pool.sign(identity, new Uint8Array(112), { context });
    signMs.push(performance.now() - startMs);
    startMs = performance.now();
    await mesh.broadcast(payloadOf(1_024));
    sendMs.push(performance.now() - startMs);
  }
  await pool.close();
  return { signMs, sendMs };
}

const sharedPools = [];

/** Many nodes of one process share one pool; the hub that is measured is in another process. */
function sharedRuntime() {
  const pool = new CryptoPool();
  sharedPools.push(pool);
  const shared = new Proxy(pool, {
    get: (target, name) => {
      if (name === 'close') return async () => undefined;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { ...systemRuntime(), createPool: () => shared };
}

async function idlePeers(count, url) {
  const runtime = sharedRuntime();
  for (let index = 0; index < count; index += 1) {
    const node = new MeshNetwork(await Identity.generate(), OPTIONS, runtime);
    await node.start();
    await node.connect(url);
  }
}

let churners;

async function prepareChurn(count) {
  const identities = [];
  while (identities.length < count) identities.push(await Identity.generate());
  churners = { identities, runtime: sharedRuntime() };
}

async function churn(ms, url) {
  const untilMs = performance.now() + ms;
  let joins = 0;
  const one = async (identity) => {
    while (performance.now() < untilMs) {
      const node = new MeshNetwork(identity, OPTIONS, churners.runtime);
      await node.start();
      await node.connect(url);
      for (let message = 0; message < MESSAGES_PER_JOIN; message += 1)
        await node.broadcast({ type: 'bench', message });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await node.stop();
      joins += 1;
    }
  };
  await Promise.all(churners.identities.slice(0, 4).map(one));
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { joins, messages: joins * MESSAGES_PER_JOIN };
}

export const commands = {
  start: ({ options }) => start(options),
  connect: async ({ url }) => {
    await mesh.connect(url);
    return {};
  },
  send: async ({ ms, bytes }) => {
    await sendFor(ms, payloadOf(bytes));
    return {};
  },
  count: () => {
    const counted = received;
    received = 0;
    return { received: counted, counters: mesh?.counters };
  },
  handshakes: async ({ count, url }) => ({ times: await handshakes(count, url) }),
  lone: ({ count }) => lone(count),
  presign: async ({ count, networkId }) => {
    await presign(count, networkId);
    return {};
  },
  replay: async ({ url }) => replay(url, OPTIONS),
  prepareChurn: async ({ identities }) => {
    await prepareChurn(identities);
    return {};
  },
  churn: ({ ms, url }) => churn(ms, url),
  idlePeers: async ({ count, url }) => {
    await idlePeers(count, url);
    return {};
  },
  memory: async () => {
    for (let round = 0; round < 4; round += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { rss, heapUsed } = process.memoryUsage();
    const handles = process.getActiveResourcesInfo().length;
    return { rss, heapUsed, handles, peers: mesh?.getPeers().length };
  },
  rawListen: async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    await new Promise((resolve) => server.once('listening', resolve));
    server.on('connection', (socket) =>
      socket.on('message', () => {
        received += 1;
      }),
    );
    endpoint = `ws://127.0.0.1:${server.address().port}`;
    return { endpoint };
  },
  rawConnect: async ({ url }) => {
    raw = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => raw.once('open', resolve).once('error', reject));
    return {};
  },
  rawSend: async ({ ms, bytes }) => {
    await sendRawFor(ms, bytes);
    return {};
  },
  stop: async () => {
    await mesh?.stop();
    for (const pool of sharedPools) await pool.close();
    return {};
  },
};
