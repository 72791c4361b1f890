import { expect, test } from '@jest/globals';
import {
  MemoryNetwork,
  SeededRandom,
  VirtualClock,
  type MemoryNetworkOptions,
} from '../src/testing/index.js';
import { openDoor, Recorder, URL_OF_B } from './testing-world.js';

async function pair(options: Partial<MemoryNetworkOptions>) {
  const clock = new VirtualClock();
  clock.settle = () => Promise.resolve();
  const network = new MemoryNetwork({ clock, random: new SeededRandom(1), latencyMs: 10, ...options });
  const far = new Recorder(clock);
  await network.host('b').listen({ host: undefined, port: 9_001, path: '/', door: openDoor(() => far) });
  const near = new Recorder(clock);
  const socket = network.host('a').dial(URL_OF_B, near);
  await clock.advance(1_000);
  return { clock, network, near, far, socket };
}

test('a dial takes the round trips that TCP and the upgrade to a WebSocket take', async () => {
  expect((await pair({})).near.events).toEqual(['open @20']);
  expect((await pair({ dialRoundTrips: 2 })).near.events).toEqual(['open @40']);
});

test('a lost packet comes when the next one has told of it, and all behind it waits', async () => {
  const { clock, far, socket, network } = await pair({ loss: 0 });
  network.setLoss(0.02);
  const sent = Array.from({ length: 400 }, (_, index) => `${index % 250}.${index >> 8}`);
  for (const [index] of sent.entries()) {
    socket.send(Uint8Array.of(index % 250, index >> 8));
    await clock.advance(1);
  }
  await clock.advance(10_000);
  expect(far.messages).toEqual(sent);
  const arrivals = far.events.map((event) => Number(event.split('@')[1]));
  const delaysMs = arrivals.map((atMs, index) => atMs - 1_000 - index);
  expect(Math.min(...delaysMs)).toBe(10);
  // The next one leaves after 1 ms, and a round trip and a quarter later the lost one is on its way again; those behind catch up one by one.
  expect(delaysMs).toContain(10 + 1 + 25);
  const waiting = delaysMs.filter((delayMs) => delayMs > 10 && delayMs < 36);
  expect(waiting.length).toBeGreaterThan(100);
});

/** How long after its sending each of many messages arrives that leave a second apart. */
async function delaysMs({ loss, count, bytes }: { loss: number; count: number; bytes: number }) {
  const { clock, far, socket, network } = await pair({ loss: 0 });
  network.setLoss(loss);
  for (let sent = 0; sent < count; sent += 1) {
    socket.send(new Uint8Array(bytes));
    await clock.advance(1_000);
  }
  return far.events.map((event, index) => Number(event.split('@')[1]) - 1_000 * (1 + index));
}

test('of a lost packet that nothing follows only the timeout tells', async () => {
  const delays = await delaysMs({ loss: 0.02, count: 200, bytes: 100 });
  expect([...new Set(delays)]).toEqual([10, 10 + 200 + 20]);
});

test('a lost segment comes as soon as those behind it tell of the loss, and the last one after a timeout', async () => {
  const delays = await delaysMs({ loss: 0.01, count: 1_000, bytes: 6_000 });
  const late = new Set(delays.filter((delayMs) => delayMs < 400).sort((a, b) => a - b));
  // Latency 10 ms, round trip 20 ms: three behind, fewer, none.
  expect([...late]).toEqual([10, 10 + 20, 10 + 25, 10 + 200 + 2 * 20]);
  const share = delays.filter((delayMs) => delayMs > 10).length / 1_000;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.07);
});

test('a cut of one direction lets the other one through', async () => {
  const { clock, network, near, far, socket } = await pair({});
  const heal = network.partitionOneWay(['b'], ['a']);
  socket.send(Uint8Array.of(1));
  await clock.advance(100);
  expect(far.messages).toEqual(['1']);
  heal();
  expect(near.messages).toEqual([]);
});

test('after a cut TCP tries again when its doubled wait is over', async () => {
  const { clock, network, far, socket } = await pair({ retransmission: 'backing off' });
  const heal = network.partition(['a'], ['b']);
  socket.send(Uint8Array.of(7));
  await clock.advance(1_000);
  heal();
  await clock.advance(5_000);
  // Sent at 1,000 and due at 1,010; tried again 220, 660 and 1,540 ms later.
  expect(far.events).toEqual(['message 7 @2560']);
});

test('the connections of a host share its line', async () => {
  const { clock, far, socket } = await pair({ bytesPerSecond: 10_000 });
  for (let count = 0; count < 3; count += 1) socket.send(new Uint8Array(1_000));
  await clock.advance(1_000);
  expect(far.events).toEqual(['message 1000 @1110', 'message 1000 @1210', 'message 1000 @1310']);
});

test('a paused host reads nothing until it goes on', async () => {
  const { clock, network, far, socket } = await pair({});
  network.setPaused('b', true);
  socket.send(Uint8Array.of(1));
  await clock.advance(500);
  expect(far.messages).toEqual([]);
  network.setPaused('b', false);
  await clock.advance(1);
  expect(far.messages).toEqual(['1']);
});
