import { expect, test } from '@jest/globals';
import type { MeshLink } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';

const SEEDS = 40;
const MESSAGES = 10;

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'both dial at once (seed %i): one link is left, nothing is lost, nothing doubled',
  async (seed) => {
    const mesh = await memoryMesh({ seed, nodes: ['a', 'b'], latencyMs: (random) => 1 + 30 * random.unit() });
    const heard = listen(mesh, 'a', 'b');
    const delayMs = mesh.random.fork('delay').unit() * 60;
    const dials = [mesh.node('a').connect(mesh.url('b'))];
    await mesh.advance(delayMs);
    dials.push(mesh.node('b').connect(mesh.url('a')));
    for (let n = 0; n < MESSAGES; n += 1) {
      void mesh.node('a').broadcast(`a${n}`);
      void mesh.node('b').broadcast(`b${n}`);
      await mesh.advance(7);
    }
    await mesh.run(Promise.all(dials));
    await mesh.advance(5_000);
    expect(heard.of('b')).toEqual(all('a'));
    expect(heard.of('a')).toEqual(all('b'));
    expect(heard.changes).toEqual(['a connected', 'b connected']);
    expect([mesh.network.socketsOf('a'), mesh.network.socketsOf('b')]).toEqual([1, 1]);
    await mesh.stop();
  },
);

test.each(Array.from({ length: 10 }, (_, seed) => seed))(
  'two dials from one side (seed %i): one link is left, nothing is lost, nothing doubled',
  async (seed) => {
    const mesh = await memoryMesh({ seed, nodes: ['a', 'b'], latencyMs: (random) => 1 + 30 * random.unit() });
    const heard = listen(mesh, 'a', 'b');
    const dials = [mesh.node('a').connect(mesh.url('b'))];
    await mesh.advance(mesh.random.fork('delay').unit() * 60);
    dials.push(mesh.node('a').connect(`${mesh.url('b')}#${mesh.node('b').nodeId}`));
    for (let n = 0; n < MESSAGES; n += 1) {
      void mesh.node('a').broadcast(`a${n}`);
      if (mesh.node('b').getPeers().length > 0) void mesh.node('b').broadcast(`b${n}`);
      await mesh.advance(7);
    }
    const [one, other] = await mesh.run(Promise.all(dials));
    await mesh.advance(5_000);
    expect(one?.nodeId).toBe(other?.nodeId);
    expect(heard.of('b')).toEqual(all('a'));
    expect(heard.of('a')).toEqual(all('b').slice(MESSAGES - heard.of('a').length));
    expect([mesh.network.socketsOf('a'), mesh.network.socketsOf('b')]).toEqual([1, 1]);
    await mesh.stop();
  },
);

test('a peer that restarts under the same identity takes its own place at once', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('b', 'a');
  await mesh.advance(100);
  // It dies without a word that arrives, and is back before anyone could miss it.
  const heal = mesh.network.partition(['a'], ['b']);
  mesh.kill('b');
  heal();
  await mesh.start('b');
  await mesh.connect('b', 'a');
  await mesh.advance(50);
  expect(mesh.node('a').getPeers()).toHaveLength(1);
  const heard: unknown[] = [];
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  mesh.node('a').on('gossip', ({ payload }) => heard.push(payload));
  await mesh.run(mesh.node('a').broadcast('to the new one'));
  await mesh.run(mesh.node('b').broadcast('from the new one'));
  await mesh.advance(1_000);
  expect(heard.sort()).toEqual(['from the new one', 'to the new one']);
  await mesh.stop();
});

test('many restarts in a row leave one link each time', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  for (let restart = 0; restart < 5; restart += 1) {
    mesh.kill('b');
    await mesh.start('b');
    await mesh.until('a is back', () => mesh.node('b').getPeers().length === 1, 5_000);
    await mesh.advance(3_000);
    expect([mesh.node('a').getPeers().length, mesh.node('b').getPeers().length]).toEqual([1, 1]);
    expect(mesh.network.socketsOf('b')).toBe(1);
  }
  await mesh.stop();
});

test('closing the link while both dial leaves nothing behind', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  const links: MeshLink[] = [];
  mesh.node('a').on('hello', (_message, link) => void links.push(link));
  await mesh.run(Promise.all([mesh.node('a').connect(mesh.url('b')), mesh.node('b').connect(mesh.url('a'))]));
  await mesh.stop();
  expect([mesh.network.socketsOf('a'), mesh.network.socketsOf('b')]).toEqual([0, 0]);
  expect(mesh.clock.pendingTimers).toBe(0);
});

function listen(mesh: MemoryMesh, ...names: readonly string[]) {
  const heard = new Map<string, string[]>(names.map((name) => [name, []]));
  const changes: string[] = [];
  for (const name of names) {
    const node = mesh.node(name);
    node.on('gossip', ({ payload }) => void heard.get(name)?.push(String(payload)));
    node.onPeer(({ type }) => {
      if (type === 'connected' || type === 'disconnected') changes.push(`${name} ${type}`);
    });
  }
  return {
    of: (name: string): readonly string[] => [...(heard.get(name) ?? [])].sort(),
    get changes(): readonly string[] {
      return [...changes].sort();
    },
  };
}

function all(prefix: string): readonly string[] {
  return Array.from({ length: MESSAGES }, (_, n) => `${prefix}${n}`).sort();
}
