import type { Payload } from '@yakmesh/core/transport';
import { bytesToHex, utf8ToBytes } from '@yakmesh/crypto';
import { expect, test } from '@jest/globals';
import { line } from './support/meshes.js';
import { spiedMesh } from './support/spied-mesh.js';

test('two far nodes talk over three relays, to whom it is noise of eight sizes', async () => {
  const { mesh, node } = await line(['alice', 'r1', 'r2', 'r3', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const secret = 'nobody on the way can read this';
  const seen: Uint8Array[] = [];
  const channel = alice.channelTo(bob);
  await mesh.run(channel.establish(spiedMesh(alice.network, (body) => seen.push(body))));
  const accepted = await bob.taken();
  const heard: Payload[] = [];
  accepted.on('message', (value) => heard.push(value));
  for (let count = 0; count < 50; count += 1) await mesh.run(channel.send({ secret, count }));
  await mesh.run(accepted.send(secret));
  expect(heard).toHaveLength(50);
  const hex = seen.map(bytesToHex).join();
  for (const bytes of [utf8ToBytes(secret), alice.identity.nodeIdBytes, bob.identity.nodeIdBytes])
    expect(hex).not.toContain(bytesToHex(bytes));
  const sizes = new Set(seen.map(({ length }) => length));
  expect([...sizes].every((size) => [512, 1_024, 2_048, 4_096, 8_192, 16_384].includes(size))).toBe(true);
  // Bytes behind the headers are spread evenly: chi-square of 255 degrees has 99.9 % of its mass below 330.
  const counts = new Array<number>(256).fill(0);
  const sealed = seen.filter(([first]) => first === 1).map((body) => body.subarray(28));
  for (const body of sealed) for (const byte of body) counts[byte] = (counts[byte] ?? 0) + 1;
  const expected = sealed.reduce((sum, { length }) => sum + length, 0) / 256;
  expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(330);
  await mesh.stop();
});

test('a megabyte crosses three relays on a stream, and their tables are empty afterwards', async () => {
  const { mesh, node } = await line(['alice', 'r1', 'r2', 'r3', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const channel = alice.channelTo(bob);
  await mesh.run(channel.establish(alice.network));
  const accepted = await bob.taken();
  let received = 0;
  accepted.on('stream', ({ readable }) => {
    void readable.pipeTo(
      new WritableStream({ write: (chunk: Uint8Array) => void (received += chunk.length) }),
    );
  });
  const writer = channel.openStream().writable.getWriter();
  await mesh.run(writer.write(new Uint8Array(1_048_576)));
  await mesh.run(writer.close());
  expect(received).toBe(1_048_576);
  await mesh.run(channel.close());
  await mesh.advance(10_000);
  expect([channel.isOpen, accepted.isOpen]).toEqual([false, false]);
  await mesh.stop();
});

test('a relay that dies costs the way and not the channel: another flow is opened and nothing is lost', async () => {
  const { mesh, node } = await line(['alice', 'r1', 'bob']);
  await mesh.start('r2');
  await mesh.connect('alice', 'r2');
  await mesh.connect('r2', 'bob');
  await mesh.advance(500);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const channel = alice.channelTo(bob);
  await mesh.run(channel.establish(alice.network));
  const accepted = await bob.taken();
  const heard: Payload[] = [];
  accepted.on('message', (value) => heard.push(value));
  const back: Payload[] = [];
  channel.on('message', (value) => back.push(value));
  await mesh.run(channel.send(0));
  const relay = alice.network.routesTo(bob.identity.nodeId)[0]?.via;
  const name = relay === mesh.node('r1').nodeId ? 'r1' : 'r2';
  await mesh.run(mesh.node(name).stop());
  const sending = Promise.all(Array.from({ length: 20 }, (_, count) => channel.send(count + 1)));
  await mesh.run(sending);
  await mesh.run(accepted.send('still here'));
  expect(heard).toEqual(Array.from({ length: 21 }, (_, count) => count));
  expect([back, channel.isOpen, channel.epoch]).toEqual([['still here'], true, 0]);
  await mesh.stop();
});
