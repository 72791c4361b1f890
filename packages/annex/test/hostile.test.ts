import type { Flow, SignatureWorkers } from '@yakmesh/core/transport';
import { concatBytes, HashPuzzleSolver, xWing } from '@yakmesh/crypto';
import { expect, test } from '@jest/globals';
import { encodeOpen, encodeRefuse, padHandshake } from '../src/handshake/messages.js';
import { AnnexChannel } from '../src/index.js';
import { failure, line, openPair } from './support/meshes.js';
import { spiedMesh } from './support/spied-mesh.js';

/** A neighbour that opens flows to bob and says what it likes. */
async function attack() {
  const world = await line(['mallory', 'bob']);
  const { mesh, node } = world;
  const [mallory, bob] = [node('mallory'), node('bob').listen()];
  const port = mallory.network.open('annex/1', {});
  const answers: Uint8Array[] = [];
  const flow = async (body: Uint8Array): Promise<Flow> => {
    const opened = await mesh.run(port.openFlow(bob.identity.nodeId, { body }));
    opened.handle({ message: (bytes) => answers.push(bytes.slice()) });
    return opened;
  };
  return { ...world, mallory, bob, port, flow, answers };
}

const prefixOf = (hash: Uint8Array | undefined): Uint8Array => (hash ?? new Uint8Array(32)).slice(0, 8);

test('acceptance 6: a flood of a thousand OPENs in a second costs at most a hundred encapsulations, then puzzles', async () => {
  const { mesh, mallory, flow, answers } = await attack();
  const { publicKey: encapsulationKey } = await xWing.generate();
  const open = (count: number): Uint8Array =>
    padHandshake(
      encodeOpen(xWing, {
        suite: xWing.suite,
        networkPrefix: prefixOf(mallory.network.network.hashes[0]),
        session: new Uint8Array(16).fill(count).fill(count >> 8, 0, 1),
        nonce: new Uint8Array(32).fill(7),
        encapsulationKey,
        puzzle: new Uint8Array(40),
      }),
    );
  const first = await flow(open(0));
  for (let count = 1; count < 1_000; count += 1) {
    first.send(open(count));
    if (count % 20 === 0) await mesh.advance(1);
  }
  await mesh.advance(1_000);
  const sizes = answers.map(({ length }) => length);
  expect(sizes.filter((size) => size === 8_192).length).toBeLessThanOrEqual(100);
  expect(sizes.filter((size) => size === 2_048).length).toBeGreaterThan(0);
  await mesh.stop();
});

test('under load a caller solves a puzzle and is served', async () => {
  const { mesh, bob, mallory, flow } = await attack();
  await mesh.start('alice');
  await mesh.connect('alice', 'bob');
  await mesh.advance(200);
  const { publicKey: encapsulationKey } = await xWing.generate();
  for (let count = 0; count < 32; count += 1)
    await flow(
      padHandshake(
        encodeOpen(xWing, {
          suite: xWing.suite,
          networkPrefix: prefixOf(mallory.network.network.hashes[0]),
          session: new Uint8Array(16).fill(count),
          nonce: new Uint8Array(32).fill(count),
          encapsulationKey,
          puzzle: new Uint8Array(40),
        }),
      ),
    );
  await mesh.advance(20);
  const identity = await mesh.identity('alice');
  let puzzles = 0;
  const solve: SignatureWorkers['solvePuzzle'] = (prefix, bits) => {
    puzzles += 1;
    const solver = new HashPuzzleSolver(prefix, bits);
    let solution: Uint8Array | undefined;
    while (solution === undefined) solution = solver.work(4_096);
    return Promise.resolve(solution);
  };
  const channel = new AnnexChannel(identity, bob.identity.nodeId);
  await mesh.run(channel.establish(spiedMesh(mesh.node('alice'), () => undefined, solve)));
  expect([channel.isOpen, puzzles]).toEqual([true, 1]);
  await mesh.stop();
});

test('what is no OPEN is refused without a word', async () => {
  const { mesh, bob, flow, answers } = await attack();
  const refuse = padHandshake(encodeRefuse({ suite: 1, session: new Uint8Array(16), code: 3 }));
  for (const body of [new Uint8Array(0), Uint8Array.of(0x41), new Uint8Array(512).fill(1), refuse])
    await flow(body);
  await mesh.advance(100);
  expect(answers).toEqual([]);
  expect(bob.listener?.counters).toEqual({ PEER_UNEXPECTED: 2, PEER_BAD_MESSAGE: 2 });
  await mesh.stop();
});

