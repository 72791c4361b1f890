import { expect, jest, test } from '@jest/globals';
import type { MeshMessage, MeshNetwork } from '../src/index.js';
import { memoryMesh } from '../src/testing/index.js';
import { memoryStore, type Store } from '../src/transport/index.js';

// Real signatures in JavaScript: a loaded machine takes its time.
jest.setTimeout(60_000);

test('a record reaches every node, and each may read it and walk over its collection', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connect('a', 'b');
  await mesh.connect('b', 'c');
  await mesh.advance(100);
  const heard: MeshMessage[] = [];
  mesh.node('c').on('replicate', (message, _, nodeId) => {
    expect(nodeId).toBe(mesh.node('a').nodeId);
    heard.push(message);
  });
  const written = await mesh.run(
    mesh.node('a').replicate({ collection: 'notes', key: 'first', value: { text: 'hi' } }),
  );
  expect(written.peersSent).toBe(1);
  await mesh.advance(1_000);
  const record = await mesh.node('c').records.get('notes', 'first');
  expect(record).toMatchObject({
    value: { text: 'hi' },
    author: mesh.node('a').nodeId,
    version: written.version,
  });
  expect(record?.id).toBe(written.id);
  expect(heard.map(({ record }) => record?.key)).toEqual(['first']);
  expect(await keysOf(mesh.node('b'), 'notes')).toEqual(['first']);
  await mesh.stop();
  expect(mesh.clock.pendingTimers).toBe(0);
});

test('a late joiner catches up: writes, overwrites and deletions of the time before it', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connect('a', 'b');
  await mesh.advance(100);
  const notes = mesh.node('a').collection('notes');
  await mesh.run(Promise.all(Array.from({ length: 300 }, (_, key) => notes.put(`key-${key}`, { key }))));
  await mesh.run(notes.put('key-7', 'seven'));
  await mesh.run(notes.delete('key-8'));
  await mesh.advance(2_000);
  const late = await mesh.start('late');
  const answers: MeshMessage[] = [];
  late.on('sync_response', (message) => answers.push(message));
  await mesh.connect('late', 'b');
  await mesh.advance(2_000);
  expect(late.records.size).toBe(300);
  expect(late.records.fingerprint).toBe(mesh.node('a').records.fingerprint);
  expect((await late.records.get('notes', 'key-7'))?.value).toBe('seven');
  expect(await late.records.get('notes', 'key-8')).toBeUndefined();
  expect(answers).toMatchObject([{ type: 'sync_response', received: 300, sent: 0 }]);
  expect(late.counters['sync/1:SYNC_BAD_PROOF']).toBeUndefined();
  await mesh.stop();
});

test('both sides of a partition write, and hold the same when it is over', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c', 'd'] });
  await mesh.connect('a', 'b');
  await mesh.connect('c', 'd');
  await mesh.advance(100);
  for (const name of ['a', 'c']) {
    const open = mesh.node(name).collection('board', { accept: 'open' });
    await mesh.run(open.put('shared', `by ${name}`));
    await mesh.run(mesh.node(name).collection('owned').put('mine', `by ${name}`));
    await mesh.run(mesh.node(name).collection('owned').put(`of ${name}`, name));
    await mesh.advance(500);
  }
  for (const name of ['b', 'd']) mesh.node(name).collection('board', { accept: 'open' });
  await mesh.connect('b', 'c');
  await mesh.advance(130_000);
  const fingerprints = new Set(mesh.nodes.map(({ records }) => records.fingerprint));
  expect(fingerprints.size).toBe(1);
  const values = await Promise.all(mesh.nodes.map(({ records }) => records.get('board', 'shared')));
  expect(values.map((record) => record?.value)).toEqual(Array(4).fill('by c'));
  const owned = await mesh.node('d').records.get('owned', 'mine');
  expect(owned?.value).toBe('by a');
  await mesh.stop();
});

test('a key is its first writer’s: others are refused where they write and where they are heard', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connectAll();
  await mesh.run(mesh.node('a').replicate({ collection: 'names', key: 'mesh', value: 1 }));
  await mesh.advance(500);
  const stolen = mesh.node('b').replicate({ collection: 'names', key: 'mesh', value: 2 });
  await expect(mesh.run(stolen)).rejects.toMatchObject({ code: 'SYNC_NOT_OWNER' });
  expect((await mesh.node('b').records.get('names', 'mesh'))?.value).toBe(1);
  await mesh.stop();
});

test('a rule of the application decides, and one that names the own key needs none', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connectAll();
  for (const node of mesh.nodes) {
    node.collection('even', { accept: ({ value }) => typeof value === 'number' && value % 2 === 0 });
    node.collection('profiles', { accept: 'own-keys' });
  }
  const [a, b] = [mesh.node('a'), mesh.node('b')];
  await mesh.run(a.replicate({ collection: 'even', key: 'x', value: 2 }));
  await expect(mesh.run(a.replicate({ collection: 'even', key: 'x', value: 3 }))).rejects.toMatchObject({
    code: 'SYNC_REFUSED',
  });
  const profiles = a.collection('profiles');
  await mesh.run(profiles.put(profiles.ownKey('name'), 'a'));
  await mesh.advance(500);
  await expect(mesh.run(b.collection('profiles').put(profiles.ownKey('name'), 'b'))).rejects.toMatchObject({
    code: 'SYNC_NOT_OWNER',
  });
  expect((await b.records.get('even', 'x'))?.value).toBe(2);
  expect((await b.records.get('profiles', `${a.nodeId}/name`))?.value).toBe('a');
  await mesh.stop();
});

