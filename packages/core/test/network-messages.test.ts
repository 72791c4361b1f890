import { expect, test } from '@jest/globals';
import { MessageTypes, type MeshLink, type MeshMessage } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';

const NINE = Object.values(MessageTypes);

test('a gossip handler gets the message, the link it came through and its signed origin', async () => {
  const mesh = await line();
  const heard: [MeshMessage, MeshLink, string][] = [];
  mesh.node('c').on(MessageTypes.GOSSIP, (message, link, nodeId) => heard.push([message, link, nodeId]));
  const result = await mesh.run(mesh.node('a').broadcast({ type: 'custom', data: 'hello mesh!' }));
  await mesh.advance(1_000);
  expect(heard).toHaveLength(1);
  const [message, link, nodeId] = heard[0] ?? [];
  expect(message).toEqual({
    type: 'gossip',
    payload: { type: 'custom', data: 'hello mesh!' },
    id: result.id,
    timeMs: expect.any(Number),
    priority: 0,
  });
  expect(nodeId).toBe(mesh.node('a').nodeId);
  expect(link).toEqual({
    nodeId: mesh.node('b').nodeId,
    address: 'b',
    direction: 'inbound',
    rttMs: expect.any(Number),
    queuedBytes: expect.any(Number),
    close: expect.any(Function),
  });
  await mesh.stop();
});

test('a direct message reaches message handlers, then those of its type; a broadcast gossip handlers, then those', async () => {
  const mesh = await line();
  const order: string[] = [];
  for (const type of ['gossip', 'message', 'sync'])
    mesh
      .node('b')
      .on(type, ({ type: seen }, _link, nodeId) => order.push(`${type}(${seen} of ${nameOf(mesh, nodeId)})`));
  await mesh.run(mesh.node('a').sendTo(mesh.node('b').nodeId, { type: 'sync', action: 'go' }));
  await mesh.run(mesh.node('c').broadcast({ type: 'sync' }));
  await mesh.advance(1_000);
  expect(order).toEqual([
    'message(message of a)',
    'sync(message of a)',
    'gossip(gossip of c)',
    'sync(gossip of c)',
  ]);
  await mesh.stop();
});

test('the link’s own types: hello at both ends, welcome and peers at the dialler, ping and pong', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => ({ publicHost: name, maxPeers: 2 }),
  });
  await mesh.connect('c', 'b');
  await mesh.advance(100);
  const seen: Record<string, [string, MeshMessage][]> = { a: [], b: [] };
  for (const name of ['a', 'b'])
    for (const type of NINE) mesh.node(name).on(type, (message) => seen[name]?.push([type, message]));
  await mesh.connect('a', 'b');
  await mesh.advance(1_000);
  expect(seen.a?.map(([type]) => type)).toEqual(
    expect.arrayContaining(['hello', 'ping', 'pong', 'welcome', 'peers']),
  );
  expect(seen.a?.every(([type, message]) => message.type === type)).toBe(true);
  expect(seen.a?.find(([type]) => type === 'hello')?.[1]).toEqual({ type: 'hello', endpoint: 'ws://b:9001' });
  const hints = [{ nodeId: mesh.node('c').nodeId, endpoint: 'ws://c:9001' }];
  expect(seen.a?.find(([type]) => type === 'welcome')?.[1]).toEqual({ type: 'welcome', peers: hints });
  expect(seen.a?.find(([type]) => type === 'pong')?.[1].rttMs).toBeGreaterThan(0);
  expect(seen.b?.map(([type]) => type)).toEqual(expect.arrayContaining(['hello', 'ping', 'pong']));
  expect(seen.b?.some(([type]) => type === 'welcome')).toBe(false);
  await mesh.stop();
});

test('handlers of the link’s types observe after the core has acted', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  let wasConnected = false;
  mesh.node('b').on('hello', (_message, link) => {
    wasConnected = mesh.node('b').isConnectedTo(link.nodeId) && mesh.node('b').getPeers().length === 1;
  });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  expect(wasConnected).toBe(true);
  await mesh.stop();
});

test('peers that share endpoints later are told by peers handlers', async () => {
  const mesh = await memoryMesh({
    nodes: ['a', 'b', 'c'],
    options: (name) => ({ publicHost: name, maxPeers: 2 }),
  });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const told: unknown[] = [];
  mesh.node('a').on('peers', ({ peers }) => told.push(peers));
  await mesh.connect('c', 'b');
  await mesh.advance(100);
  expect(told).toEqual([[{ nodeId: mesh.node('c').nodeId, endpoint: 'ws://c:9001' }]]);
  await mesh.stop();
});

