import { expect, test } from '@jest/globals';
import type { AnnexChannel, AnnexChannelOptions, AnnexListenerOptions } from '../src/index.js';
import { failure, line, openPair, type Node } from './support/meshes.js';

const RESUME_MS = 30_000;

/** Two neighbours that have talked, and how they open the next channel. */
async function acquainted(options: { channel?: AnnexChannelOptions; listener?: AnnexListenerOptions } = {}) {
  const world = await openPair(options);
  const { mesh, alice, bob } = world;
  await mesh.run(world.channel.close());
  await mesh.advance(100);
  const open = async (from: Node = alice, to: Node = bob): Promise<AnnexChannel> => {
    const channel = from.channelTo(to, options.channel);
    await mesh.run(channel.establish(from.network));
    return channel;
  };
  return { ...world, open };
}

test('the second channel to a peer opens without signatures, and carries data both ways', async () => {
  const { mesh, bob, channel, open } = await acquainted();
  const again = await open();
  const accepted = await bob.taken(1);
  expect([channel.isResumed, again.isResumed, accepted.isResumed]).toEqual([false, true, true]);
  const heard: unknown[] = [];
  accepted.on('message', (value) => heard.push(value));
  again.on('message', (value) => heard.push(value));
  await mesh.run(Promise.all([again.send('there'), accepted.send('back')]));
  expect(heard.sort()).toEqual(['back', 'there']);
  expect(again.id).not.toBe(channel.id);
  await mesh.stop();
});

test('whoever answered before may open the next channel from the same ticket', async () => {
  const { mesh, alice, bob, open } = await acquainted();
  alice.listen();
  const back = await open(bob, alice);
  expect([back.isResumed, (await alice.taken()).peerId]).toEqual([true, bob.identity.nodeId]);
  await mesh.stop();
});

test('each resumed channel leaves a ticket, and signatures grow too old all the same', async () => {
  const options = { resumeMs: RESUME_MS };
  const { mesh, open } = await acquainted({ channel: options, listener: options });
  for (const _ of [1, 2]) {
    const channel = await open();
    expect(channel.isResumed).toBe(true);
    await mesh.run(channel.close());
    await mesh.advance(1_000);
  }
  // Both have signed at the very beginning alone.
  await mesh.advance(RESUME_MS - 2_000);
  const late = await open();
  expect(late.isResumed).toBe(false);
  await mesh.stop();
});

test('the access rule is asked for a resumed channel too', async () => {
  let isWanted = true;
  const { mesh, alice, bob } = await acquainted({ listener: { access: () => isWanted } });
  isWanted = false;
  expect(await failure(mesh, alice.channelTo(bob).establish(alice.network))).toBe('ANNEX_DENIED');
  await mesh.stop();
});

test('an end that keeps no tickets is opened to with signatures', async () => {
  for (const options of [{ channel: { resumeMs: 0 } }, { listener: { resumeMs: 0 } }]) {
    const { mesh, open } = await acquainted(options);
    expect((await open()).isResumed).toBe(false);
    await mesh.stop();
  }
});

test('an anonymous call leaves no ticket, and does not use one', async () => {
  const { mesh, alice, bob, open } = await acquainted({ listener: { allowAnonymous: true } });
  const hidden = alice.channelTo(bob, { anonymous: true });
  await mesh.run(hidden.establish(alice.network));
  expect([hidden.isResumed, (await bob.taken(1)).peerId]).toEqual([false, null]);
  await mesh.run(hidden.close());
  expect((await open()).isResumed).toBe(true);
  await mesh.stop();
});

test('across a relay a resumed channel opens too', async () => {
  const { mesh, node } = await line(['alice', 'relay', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  for (const isResumed of [false, true]) {
    const channel = alice.channelTo(bob);
    await mesh.run(channel.establish(alice.network));
    expect(channel.isResumed).toBe(isResumed);
    await mesh.run(channel.close());
    await mesh.advance(100);
  }
  await mesh.stop();
});