test('a value of a megabyte arrives in chunks, also at a node that joins later', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b'] });
  await mesh.connectAll();
  const value = mesh.random.bytes(1_000_000);
  await mesh.run(mesh.node('a').replicate({ collection: 'files', key: 'big', value }));
  await mesh.advance(5_000);
  const read = await mesh.node('b').records.get('files', 'big');
  expect(Buffer.compare(Buffer.from(read?.value as Uint8Array), Buffer.from(value))).toBe(0);
  await mesh.start('c');
  await mesh.connect('c', 'b');
  await mesh.advance(5_000);
  const late = await mesh.node('c').records.get('files', 'big');
  expect(Buffer.compare(Buffer.from(late?.value as Uint8Array), Buffer.from(value))).toBe(0);
  expect(mesh.node('c').records.fingerprint).toBe(mesh.node('a').records.fingerprint);
  await mesh.stop();
});

test('what is in the store is there after a restart, and its owner still owns it', async () => {
  const store = memoryStore();
  const mesh = await memoryMesh({});
  await mesh.start('a', { store });
  await mesh.run(mesh.node('a').replicate({ collection: 'notes', key: 'k', value: 1 }));
  const { fingerprint } = mesh.node('a').records;
  mesh.kill('a');
  await mesh.start('a', { store });
  expect(mesh.node('a').records.fingerprint).toBe(fingerprint);
  expect((await mesh.node('a').records.get('notes', 'k'))?.value).toBe(1);
  await mesh.run(mesh.node('a').replicate({ collection: 'notes', key: 'k', value: 2 }));
  expect((await mesh.node('a').records.get('notes', 'k'))?.value).toBe(2);
  await mesh.stop();
});

test('at a limit nothing is lost in silence: the writer is told, and what others send is counted', async () => {
  const mesh = await memoryMesh({});
  const a = await mesh.start('a');
  const small = await mesh.start('small', { records: { recordsMax: 2 } });
  await mesh.connect('a', 'small');
  await mesh.advance(100);
  for (const key of ['1', '2', '3']) await mesh.run(a.replicate({ collection: 'notes', key, value: key }));
  await mesh.advance(500);
  expect(small.records.size).toBe(2);
  expect(small.counters['sync/1:SYNC_FULL']).toBeGreaterThan(0);
  await expect(mesh.run(small.replicate({ collection: 'notes', key: '4', value: 4 }))).rejects.toMatchObject({
    code: 'SYNC_FULL',
  });
  await mesh.stop();
});

async function keysOf(node: MeshNetwork, collection: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of node.records.range(collection)) keys.push(key);
  return keys;
}

test('a record that a neighbour has changed is refused by everyone, counted against it, and the true one still comes', async () => {
  const store = memoryStore();
  const mesh = await memoryMesh({ nodes: ['honest', 'victim'] });
  await mesh.start('liar', { store });
  await mesh.connect('honest', 'liar');
  await mesh.advance(100);
  await mesh.run(mesh.node('honest').replicate({ collection: 'notes', key: 'price', value: 'pay 100' }));
  await mesh.advance(500);
  await change(store, 'pay 100', 'pay 999');
  expect((await mesh.node('liar').records.get('notes', 'price'))?.value).toBe('pay 999');
  await mesh.connect('victim', 'liar');
  await mesh.advance(1_000);
  const victim = mesh.node('victim');
  expect(await victim.records.get('notes', 'price')).toBeUndefined();
  expect(victim.counters['sync/1:SYNC_BAD_PROOF']).toBeGreaterThan(0);
  await mesh.connect('victim', 'honest');
  await mesh.advance(1_000);
  expect((await victim.records.get('notes', 'price'))?.value).toBe('pay 100');
  await mesh.stop();
});

test('a thousand records at once share signatures and writes, and none is missed on the way', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'b', 'c'] });
  await mesh.connect('a', 'b');
  await mesh.connect('b', 'c');
  await mesh.advance(100);
  const notes = mesh.node('a').collection('notes');
  await mesh.run(Promise.all(Array.from({ length: 1_000 }, (_, key) => notes.put(`${key}`, key))));
  await mesh.advance(3_000);
  expect(mesh.nodes.map(({ records }) => records.size)).toEqual([1_000, 1_000, 1_000]);
  expect(mesh.node('c').records.fingerprint).toBe(mesh.node('a').records.fingerprint);
  await mesh.stop();
});

/** Changes text in every record of a store. */
async function change(store: Store, from: string, to: string): Promise<void> {
  for await (const [key, value] of store.range({ gte: 'sync/1!r/', lt: 'sync/1!r0' })) {
    const at = Buffer.from(value).indexOf(from);
    if (at < 0) continue;
    value.set(Buffer.from(to), at);
    await store.put(key, value);
  }
}
