import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '../src/index.js';
import { memoryMesh, SeededRandom } from '../src/testing/index.js';
import type { Store } from '../src/transport/index.js';
import { isBuilt, startChild } from './support-network/child.js';
import { ending } from './support-network/cleanup.js';

const KILLS = 6;
const SEED = '07'.repeat(32);

test('a process that is killed at any instant has lost no record that it acknowledged', async () => {
  expect(isBuilt()).toBe(true);
  const folder = temporaryFolder();
  const path = join(folder, 'log');
  const random = new SeededRandom('kill -9');
  const kept = new Set<string>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = startChild('record-writer.mjs', [], [path, SEED, `${1_000 * kill}`]);
    await child.line('has');
    for (let count = 0; count < 3; count += 1) kept.add(await child.line('kept'));
    await new Promise((resolve) => setTimeout(resolve, random.below(60)));
    await child.stop();
    for (const line of child.lines) if (line.startsWith('kept ')) kept.add(line.slice(5));
    const found = await keysOf(path);
    expect([...kept].filter((key) => !found.has(key))).toEqual([]);
  }
  console.info(`${KILLS} kills while writing: all of ${kept.size} acknowledged records are there`);
}, 120_000);

test('what a neighbour was told of, it has after a kill, and it catches up with the rest', async () => {
  expect(isBuilt()).toBe(true);
  const folder = temporaryFolder();
  const path = join(folder, 'log');
  const source = ending(new MeshNetwork(await Identity.generate(), { wsPort: 0, host: '127.0.0.1' }));
  await source.start();
  await Promise.all(
    Array.from({ length: 400 }, (_, key) =>
      source.replicate({ collection: 'read', key: `${key}`, value: 'x'.repeat(1_000) }),
    ),
  );
  const endpoint = source.getPublicEndpoint();
  for (const wanted of [1, 150]) {
    const child = startChild('record-writer.mjs', [], [path, SEED, '0', endpoint]);
    for (let count = 0; count < wanted; count += 1) await child.line('heard');
    await child.stop();
    const heard = child.lines.filter((line) => line.startsWith('heard ')).map((line) => line.slice(6));
    const found = await keysOf(path);
    expect(heard.filter((key) => !found.has(key))).toEqual([]);
  }
  const child = startChild('record-writer.mjs', [], [path, SEED, '9000', endpoint]);
  const [, before = '0'] = (await child.line('has')).split(' ');
  const missing = 400 - [...(await keysOf(path))].filter((key) => Number(key) < 400).length;
  for (let count = 0; count < missing; count += 1) await child.line('heard');
  await child.stop();
  expect(Number(before)).toBeGreaterThan(0);
  const found = await keysOf(path);
  expect(Array.from({ length: 400 }, (_, key) => `${key}`).filter((key) => !found.has(key))).toEqual([]);
}, 120_000);

/** Keys of both collections that a node finds in a log. */
async function keysOf(path: string): Promise<Set<string>> {
  const script = './support-network/file-store.mjs';
  const module = (await import(script)) as {
    fileStore(path: string): Promise<Store & { close(): Promise<void> }>;
  };
  const store = await module.fileStore(path);
  const mesh = await memoryMesh({});
  const node = await mesh.start('reader', { store });
  const keys = new Set<string>();
  for (const collection of ['written', 'read'])
    for await (const { key, value } of node.records.range(collection)) if (value !== undefined) keys.add(key);
  await mesh.stop();
  await store.close();
  return keys;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  ending({ stop: async () => rmSync(folder, { recursive: true, force: true }) });
  return folder;
}
