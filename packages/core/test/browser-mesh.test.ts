import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { Identity, type NodeId } from '@yakmesh/crypto';
import type { Page } from 'playwright-core';
import { MeshNetwork, type MeshMessage, type MeshOptions } from '../src/index.js';
import { bundleForBrowser } from './browser/bundle.js';
import { hasChromium, LEFT_BEHIND, withPage } from './browser/chromium.js';
import type { Heard, MeshPage } from './browser/page.js';

const TEST_MS_MAX = 120_000;
const NETWORK: MeshOptions = { networkId: 'browser-test', networkFingerprint: 'v1' };
const PAGE = "import { meshPage } from './page.ts'; globalThis.meshPage = meshPage;";
const DIRECT_BYTES = 100_000;

/** Calls a method of the page's `meshPage`. */
function call<Name extends keyof MeshPage>(
  page: Page,
  name: Name,
  ...values: Parameters<MeshPage[Name]>
): Promise<Awaited<ReturnType<MeshPage[Name]>>> {
  return page.evaluate(`meshPage.${name}(...${JSON.stringify(values)})`);
}

interface Received {
  readonly payload: MeshMessage['payload'];
  readonly via: NodeId;
  readonly from: NodeId;
}

/** The next message of a type at a node. */
function next(mesh: MeshNetwork, type: string): Promise<Received> {
  return new Promise((resolve) => {
    const off = mesh.on(type, ({ payload }, link, from) => {
      off();
      resolve({ payload, via: link.nodeId, from });
    });
  });
}

/** The node sees this peer come or go. */
function seen(mesh: MeshNetwork, event: 'peer:connected' | 'peer:disconnected', nodeId: NodeId) {
  return new Promise<string | undefined>((resolve) => {
    const off = mesh.on(event, (peer, code?: string) => {
      if (peer.nodeId !== nodeId) return;
      off();
      resolve(code);
    });
  });
}

async function withNodes(work: (near: MeshNetwork, far: MeshNetwork) => Promise<void>): Promise<void> {
  const options = { ...NETWORK, wsPort: 0, host: '127.0.0.1' };
  const near = new MeshNetwork(await Identity.generate(), options);
  const far = new MeshNetwork(await Identity.generate(), options);
  try {
    await Promise.all([near.start(), far.start()]);
    await far.connect(near.getPublicEndpoint());
    await work(near, far);
  } finally {
    await Promise.all([near.stop(), far.stop()]);
  }
}

async function runPage(work: (page: Page) => Promise<void>): Promise<string[]> {
  const { code } = await bundleForBrowser(PAGE);
  return withPage(code, work);
}

test(
  'a Chromium page joins a mesh of Node nodes, gossips and sends both ways, and every origin is the signer',
  async () => {
    if (!hasChromium()) return;
    const errors = await runPage((page) =>
      withNodes(async (near, far) => {
        const self = await call(page, 'start', NETWORK);
        expect(await call(page, 'endpointCode')).toBe('MESH_NOT_LISTENING');
        expect(await call(page, 'connect', `${near.getPublicEndpoint()}#${near.nodeId}`)).toBe(near.nodeId);

        const atBoth = Promise.all([next(near, 'greeting'), next(far, 'greeting')]);
        expect(await call(page, 'broadcast', 'from the page')).toMatchObject({ peersSent: 1, skipped: [] });
        const payload = { type: 'greeting', text: 'from the page' };
        expect(await atBoth).toEqual([
          { payload, via: self, from: self },
          { payload, via: near.nodeId, from: self },
        ]);

        const direct = next(near, 'message');
        await call(page, 'send', near.nodeId, DIRECT_BYTES);
        expect(await direct).toEqual({
          payload: new Uint8Array(DIRECT_BYTES).fill(7),
          via: self,
          from: self,
        });

        await far.broadcast('from two links away');
        await near.sendTo(self, { text: 'for the page alone' });
        await page.waitForFunction('meshPage.heard().length === 2');
        const heard: Heard[] = [
          { type: 'gossip', payload: 'from two links away', via: near.nodeId, from: far.nodeId },
          { type: 'message', payload: { text: 'for the page alone' }, via: near.nodeId, from: near.nodeId },
        ];
        expect(
          [...(await call(page, 'heard'))].sort((one, other) => (one.type < other.type ? -1 : 1)),
        ).toEqual(heard);
        expect(await call(page, 'failures')).toEqual([]);

        const gone = seen(near, 'peer:disconnected', self);
        expect(await call(page, 'stop')).toBe(0);
        expect(await gone).toBe('LINK_CLOSED');
        expect(await page.evaluate(LEFT_BEHIND)).toEqual({ sockets: 0, timers: 0 });
      }),
    );
    expect(errors).toEqual([]);
  },
  TEST_MS_MAX,
);

test(
  'a Chromium page dials a lost peer again',
  async () => {
    if (!hasChromium()) return;
    const errors = await runPage((page) =>
      withNodes(async (near) => {
        const self = await call(page, 'start', NETWORK);
        await call(page, 'connect', near.getPublicEndpoint());
        const back = seen(near, 'peer:connected', self);
        near.on('greeting', (_message, link) => link.close('to be dialled again'));
        await call(page, 'broadcast', 'close this link');
        await back;
        expect(near.isConnectedTo(self)).toBe(true);
        await call(page, 'stop');
        expect(await page.evaluate(LEFT_BEHIND)).toEqual({ sockets: 0, timers: 0 });
      }),
    );
    expect(errors).toEqual([]);
  },
  TEST_MS_MAX,
);

test(
  'in a Chromium page a dial that fails says why and leaves nothing behind',
  async () => {
    if (!hasChromium()) return;
    const silent = createServer((socket) => void held.add(socket.unref())).unref();
    const held = new Set<Socket>();
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const silentUrl = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const errors = await runPage((page) =>
      withNodes(async (near, far) => {
        const endpoint = near.getPublicEndpoint();
        await call(page, 'start', { ...NETWORK, networkFingerprint: 'v2' });
        const code = (url: string, timeoutMs = 10_000) => call(page, 'connectCode', url, { timeoutMs });
        expect(await code('https://example.org')).toBe('MESH_BAD_ENDPOINT');
        expect(await code('ws://127.0.0.1:1')).toBe('MESH_CONNECT_FAILED');
        expect(await code(endpoint)).toBe('MESH_NETWORK_MISMATCH');
        expect(await code(silentUrl, 100)).toBe('MESH_TIMEOUT');
        await call(page, 'stop');
        await call(page, 'start', NETWORK);
        expect(await code(`${endpoint}#${far.nodeId}`)).toBe('LINK_PEER_MISMATCH');
        await call(page, 'stop');
        for (const socket of held) socket.destroy();
        await page.waitForFunction(`${LEFT_BEHIND}.sockets === 0`);
        expect(await page.evaluate(LEFT_BEHIND)).toEqual({ sockets: 0, timers: 0 });
      }),
    );
    silent.close();
    expect(errors).toEqual([]);
  },
  TEST_MS_MAX,
);
