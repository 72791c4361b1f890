import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { bundleForBrowser } from './browser/bundle.js';

/** About a tenth above what the README says, so that growth is somebody's decision. Half of it is the cryptography. */
const BUNDLE_GZIP_BYTES_MAX = 150_000;

/** Node's modules and globals. cborg asks `globalThis.process` whether it may use `globalThis.Buffer`, which a browser answers with no. */
const OF_NODE = /.{0,20}(\bnode:|(?<!globalThis\.)\b(Buffer|process)\b\.|\brequire\(|\b__dirname\b).{0,20}/;

const everything = bundleForBrowser("export * from '../../src/index.ts';");

test('a browser bundle of core holds no node: import, no Buffer and no process of Node', async () => {
  const { code } = await everything;
  expect(OF_NODE.exec(code)?.[0]).toBeUndefined();
});

test('a browser bundle of core holds neither test code, nor the simulator, nor ws', async () => {
  const { inputs } = await everything;
  expect(inputs.some((path) => path.endsWith('sockets/browser-sockets.ts'))).toBe(true);
  const unwanted = /\/testing\/|\/test\/|@jest|fast-check|-node\.ts$|ws-sockets|node_modules\/ws\//;
  expect(inputs.filter((path) => unwanted.test(path))).toEqual([]);
});

test('a browser bundle of core with its cryptography is at most 150 kB gzipped', async () => {
  const { code } = await everything;
  const bytes = gzipSync(code, { level: 9 }).length;
  console.info(
    `Browser bundle: ${(code.length / 1_000).toFixed(1)} kB, gzipped ${(bytes / 1_000).toFixed(1)} kB`,
  );
  expect(bytes).toBeLessThanOrEqual(BUNDLE_GZIP_BYTES_MAX);
});
