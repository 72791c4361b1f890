import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { MeshNetwork } from '@yakmesh/core';
import { Identity } from '@yakmesh/crypto';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { AnnexListener } from '../src/index.js';
import type { BulkReport, PageReport } from './browser/page.js';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const STREAM_BYTES = 300_000;
/** Eight records for bulk, and some. */
const BULK_BYTES = 600_000;
const SCRIPT = "import * as pages from './page.ts'; globalThis.pages = pages;";
const HTML =
  '<!doctype html><title>test</title><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>';

function hasBrowser(): boolean {
  const isThere = existsSync(EXECUTABLE);
  if (!isThere) console.warn(`There is no ${EXECUTABLE} (set CHROMIUM): the browser is not tested.`);
  return isThere;
}

/** Bundles as an application would: platform "browser" makes every import of a Node module an error. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: SCRIPT,
      resolveDir: fileURLToPath(new URL('browser/', import.meta.url)),
      sourcefile: 'entry.mjs',
    },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@yakmesh/source', 'browser'],
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles.map(({ text }) => text).join('\n');
}

/** Runs an expression in a page that has loaded the script. */
async function inPage<T>(script: string, expression: string): Promise<T> {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/script.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : HTML);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.pages !== undefined');
    return await page.evaluate<T>(expression);
  } finally {
    await browser.close();
    server.close();
  }
}

test('a Chromium page opens a channel to a node behind its neighbour, talks, turns the keys, streams and resumes', async () => {
  if (!hasBrowser()) return;
  const options = { wsPort: 0, host: '127.0.0.1' };
  const identity = await Identity.generate();
  const [relay, bob] = [
    new MeshNetwork(await Identity.generate(), options),
    new MeshNetwork(identity, options),
  ];
  await Promise.all([relay.start(), bob.start()]);
  await bob.connect(relay.getPublicEndpoint());
  const peers: unknown[] = [];
  new AnnexListener(identity, bob).on('channel', (channel) => {
    peers.push(channel.peerId);
    channel.on('message', (value) => void channel.send({ echo: value }));
    channel.on('stream', ({ readable }) => {
      void (async () => {
        let bytes = 0;
        for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
        await channel.send(bytes);
      })();
    });
  });
  try {
    const values = JSON.stringify([relay.getPublicEndpoint(), bob.nodeId, STREAM_BYTES]);
    const report = await inPage<PageReport>(await bundle(), `pages.annexPage(...${values})`);
    expect(report).toEqual({
      self: peers[0],
      peerId: bob.nodeId,
      isNeighbour: false,
      echo: { echo: { from: 'a page' } },
      epoch: 1,
      counted: STREAM_BYTES,
      isResumed: [false, true],
    });
    expect(peers).toEqual([report.self, report.self]);
  } finally {
    await Promise.all([relay.stop(), bob.stop()]);
  }
}, 120_000);

test('a Chromium page and its neighbour send each other bulk, which arrives as it was sent', async () => {
  if (!hasBrowser()) return;
  const identity = await Identity.generate();
  const bob = new MeshNetwork(identity, { wsPort: 0, host: '127.0.0.1' });
  await bob.start();
  new AnnexListener(identity, bob).on('channel', (channel) =>
    channel.on('stream', ({ readable, writable }) => void readable.pipeTo(writable)),
  );
  try {
    const values = JSON.stringify([bob.getPublicEndpoint(), bob.nodeId, BULK_BYTES]);
    const report = await inPage<BulkReport>(await bundle(), `pages.bulkPage(...${values})`);
    expect(report).toEqual({ isNeighbour: true, bytes: BULK_BYTES, areSame: true });
  } finally {
    await bob.stop();
  }
}, 120_000);
