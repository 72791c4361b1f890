import { expect, test } from '@jest/globals';
import { memoryMesh } from '../src/testing/index.js';
import type { MeshNetwork } from '../src/index.js';
import { ReplayState } from '../src/envelope/replay-state.js';
import { ReplayKeeper } from '../src/mesh/replay-keeper.js';
import { memoryStore, systemClock, type Store } from '../src/transport/index.js';

const debug = (): void => undefined;

const ENVELOPE = {
  class: 1,
  priority: 0,
  protocol: 'app',
  to: new Uint8Array(32),
  sequence: 0,
  lifeSeconds: 600,
  payload: new Uint8Array(0),
} as const;

test('a message from before a crash is not accepted again after it', async () => {
  expect(await heardAgainAfterCrash(newStore())).toEqual(['new']);
});

test('a message from before a crash in a node’s first seconds is not accepted again after it', async () => {
  expect(await heardAgainAfterCrash(newStore(), 1_000)).toEqual(['new']);
});

test('without a store the node forgets, and hears it again', async () => {
  expect(await heardAgainAfterCrash(undefined)).toEqual(['old', 'new']);
});

test('a store that fails neither stops the node nor its stop', async () => {
  const broken = (): Promise<never> => Promise.reject(new Error('disk full'));
  const store: Store = { ...newStore(), put: broken, batch: broken };
  const logged: string[] = [];
  const log = (_fields: object, message?: string): void => void logged.push(message ?? '');
  const logger = { debug: () => undefined, info: () => undefined, warn: log, error: log };
  const mesh = await memoryMesh({ nodes: ['a'], options: { store, logger } });
  await mesh.advance(12_000);
  await mesh.stop();
  expect(logged).toHaveLength(4);
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a store that cannot be read keeps the node from starting, and nothing is left', async () => {
  const store: Store = { ...newStore(), get: () => Promise.reject(new Error('unreadable')) };
  const mesh = await memoryMesh({});
  const node = await mesh.make('a', { store });
  await expect(mesh.run(node.start())).rejects.toThrow('unreadable');
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a stored state without numbers is passed over, and the floor still rises when an origin is evicted', async () => {
  const store = newStore();
  await store.put('core/replay', new Uint8Array(16).fill(0xff));
  const replay = new ReplayState(1);
  const keeper = new ReplayKeeper(replay, store, systemClock, {
    debug,
    info: debug,
    warn: debug,
    error: debug,
  });
  await keeper.start();
  await keeper.stop();
  const nowMs = systemClock.nowMs();
  const envelope = { ...ENVELOPE, epoch: nowMs, timeMs: nowMs };
  expect(['alice', 'bob'].map((origin) => replay.mark(origin, envelope))).toEqual([true, true]);
  expect(replay.check('alice', envelope, nowMs)).toBe('PEER_UNKNOWN_ORIGIN_TOO_OLD');
});

test('a stored state of another shape is passed over', async () => {
  const store = newStore();
  await store.put('core/replay', Uint8Array.of(1, 2, 3));
  const mesh = await memoryMesh({ nodes: ['a'], options: { store } });
  await mesh.stop();
});

function newStore(): Store {
  return memoryStore({ entriesMax: 100, bytesMax: 100_000 });
}

/**
 * b hears a message, crashes and comes back at once; another neighbour, to which the same message travels for two seconds,
 * passes it on to b once more.
 */
async function heardAgainAfterCrash(store: Store | undefined, livedMs = 6_000): Promise<unknown[]> {
  const mesh = await memoryMesh({ nodes: ['a', 'slow'] });
  const options = store === undefined ? {} : { store };
  const heardBefore = listen(await mesh.start('b', options));
  await mesh.connect('a', 'b');
  await mesh.connect('a', 'slow');
  await mesh.connect('slow', 'b');
  await mesh.advance(livedMs);
  mesh.network.setLatency('a', 'slow', 2_000);
  const resume = mesh.network.stall('b', 'slow');
  await mesh.run(mesh.node('a').broadcast('old'));
  await mesh.advance(50);
  expect(heardBefore).toEqual(['old']);
  mesh.kill('b');
  mesh.network.reset('b', 'slow');
  resume();
  const b = await mesh.start('b', options);
  const heard = listen(b);
  await mesh.until('both are back', () => b.getPeers().length === 2, 1_900);
  await mesh.advance(10_000);
  await mesh.run(mesh.node('a').broadcast('new'));
  await mesh.advance(3_000);
  await mesh.stop();
  return heard;
}

function listen(node: MeshNetwork): unknown[] {
  const heard: unknown[] = [];
  node.on('gossip', ({ payload }) => heard.push(payload));
  return heard;
}
