import { expect, test } from '@jest/globals';
import { ReceiveStream } from '../src/session/receive-stream.js';
import { patternOf } from '../src/testing/session-world.js';
import { line } from './support/meshes.js';
import { modelWorld } from './support/model-world.js';
import { spiedMesh } from './support/spied-mesh.js';

const WHOLE_BYTES = 16_384;
const BULK_BYTES = 65_024;

test('while something is under way, a stream waits for a whole record instead of filling the edge of the window', async () => {
  const world = modelWorld('whole records', { streamWindowBytes: 1_048_576, roomBytes: 60_000 });
  const sizes: number[] = [];
  world.onRecord = (role, { length }) => role === 'initiator' && sizes.push(length);
  await world.run(100);
  sizes.length = 0;
  const { initiator, responder } = world;
  const length = 1_000_000;
  initiator.machine.write(0, patternOf('initiator', 0, 0, length));
  world.pump(initiator);
  await world.run(10_000);
  expect([responder.received.get(0), world.problems]).toEqual([length, []]);
  const small = sizes.filter((bytes) => bytes < WHOLE_BYTES);
  // What is left at the end, and what says that windows were read.
  expect([sizes.length - small.length, small.length <= 4]).toEqual([Math.floor(length / 16_325), true]);
});

test('to a neighbour a stream fills records of 65,024 bytes, and what is left goes in others', async () => {
  const world = modelWorld('bulk', { streamWindowBytes: 1_048_576, recordBytesMax: () => BULK_BYTES });
  const sizes: number[] = [];
  const { initiator, responder } = world;
  await world.run(100);
  world.onRecord = (role, { length }) => role === 'initiator' && sizes.push(length);
  initiator.machine.write(0, patternOf('initiator', 0, 0, 150_000));
  world.pump(initiator);
  await world.run(10_000);
  expect([responder.received.get(0), world.problems]).toEqual([150_000, []]);
  // 2 × 64,965 bytes of the stream; what is left takes less than two full records, and no padding up to a third.
  expect(sizes.slice(0, 4)).toEqual([BULK_BYTES, BULK_BYTES, WHOLE_BYTES, 4_096]);
});

test('over relays no record is longer than 16,384 bytes, however much waits', async () => {
  const world = modelWorld('relays', { streamWindowBytes: 1_048_576 });
  let most = 0;
  world.onRecord = (_role, { length }) => (most = Math.max(most, length));
  await world.run(100);
  world.initiator.machine.write(0, patternOf('initiator', 0, 0, 150_000));
  world.pump(world.initiator);
  await world.run(10_000);
  expect([world.responder.received.get(0), most]).toEqual([150_000, WHOLE_BYTES]);
});

test('with nothing under way a stream takes a small record rather than wait for ever', async () => {
  const world = modelWorld('small room', { roomBytes: 2_048 });
  const { initiator, responder } = world;
  await world.run(100);
  initiator.machine.write(0, patternOf('initiator', 0, 0, 20_000));
  world.pump(initiator);
  await world.run(60_000);
  expect([responder.received.get(0), world.problems]).toEqual([20_000, []]);
});

test('messages that are sent in one turn share a record', async () => {
  const { mesh, node } = await line(['alice', 'bob']);
  const [alice, bob] = [node('alice'), node('bob').listen()];
  const records: number[] = [];
  const channel = alice.channelTo(bob);
  const spied = spiedMesh(
    alice.network,
    (body, isOurs) => isOurs && body[0] === 1 && records.push(body.length),
  );
  await mesh.run(channel.establish(spied));
  await mesh.run(channel.send('first'));
  records.length = 0;
  await mesh.run(Promise.all(Array.from({ length: 40 }, (_, count) => channel.send(count))));
  expect(records).toHaveLength(1);
  await mesh.stop();
});

test('a piece that fills its record is handed on as it is, and any other is copied', () => {
  const stream = new ReceiveStream(1_048_576, 0);
  const record = new Uint8Array(16_340).fill(1);
  const large = stream.receive(0, record.subarray(15, 15 + 16_000), false);
  const small = stream.receive(16_000, record.subarray(0, 100), false);
  const buffers = [large, small].map((result) => result.type === 'taken' && result.chunks[0]?.buffer);
  expect(buffers.map((buffer) => buffer === record.buffer)).toEqual([true, false]);
});
