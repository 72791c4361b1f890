import { expect, jest, test } from '@jest/globals';
import { modelNode, reconcile, type ModelNode } from './support/model-sync.js';
import { modelAuthor, modelRecord } from './support/model-records.js';
import { recordName } from '../src/sync/record-name.js';
import { SeededRandom } from '../src/testing/index.js';

jest.setTimeout(120_000);

const VALUE = new Uint8Array(256).fill(9);

test('two nodes that hold different records end with the same ones', async () => {
  const [a, b] = [modelNode('a'), modelNode('b')];
  for (let key = 0; key < 300; key += 1) await a.write('notes', `a${key}`, key);
  for (let key = 0; key < 500; key += 1) await b.write('notes', `b${key}`, key);
  await reconcile(a, b);
  expect(a.fingerprint).toBe(b.fingerprint);
  expect(a.keeper.ledger.index.size).toBe(800);
  expect([a.rejected, b.rejected]).toEqual([[], []]);
  expect(a.rounds).toEqual([{ type: 'round', isComplete: true, received: 500, sent: 300 }]);
});

test('100,000 records of which 100 differ reconcile in at most 6 round trips and 5 times the bytes of those 100', async () => {
  const [a, b] = [modelNode('a'), modelNode('b')];
  fill([a, b], 100_000);
  const random = new SeededRandom('differences');
  let differingBytes = 0;
  const heads = new Set<string>();
  for (let difference = 0; difference < 100; difference += 1) {
    const node = difference % 2 === 0 ? a : b;
    const author = modelAuthor(node.name);
    const name = recordName('records', `common/${random.below(100_000)}/new`) ?? '';
    const version = { timeMs: 1_700_000_000_000, counter: difference };
    const fields = { name, version, claim: version, content: { type: 'value', value: VALUE } } as const;
    const candidate = modelRecord(author, fields, 0, 6);
    await node.keeper.take([candidate], { from: undefined, isProven: true });
    const { core, path } = candidate.record;
    differingBytes += core.length + path.length + 19;
    heads.add(candidate.meta.head);
  }
  differingBytes += heads.size * (112 + 3_309 + 1_952);
  const { trips, bytes, frames } = await reconcile(a, b);
  console.info(
    `100 of 100,000: ${trips} one-way trips (${Math.ceil(trips / 2)} round trips), ${bytes} bytes in ${frames} frames, ` +
      `${(bytes / differingBytes).toFixed(2)} times the ${differingBytes} bytes of the differing records with their proofs`,
  );
  expect(a.fingerprint).toBe(b.fingerprint);
  expect(a.keeper.ledger.index.size).toBe(100_100);
  expect(trips / 2).toBeLessThanOrEqual(6);
  expect(bytes).toBeLessThanOrEqual(5 * differingBytes);
});

function fill(nodes: readonly ModelNode[], count: number): void {
  const author = modelAuthor('common');
  for (let first = 0; first < count; first += 256) {
    const batch = Array.from({ length: Math.min(256, count - first) }, (_, at) => {
      const name = recordName('records', `common/${first + at}`) ?? '';
      const version = { timeMs: 1_600_000_000_000 + first, counter: at };
      const fields = { name, version, claim: version, content: { type: 'value', value: VALUE } } as const;
      return modelRecord(author, fields, first, 8);
    });
    // What both hold is never sent, so it need not be in the stores.
    for (const { keeper } of nodes) for (const { meta } of batch) keeper.ledger.put(meta);
  }
}

test('both ends learn within one round what the other one wrote over or deleted', async () => {
  const [a, b] = [modelNode('a', { rule: 'open' }), modelNode('b', { rule: 'open' })];
  for (let key = 0; key < 200; key += 1) await a.write('notes', `${key}`, key);
  await reconcile(a, b);
  expect(b.fingerprint).toBe(a.fingerprint);
  for (let key = 0; key < 200; key += 3) await a.write('notes', `${key}`, 'by a');
  for (let key = 1; key < 200; key += 3) await b.write('notes', `${key}`, undefined);
  await reconcile(b, a);
  expect(b.fingerprint).toBe(a.fingerprint);
  expect(a.keeper.ledger.index.get('notes\x001')?.kind).toBe('tombstone');
  expect(b.keeper.ledger.index.get('notes\x003')?.author).toBe(a.author.id);
});

test('a node that has nothing gets all, and one more round finds nothing to do', async () => {
  const [a, b] = [modelNode('a'), modelNode('b')];
  for (let key = 0; key < 3_000; key += 1) await a.write('notes', `${key}`, 'x'.repeat(key % 700));
  await reconcile(b, a);
  expect(b.fingerprint).toBe(a.fingerprint);
  expect(b.rounds).toEqual([{ type: 'round', isComplete: true, received: 3_000, sent: 0 }]);
  expect(await reconcile(a, b)).toMatchObject({ trips: 3, frames: 3 });
});
