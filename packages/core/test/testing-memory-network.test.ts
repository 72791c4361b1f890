import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Socket, SocketHandlers } from '../src/sockets/socket.js';
import { openDoor, Recorder, World } from './testing-world.js';

const KERNEL_BYTES = 262_144;

test('a dial opens after a round trip, and both ends know the other one', async () => {
  const world = new World();
  await world.listen();
  const { socket, recorder } = world.dial();
  await world.clock.advance(100);
  expect(recorder.events).toEqual(['open @20']);
  expect([socket.remoteAddress, world.accepted[0]?.socket.remoteAddress]).toEqual(['b', 'a']);
  expect([world.network.socketsOf('a'), world.network.socketsOf('b')]).toEqual([1, 1]);
});

test('messages arrive whole, in order and a latency later, both ways', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  near.socket.send(Uint8Array.of(1));
  near.socket.send(Uint8Array.of(2, 3));
  far.socket.send(Uint8Array.of(4));
  await world.clock.advance(10);
  expect(far.recorder.events).toEqual(['message 1 @1010', 'message 2.3 @1010']);
  expect(near.recorder.events).toEqual(['message 4 @1010']);
});

test('order is kept under any latency', async () => {
  const property = fc.asyncProperty(
    fc.integer(),
    fc.array(fc.nat(30), { maxLength: 40 }),
    async (seed, gapsMs) => {
      const world = new World((random) => random.below(100), seed);
      const { near, far } = await world.connect();
      for (const [index, gapMs] of gapsMs.entries()) {
        near.socket.send(Uint8Array.of(index));
        await world.clock.advance(gapMs);
      }
      await world.clock.advance(200);
      expect(far.recorder.messages).toEqual(gapsMs.map((_, index) => `${index}`));
    },
  );
  await fc.assert(property, { numRuns: 30 });
});

test('the same seed gives the same trace, and another one gives another', async () => {
  const trace = async (seed: number): Promise<string[]> => {
    const world = new World((random) => 1 + random.below(50), seed);
    const lines: string[] = [];
    world.network.capture(({ from, to, connection, atMs, bytes }) =>
      lines.push(`${connection} ${from}>${to} @${atMs} ${bytes.join('.')}`),
    );
    const { near, far } = await world.connect();
    for (let index = 0; index < 20; index += 1) {
      near.socket.send(Uint8Array.of(index));
      far.socket.send(Uint8Array.of(100 + index));
      await world.clock.advance(7);
    }
    await world.clock.advance(100);
    return [...lines, ...near.recorder.events, ...far.recorder.events];
  };
  const first = await trace(1);
  expect(await trace(1)).toEqual(first);
  expect(await trace(2)).not.toEqual(first);
});

test.each(['ws://b:9002/', 'ws://b:9001/elsewhere', 'ws://nobody:9001/'])(
  'a dial of %s is refused',
  async (url) => {
    const world = new World();
    await world.listen();
    const { recorder } = world.dial('a', url);
    await world.clock.advance(100);
    expect(recorder.events).toEqual(['close 1006  @20']);
    expect(world.network.socketsOf('a')).toBe(0);
    expect(world.clock.pendingTimers).toBe(0);
  },
);

test('what is no WebSocket URL throws, and loopback leads to the host itself', async () => {
  const world = new World();
  await world.listen();
  expect(() => world.dial('a', 'http://b:9001')).toThrow(SyntaxError);
  expect(() => world.dial('a', 'b')).toThrow(SyntaxError);
  const { recorder } = world.dial('b', 'ws://127.0.0.1:9001');
  await world.clock.advance(0);
  expect(recorder.events).toEqual(['open @0']);
});

test('a taken port rejects with EADDRINUSE, port 0 finds a free one, and a closed listener accepts no more', async () => {
  const world = new World();
  const listener = await world.listen();
  await expect(world.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const ports = [await world.listen('b', 0), await world.listen('b', 0)].map(({ port }) => port);
  expect(new Set([...ports, 0, 9_001]).size).toBe(4);
  await listener.close();
  await listener.close();
  const { recorder } = world.dial();
  await world.clock.advance(100);
  expect(recorder.events).toEqual(['close 1006  @20']);
});

test('an orderly close delivers what was sent before it and ends at both ends with its code, once', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  near.socket.send(Uint8Array.of(1));
  near.socket.close(4_001, 'bye');
  near.socket.close(4_002, 'again');
  near.socket.send(Uint8Array.of(2));
  await world.clock.advance(60_000);
  near.socket.terminate();
  far.socket.terminate();
  await world.clock.advance(60_000);
  expect(far.recorder.events).toEqual(['message 1 @1010', 'close 4001 bye @1010']);
  expect(near.recorder.events).toEqual(['close 4001 bye @1020']);
  expect(world.clock.pendingTimers).toBe(0);
  expect(world.network.socketsOf('a') + world.network.socketsOf('b')).toBe(0);
});

