import { afterAll, expect, test } from '@jest/globals';
import { Identity } from '@yakmesh/crypto';
import { join } from 'node:path';
import { createNode } from '../../src/create-node.js';
import { openStore } from '../../src/store/embedded-store.js';
import { temporaryFolder } from '../temporary-folder.js';

const LOOPBACK = { wsPort: 0, host: '127.0.0.1' } as const;
const folder = temporaryFolder();

afterAll(() => folder.remove());

test('with the embedded store, bans and the replay floor outlive the node', async () => {
  const path = join(folder.path, 'store');
  const stranger = await createNode({ mesh: LOOPBACK });
  await stranger.start();
  const identity = await Identity.generate();
  const outcomes: string[] = [];
  const floors: (Uint8Array | undefined)[] = [];
  for (const _life of ['first', 'second']) {
    const store = await openStore(path);
    floors.push(await store.get('core/replay'));
    const node = await createNode({ identity, mesh: { ...LOOPBACK, store } });
    await node.start();
    const dial = stranger.mesh.connect(node.mesh.getPublicEndpoint());
    outcomes.push(
      await dial.then(
        () => 'connected',
        ({ code }: { code: string }) => code,
      ),
    );
    node.mesh.open('exam/1', {}).report(stranger.identity.nodeId, 'EXAM_FORGED', 100);
    await node.stop();
    await store.close();
  }
  await stranger.stop();
  expect(outcomes).toEqual(['connected', 'LINK_DENIED']);
  expect(floors.map((floor) => floor?.length)).toEqual([undefined, 16]);
}, 30_000);