test.each([
  ...NINE,
  'message',
  'peer:connected',
  'peer:disconnected',
  'send:failed',
  'handler:failed',
  'port:peer',
  ':',
  '',
  'x'.repeat(65),
])('a payload of type %p raises no event of that name', async (type) => {
  const mesh = await line();
  const raised: unknown[] = [];
  const heard: unknown[] = [];
  mesh.node('b').on('gossip', ({ payload }) => heard.push(payload));
  if (type !== 'gossip') mesh.node('b').on(type, (...values: unknown[]) => raised.push(values));
  await mesh.run(mesh.node('a').broadcast({ type, nasty: true }));
  await mesh.advance(500);
  expect(heard).toEqual([{ type, nasty: true }]);
  expect(JSON.stringify(raised)).not.toContain('nasty');
  await mesh.stop();
});

test.each(['__proto__', 'constructor', 'toString', 'error', 'newListener', 'x'.repeat(64), 'ü', ' '])(
  'a payload of type %p is a type like any other',
  async (type) => {
    const mesh = await line();
    const raised: unknown[] = [];
    mesh.node('b').on(type, ({ payload }) => raised.push((payload as { nasty: boolean }).nasty));
    await mesh.run(mesh.node('a').broadcast({ type, nasty: true }));
    await mesh.advance(500);
    expect(raised).toEqual([true]);
    expect(({} as { nasty?: boolean }).nasty).toBeUndefined();
    await mesh.stop();
  },
);

test.each([[7], [null], [['custom']], [{ type: 'custom' }], [true]])(
  'a type that is %p raises nothing',
  async (type) => {
    const mesh = await line();
    const heard: unknown[] = [];
    for (const name of [JSON.stringify(type), 'custom']) mesh.node('b').on(name, () => heard.push('raised'));
    mesh.node('b').on('gossip', () => heard.push('gossip'));
    await mesh.run(mesh.node('a').broadcast({ type }));
    await mesh.advance(500);
    expect(heard.filter((what) => what === 'raised')).toEqual([]);
    expect(heard).toContain('gossip');
    await mesh.stop();
  },
);

test('M5: a handler that throws or rejects stops no other, and is told and counted', async () => {
  const mesh = await line();
  const told: unknown[] = [];
  const heard: unknown[] = [];
  const b = mesh.node('b');
  b.on('handler:failed', (failure) => told.push(failure));
  b.on('handler:failed', () => {
    throw new Error('even here');
  });
  b.on('gossip', () => {
    throw new Error('thrown on purpose');
  });
  b.on('gossip', () => Promise.reject(new Error('rejected on purpose')) as never);
  b.on('gossip', ({ payload }) => heard.push(payload));
  await mesh.run(mesh.node('a').broadcast('one'));
  await mesh.run(mesh.node('a').broadcast('two'));
  await mesh.advance(1_000);
  expect(heard).toEqual(['one', 'two']);
  expect(told).toEqual(
    expect.arrayContaining([
      { type: 'gossip', message: 'thrown on purpose' },
      { type: 'gossip', message: 'rejected on purpose' },
    ]),
  );
  expect(b.counters['handler:failed']).toBeGreaterThanOrEqual(4);
  expect(b.isConnectedTo(mesh.node('a').nodeId)).toBe(true);
  await mesh.stop();
});

test('off removes a handler, the function that on answers does too, and emit stays in this process', async () => {
  const mesh = await line();
  const b = mesh.node('b');
  const heard: unknown[] = [];
  const handler = (message: unknown): void => void heard.push(message);
  b.on('gossip', handler);
  b.off('gossip', handler);
  b.on('gossip', handler)();
  await mesh.run(mesh.node('a').broadcast('unheard'));
  await mesh.advance(500);
  expect(heard).toEqual([]);
  b.on('local', handler);
  expect([b.emit('local', 'here'), b.emit('nobody')]).toEqual([true, false]);
  await mesh.advance(500);
  expect(heard).toEqual(['here']);
  await mesh.stop();
});

test('a link that the application closes is not dialled again', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  let link: MeshLink | undefined;
  mesh.node('a').on('hello', (_message, opened) => void (link = opened));
  await mesh.connect('a', 'b');
  link?.close('enough');
  await mesh.advance(60_000);
  expect(mesh.node('a').getPeers()).toEqual([]);
  expect(mesh.node('b').getPeers()).toEqual([]);
  await mesh.stop();
});

/** a – b – c. */
async function line(): Promise<MemoryMesh> {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connect('a', 'b');
  await mesh.connect('b', 'c');
  await mesh.advance(200);
  return mesh;
}

function nameOf(mesh: MemoryMesh, nodeId: string): string | undefined {
  return ['a', 'b', 'c'].find((name) => mesh.node(name).nodeId === nodeId);
}