test('C2: a replayed handshake begins no second session, and replayed records change nothing', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const sent: Uint8Array[] = [];
  const spied = spiedMesh(alice.network, (body, isOurs) => isOurs && sent.push(body));
  const channel = alice.channelTo(bob);
  await mesh.run(channel.establish(spied));
  const accepted = await bob.taken();
  const heard: unknown[] = [];
  accepted.on('message', (value) => heard.push(value));
  await mesh.run(channel.send('once'));
  // Everything that alice sent, again, by a third node.
  await mesh.start('mallory');
  await mesh.connect('mallory', 'bob');
  await mesh.advance(200);
  const port = mesh.node('mallory').open('annex/1', {});
  for (const body of [...sent]) {
    const flow = await mesh.run(port.openFlow(bob.identity.nodeId, { body }));
    flow.handle({ message: () => undefined });
    for (const again of sent) flow.send(again);
  }
  await mesh.advance(5_000);
  await mesh.run(channel.send('twice'));
  expect([heard, bob.accepted.length, channel.isOpen, accepted.isOpen]).toEqual([
    ['once', 'twice'],
    1,
    true,
    true,
  ]);
  await mesh.stop();
});

test('C2: nobody but the other end can close a channel', async () => {
  const { mesh, channel, accepted, bob } = await openPair();
  await mesh.start('mallory');
  await mesh.connect('mallory', 'bob');
  await mesh.advance(200);
  const port = mesh.node('mallory').open('annex/1', {});
  const flow = await mesh.run(port.openFlow(bob.identity.nodeId, { body: new Uint8Array(512) }));
  flow.handle({ message: () => undefined });
  flow.close();
  const forged = concatBytes(Uint8Array.of(1, 0), new Uint8Array(510));
  await mesh.run(port.openFlow(bob.identity.nodeId, { body: forged }));
  await mesh.advance(1_000);
  await mesh.run(channel.send('still open'));
  expect([channel.isOpen, accepted.isOpen]).toEqual([true, true]);
  await mesh.stop();
});

test('a way over which more than a thousand wrong tags come in a minute is closed with code 16, and the channel goes on', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  let seen = new Uint8Array(0) as Uint8Array;
  const spied = spiedMesh(alice.network, (body, isOurs) => {
    if (isOurs && body[0] === 1) seen = body;
  });
  const channel = alice.channelTo(bob);
  await mesh.run(channel.establish(spied));
  await mesh.run(channel.send('a record to copy the header of'));
  await mesh.start('mallory');
  await mesh.connect('mallory', 'bob');
  await mesh.advance(200);
  const forged = seen.slice();
  // A sequence number that was not used yet; no tag fits it.
  forged[27] = 200;
  const closes: number[] = [];
  const port = mesh.node('mallory').open('annex/1', {});
  const flow = await mesh.run(port.openFlow(bob.identity.nodeId, { body: forged }));
  flow.handle({ message: () => undefined, close: (code) => closes.push(code) });
  const send = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += 1) {
      flow.send(forged);
      if (sent % 100 === 99) await mesh.advance(10);
    }
    await mesh.advance(100);
  };
  await send(999);
  const before = [closes.join(), bob.listener?.counters.PEER_RECORD_DECRYPT];
  await send(1);
  expect([before, closes]).toEqual([['', 1_000], [16]]);
  expect(bob.listener?.counters.PEER_RECORD_FORGED).toBe(1);
  await mesh.run(channel.send('still open'));
  expect(channel.isOpen).toBe(true);
  await mesh.stop();
});

test('a restarted caller replaces its old session, which hears why', async () => {
  const { mesh, alice, bob, accepted } = await openPair();
  const closes: unknown[] = [];
  accepted.on('close', (error) => closes.push(error?.code));
  mesh.kill('alice');
  await mesh.start('alice');
  await mesh.connect('alice', 'bob');
  await mesh.advance(200);
  const again = alice.channelTo(bob);
  await mesh.run(again.establish(alice.network));
  const second = await bob.taken(1);
  expect([closes, second.id === again.id, second.id === accepted.id]).toEqual([
    ['ANNEX_REPLACED'],
    true,
    false,
  ]);
  await mesh.stop();
});

test('what a listener throws harms nobody', async () => {
  const { mesh, channel, accepted } = await openPair();
  accepted.on('message', () => {
    throw new Error('on purpose');
  });
  await mesh.run(channel.send(1));
  await mesh.run(channel.send(2));
  expect(await failure(mesh, accepted.send('back'))).toBe('no failure');
  await mesh.stop();
});
