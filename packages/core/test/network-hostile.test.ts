import { expect, test } from '@jest/globals';
import { memoryMesh, type MemoryMesh, type Tamper } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';

const POSITIONS = [0, 1, 2, 3];
/** What a peer may send in place of its message. */
const DAMAGES: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array[]])[] = [
  ['is garbage', (bytes) => [bytes.map((byte, index) => byte ^ (index * 31 + 165))]],
  [
    'has one bit wrong',
    (bytes) => [bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 1 : byte))],
  ],
  ['lacks its last byte', (bytes) => [bytes.subarray(0, -1)]],
  ['is empty', () => [new Uint8Array(0)]],
  ['has a byte too many', (bytes) => [Uint8Array.of(...bytes, 0)]],
  ['is oversized', () => [new Uint8Array(70_000)]],
  ['comes twice', (bytes) => [bytes, bytes]],
  ['comes after garbage', (bytes) => [new Uint8Array(40).fill(0xa5), bytes]],
];
const CASES = DAMAGES.flatMap(([what, damage]) =>
  [true, false].flatMap((isFromDialler) =>
    POSITIONS.map((position) => [isFromDialler ? 'dialler' : 'listener', position, what, damage] as const),
  ),
);

test.each(CASES)(
  'message %2$s of the %1$s %3$s: an end with a code, and both nodes go on',
  async (...[side, position, , damage]) => {
    const mesh = await memoryMesh({ nodes: ['a', 'b'] });
    const codes: string[] = [];
    for (const node of mesh.nodes) {
      node.on('peer:refused', ({ code }) => codes.push(code));
      node.on('peer:disconnected', (_peer, code) => codes.push(code));
    }
    const restore = mesh.network.tamper(at(side === 'dialler', position, damage));
    const dial = failure(mesh.node('a').connect(mesh.url('b'), { timeoutMs: 8_000 }));
    const code = await mesh.run(dial);
    await mesh.advance(6_000);
    expect(code === 'no error' || /^(MESH|LINK)_[A-Z_]+$/.test(code)).toBe(true);
    expect(codes.length).toBeGreaterThan(0);
    for (const told of codes) expect(told).toMatch(/^(MESH|LINK|PEER)_[A-Z_]+$/);
    restore();
    await mesh.connect('a', 'b');
    await mesh.advance(3_000);
    expect(mesh.nodes.map((node) => node.getPeers().length)).toEqual([1, 1]);
    await mesh.stop();
    expect(mesh.clock.pendingTimers).toBe(0);
  },
);

test.each(
  [true, false].flatMap((isFromDialler) =>
    POSITIONS.slice(0, 2).map((position) => [isFromDialler, position] as const),
  ),
)(
  'a peer that falls silent (dialler %p, from message %i on) is given up in time, by both ends',
  async (isFromDialler, position) => {
    const mesh = await memoryMesh({ nodes: ['a', 'b'] });
    mesh.network.tamper(from(isFromDialler, position));
    const dial = failure(mesh.node('a').connect(mesh.url('b'), { timeoutMs: 60_000 }));
    const startedMs = mesh.clock.monotonicMs();
    expect(await mesh.run(dial)).toMatch(/^(MESH_TIMEOUT|LINK_CLOSED)$/);
    expect(mesh.clock.monotonicMs() - startedMs).toBeLessThan(11_000);
    await mesh.advance(12_000);
    expect([mesh.network.socketsOf('a'), mesh.network.socketsOf('b')]).toEqual([0, 0]);
    await mesh.stop();
  },
);

test('a time limit that ends while the peer’s last word is awaited is MESH_TIMEOUT', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  mesh.network.tamper(from(false, 1));
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'), { timeoutMs: 1_000 })))).toBe(
    'MESH_TIMEOUT',
  );
  await mesh.stop();
});

test('stopping while a handshake is under way, at any message, leaves nothing', async () => {
  for (let atMs = 0; atMs < 12; atMs += 1) {
    const mesh = await memoryMesh({ nodes: ['a', 'b'] });
    const dial = failure(mesh.node('a').connect(mesh.url('b')));
    await mesh.advance(atMs);
    await mesh.stop();
    expect(await mesh.run(dial)).toMatch(/^(MESH_STOPPED|LINK_CLOSED|no error)$/);
    // What travels in the network's own memory arrives, and finds nobody.
    await mesh.advance(10);
    expect([mesh.network.socketsOf('a'), mesh.network.socketsOf('b'), mesh.clock.pendingTimers]).toEqual([
      0, 0, 0,
    ]);
  }
});

test('a stranger who says nothing is let go after 5 s', async () => {
  const mesh = await memoryMesh({ nodes: ['b'] });
  const ends: string[] = [];
  mesh.node('b').on('peer:refused', ({ code }) => ends.push(code));
  strangers(mesh, 1);
  await mesh.advance(4_900);
  expect(ends).toEqual([]);
  await mesh.advance(200);
  expect(ends).toEqual(['MESH_TIMEOUT']);
  await mesh.stop();
});

test('the ninth half-open handshake of one address is told MESH_BUSY, others are not', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  strangers(mesh, 8, () => 'a');
  await mesh.advance(10);
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('MESH_BUSY');
  expect(await mesh.run(failure(mesh.node('c').connect(mesh.url('b'))))).toBe('no error');
  await mesh.advance(6_000);
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('no error');
  await mesh.stop();
});

test('under load a newcomer solves a puzzle and gets in', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  strangers(mesh, 130);
  await mesh.advance(10);
  const challenges: number[] = [];
  mesh.network.capture(({ from: sender, to, bytes }) => {
    if (sender === 'b' && to === 'a') challenges.push(bytes.length);
  });
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('no error');
  expect(challenges[0]).toBeLessThan(200);
  await mesh.stop();
}, 30_000);

test('beyond 256 half-open handshakes everyone is told MESH_BUSY, and beyond 512 sockets nobody is heard', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  strangers(mesh, 300);
  await mesh.advance(10);
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('MESH_BUSY');
  strangers(mesh, 700);
  await mesh.advance(10);
  expect(mesh.network.socketsOf('b')).toBeLessThanOrEqual(512);
  await mesh.advance(6_000);
  expect(mesh.network.socketsOf('b')).toBe(0);
  expect(await mesh.run(failure(mesh.node('a').connect(mesh.url('b'))))).toBe('no error');
  await mesh.stop();
});

/** Damages one message of the first connection. */
function at(isFromDialler: boolean, position: number, damage: (bytes: Uint8Array) => Uint8Array[]): Tamper {
  let count = -1;
  return (message) => {
    if (message.connection !== 1 || message.isFromDialler !== isFromDialler) return [message.bytes];
    count += 1;
    return count === position ? damage(message.bytes) : [message.bytes];
  };
}

/** Drops everything of one side from a message on. */
function from(isFromDialler: boolean, position: number): Tamper {
  let count = -1;
  return (message) => {
    if (message.isFromDialler !== isFromDialler) return [message.bytes];
    count += 1;
    return count < position ? [message.bytes] : [];
  };
}

/** Sockets that say nothing. */
function strangers(
  mesh: MemoryMesh,
  count: number,
  name: (index: number) => string = (index) => `10.0.${index >> 8}.${index & 255}`,
): void {
  for (let index = 0; index < count; index += 1) {
    mesh.network.host(name(index)).dial(mesh.url('b'), { message: () => undefined, close: () => undefined });
  }
}
