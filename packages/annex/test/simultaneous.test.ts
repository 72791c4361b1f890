import type { MeshTransport, Payload } from '@yakmesh/core/transport';
import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { AnnexListener, type SecureChannel } from '../src/index.js';
import { line } from './support/meshes.js';
import { spiedMesh } from './support/spied-mesh.js';

const RUNS = 100;
const MESSAGES = 5;
const LOSS = 0.1;

/** Two nodes open at once, with listeners or without, and talk at once; the network delays what it likes, and flows lose one message in ten. */
async function run(seed: number) {
  const random = new SeededRandom(`simultaneous ${seed}`);
  const latencyMs = (draw: { unit(): number }): number => 1 + draw.unit() * 40;
  const { mesh, node } = await line(['alice', 'bob'], { seed, latencyMs });
  const [alice, bob] = [node('alice'), node('bob')];
  const isLost = (): boolean => random.unit() < LOSS;
  const networks = [alice, bob].map(({ network }) => spiedMesh(network, () => undefined, undefined, isLost));
  const [atAlice, atBob] = networks as [MeshTransport, MeshTransport];
  const accepted: SecureChannel[] = [];
  const hasListeners = random.below(2) === 0;
  for (const [end, network] of hasListeners
    ? ([
        [alice, atAlice],
        [bob, atBob],
      ] as const)
    : [])
    new AnnexListener(end.identity, network).on('channel', (channel) => accepted.push(channel));
  const channels = [alice.channelTo(bob), bob.channelTo(alice)] as const;
  const heard: [Payload[], Payload[]] = [[], []];
  const hear = (channel: SecureChannel, index: 0 | 1): void =>
    void channel.on('message', (value) => heard[index].push(value));
  const talk = async (channel: SecureChannel, index: 0 | 1): Promise<void> => {
    hear(channel, index);
    await Promise.all(Array.from({ length: MESSAGES }, (_, count) => channel.send(count)));
  };
  const opened = async (index: 0 | 1, waitMs: number): Promise<void> => {
    await new Promise<void>((resolve) => mesh.clock.setTimer(waitMs, resolve));
    const channel = channels[index];
    await channel.establish(index === 0 ? atAlice : atBob);
    await talk(channel, index);
  };
  await mesh.run(Promise.all([opened(0, random.below(120)), opened(1, random.below(120))]));
  await mesh.advance(5_000);
  // Whoever was accepted by a listener shares the one session.
  const ids = new Set([...channels, ...accepted].filter(({ isOpen }) => isOpen).map(({ id }) => id));
  const open = channels.map(({ isOpen }) => isOpen);
  await mesh.stop();
  return { ids: ids.size, open, heard };
}

test('acceptance 7: both ends opening at once give exactly one session, and no message is lost or doubled', async () => {
  const all = Array.from({ length: MESSAGES }, (_, count) => count);
  for (let seed = 0; seed < RUNS; seed += 1) {
    const report = await run(seed);
    expect([seed, report]).toEqual([seed, { ids: 1, open: [true, true], heard: [all, all] }]);
  }
}, 240_000);
