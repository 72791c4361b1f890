import { expect, test } from '@jest/globals';
import { openDoor, World } from './testing-world.js';

const KERNEL_BYTES = 262_144;

test('a partition holds what is sent and delivers it after it heals', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const heal = world.network.partition(['a'], ['b']);
  near.socket.send(Uint8Array.of(1));
  await world.clock.advance(5_000);
  near.socket.send(Uint8Array.of(2));
  expect(far.recorder.events).toEqual([]);
  heal();
  await world.clock.advance(30_000);
  expect(far.recorder.events).toEqual(['message 1 @6010', 'message 2 @6010']);
  expect(near.recorder.events).toEqual([]);
});

test('a cut of 30 s resets the connections across it and no others', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const other = world.dial('c');
  await world.clock.advance(100);
  world.network.partition(['a']);
  await world.clock.advance(40_000);
  expect(near.recorder.events).toEqual(['close 1006  @31100']);
  expect(far.recorder.events).toEqual(['close 1006  @31100']);
  expect(other.recorder.events).toEqual(['open @1020']);
});

test('a dial into a partition hangs; it opens if that heals, and fails after 30 s if not', async () => {
  const world = new World();
  await world.listen();
  const heal = world.network.partition(['a']);
  const early = world.dial();
  await world.clock.advance(20_000);
  const late = world.dial();
  await world.clock.advance(15_000);
  heal();
  await world.clock.advance(60_000);
  expect(early.recorder.events).toEqual(['close 1006  @30000']);
  expect(late.recorder.events).toEqual(['open @35020']);
  expect(world.network.socketsOf('a')).toBe(1);
});

test('of two overlapping partitions, healing one is not enough', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const heals = [world.network.partition(['a']), world.network.partition(['b'], ['a', 'c'])];
  near.socket.send(Uint8Array.of(1));
  heals[0]?.();
  await world.clock.advance(1_000);
  expect(far.recorder.events).toEqual([]);
  heals[1]?.();
  await world.clock.advance(1_000);
  expect(far.recorder.messages).toEqual(['1']);
});

test('towards a frozen process, what kernels do not take grows as bufferedBytes, and drains after it resumes', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const resume = world.network.stall('a', 'b');
  for (let count = 0; count < 40; count += 1) near.socket.send(new Uint8Array(16_384));
  await world.clock.advance(60_000);
  expect(near.socket.bufferedBytes).toBe(40 * 16_384 - KERNEL_BYTES);
  expect(far.recorder.messages).toEqual([]);
  far.socket.send(Uint8Array.of(1));
  resume();
  resume();
  await world.clock.advance(1_000);
  expect(near.socket.bufferedBytes).toBe(0);
  expect(far.recorder.messages).toHaveLength(40);
  expect(near.recorder.events.some((event) => event.startsWith('drain'))).toBe(true);
  expect(near.recorder.messages).toEqual(['1']);
});

test('a reset closes both ends at once and loses what was on its way', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  near.socket.send(Uint8Array.of(1));
  world.network.reset('b', 'a');
  await world.clock.advance(60_000);
  expect(near.recorder.events).toEqual(['close 1006  @1000']);
  expect(far.recorder.events).toEqual(['close 1006  @1000']);
  expect(world.clock.pendingTimers).toBe(0);
});

test('a killed host hears nothing more, its peers do, and it can be started anew', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const dead = world.network.host('b');
  near.socket.send(Uint8Array.of(1));
  world.network.kill('b');
  await world.clock.advance(100);
  expect(far.recorder.events).toEqual([]);
  expect(near.recorder.events).toEqual(['close 1006  @1010']);
  await expect(
    dead.listen({ host: undefined, port: 1, path: '/', door: openDoor(() => far.recorder) }),
  ).rejects.toMatchObject({
    code: 'EHOSTDOWN',
  });
  dead.dial('ws://a:1', far.recorder);
  await world.listen();
  const again = world.dial();
  await world.clock.advance(100);
  expect(again.recorder.events).toEqual(['open @1120']);
  expect(far.recorder.events).toEqual([]);
});

test('a hook on the wire can change, drop, repeat and invent messages, and captures see what was really sent', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const captured: number[] = [];
  const stopCapture = world.network.capture(({ bytes }) => captured.push(bytes[0] ?? -1));
  const stopTamper = world.network.tamper(({ bytes, isFromDialler }) => {
    if (!isFromDialler || bytes[0] === 1) return [];
    return [bytes, Uint8Array.of((bytes[0] ?? 0) * 10)];
  });
  for (const value of [1, 2, 3]) near.socket.send(Uint8Array.of(value));
  far.socket.send(Uint8Array.of(9));
  stopTamper();
  near.socket.send(Uint8Array.of(4));
  stopCapture();
  near.socket.send(Uint8Array.of(5));
  await world.clock.advance(100);
  expect(far.recorder.messages).toEqual(['2', '20', '3', '30', '4', '5']);
  expect(near.recorder.events).toEqual([]);
  expect(captured).toEqual([1, 2, 3, 9, 4]);
});
