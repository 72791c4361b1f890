import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import { decodeKnownPeers, KnownPeers } from '../src/membership/known-peers.js';
import { KnownPeersKeeper } from '../src/mesh/known-peers-keeper.js';
import { VirtualClock } from '../src/testing/index.js';
import { memoryStore, silentLogger } from '../src/transport/index.js';

const KEY = 'core/known-peers';
const id = (number: number) => encodeNodeId(new Uint8Array(32).fill(number));

test('whom a node meets first is stored within a second of its start, and whom it meets later within ten', async () => {
  const clock = new VirtualClock();
  const store = memoryStore();
  const known = new KnownPeers();
  const keeper = new KnownPeersKeeper({ known, store, clock, log: silentLogger });
  const stored = async (): Promise<number> => {
    const bytes = await store.get(KEY);
    return bytes === undefined ? 0 : decodeKnownPeers(bytes).length;
  };
  keeper.start();
  known.note({ nodeId: id(1), endpoint: 'ws://192.0.2.1:9001/', lastMs: 0 });
  await clock.advance(1_000);
  expect(await stored()).toBe(1);
  known.note({ nodeId: id(2), endpoint: 'ws://192.0.2.2:9001/', lastMs: 500 });
  await clock.advance(9_000);
  expect(await stored()).toBe(1);
  await clock.advance(1_000);
  expect(await stored()).toBe(2);
  await keeper.stop();
});
