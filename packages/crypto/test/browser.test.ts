import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { loadVectors } from './vector-files.mjs';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const folder = fileURLToPath(new URL('.', import.meta.url));

/** The first Chromium that has ML-DSA and ML-KEM at all, behind a feature. */
const POST_QUANTUM_CHROMIUM = 150;

/** A small bundle may grow by a fifth before somebody must decide. */
const BUNDLE_GZIP_BYTES_MAX = 48_000;
const SYMMETRIC_GZIP_BYTES_MAX = 20_000;

interface BrowserReport {
  readonly version: string;
  readonly native: readonly string[];
  readonly passed: number;
  readonly failed: readonly string[];
  readonly application: {
    readonly mode: string;
    readonly count: number;
    readonly isRestored: boolean;
    readonly isSolved: boolean;
  };
}

async function bundle(source: string): Promise<string> {
  const result = await build({
    stdin: { contents: source, resolveDir: folder, sourcefile: 'entry.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
    write: false,
    logLevel: 'silent',
  });
  return result.outputFiles.map(({ text }) => text).join('\n');
}

function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    if (url.startsWith('/vectors/')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(loadVectors(url.slice('/vectors/'.length))));
    } else if (url === '/script.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(script);
    } else {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>test</title><script type="module" src="/script.js"></script>');
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

async function runInChromium(script: string, args: readonly string[]): Promise<BrowserReport> {
  const server = await serve(script);
  const { port } = server.address() as AddressInfo;
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`http://localhost:${port}/`);
    await page.waitForFunction('globalThis.runSuites !== undefined');
    const report = await page.evaluate<BrowserReport>('globalThis.runSuites()');
    expect(errors).toEqual([]);
    return { ...report, version: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}

// Chromium 150 hides its ML-DSA and ML-KEM behind this feature; later ones have them without.
const features = [
  { name: 'as it comes', args: [] },
  { name: 'with its post-quantum algorithms', args: ['--enable-features=WebCryptoPQC'] },
];

test.each(features)(
  'in Chromium $name all vectors, the cross checks with noble and an application’s steps pass',
  async ({ args }) => {
    if (!existsSync(executablePath)) {
      console.warn(`There is no ${executablePath} (set CHROMIUM): the browser is not tested.`);
      return;
    }
    const script = await bundle(
      "import { runSuites } from './browser-entry.mjs'; globalThis.runSuites = runSuites;",
    );
    const report = await runInChromium(script, args);
    console.info(`Chromium ${report.version}'s own algorithms: ${report.native.join(', ')}`);
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(23);
    expect(report.native).toContain('x25519');
    if (args.length > 0 && Number.parseInt(report.version) >= POST_QUANTUM_CHROMIUM) {
      expect(report.native).toEqual(['mlDsa65', 'mlKem768', 'x25519']);
    }
    const mode = report.native.includes('mlDsa65') ? 'native-async' : 'in-thread';
    expect(report.application).toEqual({ mode, count: 2, isRestored: true, isSolved: true });
  },
  180_000,
);

test('a browser bundle holds no node: import, no Buffer and no process, and stays small', async () => {
  const text = await bundle("export * from '../dist/index.js';");
  expect(/.{9}(\bnode:|\bBuffer\b|\bprocess\.|\brequire\().{9}/.exec(text)?.[0]).toBeUndefined();
  expect(gzipSync(text).length).toBeLessThan(BUNDLE_GZIP_BYTES_MAX);
});

test('a bundle of the symmetric part alone carries no lattices', async () => {
  const text = await bundle("export { sha256, aes256GcmSeal } from '../dist/index.js';");
  expect(text.includes('ML-DSA')).toBe(false);
  expect(gzipSync(text).length).toBeLessThan(SYMMETRIC_GZIP_BYTES_MAX);
});
