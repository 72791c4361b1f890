import { afterAll, expect, test } from '@jest/globals';
import { storeCompliance } from '@yakmesh/core/testing';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/store/embedded-store.js';
import { temporaryFolder } from '../temporary-folder.js';

const folder = temporaryFolder();
let stores = 0;

afterAll(() => folder.remove());

function place(): string {
  stores += 1;
  return join(folder.path, `store-${stores}`);
}

storeCompliance(
  { test, expect },
  {
    name: 'embedded',
    create: async () => {
      const store = await openStore(place());
      return { store, close: () => store.close(), dispose: () => store.close() };
    },
  },
);

test('what was written is there when the store is opened again', async () => {
  const path = place();
  const first = await openStore(path);
  await first.put('kept', Uint8Array.of(1, 2, 3));
  await first.close();
  await first.close();
  const second = await openStore(path);
  expect(await second.get('kept')).toEqual(Uint8Array.of(1, 2, 3));
  await second.close();
});

test('a folder is open once, and the second is told what to do', async () => {
  const path = place();
  const store = await openStore(path);
  const second = openStore(path);
  await expect(second).rejects.toMatchObject({
    code: 'NODE_DATA_IN_USE',
    message: expect.stringMatching(/yakmesh stop.*data directory of its own/),
  });
  await store.put('still', Uint8Array.of(1));
  await store.close();
  await (await openStore(path)).close();
});

test('the folder of a store is its owner’s alone', async () => {
  const path = place();
  await (await openStore(path)).close();
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a file in the place of the folder is refused', async () => {
  const path = place();
  writeFileSync(path, 'text');
  await expect(openStore(path)).rejects.toMatchObject({ code: 'NODE_DATA_UNUSABLE' });
});

test('a damaged store is refused with what to do, and is not thrown away', async () => {
  const path = place();
  mkdirSync(path);
  writeFileSync(join(path, 'CURRENT'), 'MANIFEST-000007\n');
  await expect(openStore(path)).rejects.toMatchObject({
    code: 'NODE_DATA_UNUSABLE',
    message: expect.stringMatching(/move it away/),
  });
});