test('a close that nobody answers ends after 30 s', async () => {
  const world = new World();
  const { near } = await world.connect();
  world.network.stall('a', 'b');
  near.socket.close(4_001, 'bye');
  await world.clock.advance(60_000);
  expect(near.recorder.events).toEqual(['close 1006  @31000']);
});

test('terminating tells the owner in the next turn, never within its call, and the other end a latency later', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  near.socket.terminate();
  expect(near.recorder.events).toEqual([]);
  await world.clock.advance(100);
  expect(near.recorder.events).toEqual(['close 1006  @1000']);
  expect(far.recorder.events).toEqual(['close 1006  @1010']);
});

test('a socket can be terminated from within accept', async () => {
  const world = new World();
  const recorder = new Recorder(world.clock);
  const accept = (socket: Socket): SocketHandlers => {
    socket.terminate();
    return recorder;
  };
  await world.network.host('b').listen({ host: undefined, port: 9_001, path: '/', door: openDoor(accept) });
  const near = world.dial();
  await world.clock.advance(100);
  expect(recorder.events).toEqual(['close 1006  @10']);
  expect(near.recorder.events).toEqual(['open @20', 'close 1006  @20']);
});

test('a dial given up before it is answered closes once, and sending on it before is a TypeError', async () => {
  const world = new World();
  await world.listen();
  const { socket, recorder } = world.dial();
  expect(() => socket.send(Uint8Array.of(1))).toThrow(TypeError);
  socket.close(1_000, '');
  await world.clock.advance(60_000);
  expect(recorder.events).toEqual(['close 1006  @0']);
  expect(world.accepted[0]?.recorder.events).toEqual(['close 1006  @10']);
  expect(world.clock.pendingTimers).toBe(0);
});

test('a sender may reuse its bytes once they have left, and a receiver may change what it got', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  const bytes = Uint8Array.of(1);
  near.socket.send(bytes);
  bytes[0] = 2;
  await world.clock.advance(100);
  expect(far.recorder.messages).toEqual(['1']);
});

test('a paused socket reads nothing, not even the close, until it resumes', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  far.socket.pause();
  near.socket.send(Uint8Array.of(1));
  near.socket.close(4_001, 'bye');
  await world.clock.advance(1_000);
  expect(far.recorder.events).toEqual([]);
  far.socket.resume();
  await world.clock.advance(1_000);
  expect(far.recorder.events).toEqual(['message 1 @2000', 'close 4001 bye @2000']);
});

test('a message larger than the window passes alone', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  near.socket.send(new Uint8Array(2 * KERNEL_BYTES));
  near.socket.send(Uint8Array.of(1));
  expect(near.socket.bufferedBytes).toBe(1);
  await world.clock.advance(100);
  expect(far.recorder.messages).toEqual([`${2 * KERNEL_BYTES}`, '1']);
});

test('latency can be set for each pair, and changed while it runs', async () => {
  const world = new World();
  const { near, far } = await world.connect();
  world.network.setLatency('b', 'a', 200);
  near.socket.send(Uint8Array.of(1));
  world.network.setLatency('a', 'b', () => 5);
  near.socket.send(Uint8Array.of(2));
  await world.clock.advance(1_000);
  near.socket.send(Uint8Array.of(3));
  await world.clock.advance(1_000);
  expect(far.recorder.events).toEqual(['message 1 @1200', 'message 2 @1200', 'message 3 @2005']);
});

test.each(['A', '127.0.0.1', 'localhost', '', 'a b'])('%j is no name of a host', (name) => {
  expect(() => new World().network.host(name)).toThrow(TypeError);
});

test('an IPv6 address is a name too', async () => {
  const world = new World();
  await world.listen('2001:db8::1');
  const { recorder } = world.dial('2001:db8::2', 'ws://[2001:db8::1]:9001/');
  await world.clock.advance(100);
  expect(recorder.events).toEqual(['open @20']);
  expect(world.accepted[0]?.socket.remoteAddress).toBe('2001:db8::2');
});
