import type { MessageInfo, Payload } from '../../transport/index.js';
import { bytesEncodingTo, QUIET_MS, type ComplianceWorld, type Examine } from './compliance-world.js';

interface Heard {
  readonly payload: Payload;
  readonly info: MessageInfo;
}

const PAYLOADS: readonly Payload[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53 - 1,
  'text with ü and 🐃',
  9_007_199_254_740_993n,
  -9_223_372_036_854_775_808n,
  Uint8Array.of(0, 255),
  [],
  [1, [2, [3]]],
  {},
  { type: 'custom', list: [1, 'two', null], bytes: Uint8Array.of(1), constructor: 'no', '': 'empty key' },
];

/** Broadcasts and direct messages. */
export function examineMessages(examine: Examine): void {
  examine('a broadcast reaches every other node once, never its sender', 3, async (world, expect) => {
    const heard = listen(world, 0, 1, 2);
    await world.line(0, 1, 2, 0);
    const result = await world.run(world.open(0, {}, 'exam/2').broadcast('unrelated'));
    expect(result.peersSent).toBe(2);
    await world.run(heard.ports[0].broadcast('hello'));
    await world.quiet();
    expect(heard.payloads()).toEqual([[], ['hello'], ['hello']]);
  });

  examine('the info of a relayed broadcast', 3, async (world, expect) => {
    const heard = listen(world, 0, 1, 2);
    await world.line(0, 1, 2);
    const beforeMs = heard.ports[0].clock.nowMs();
    const result = await world.run(
      heard.ports[0].broadcast({ n: 1 }, { priority: 2, lifeMs: 30_000, mode: 'flood' }),
    );
    await world.until('the message arrives', () => heard.of(2).length === 1);
    const info = heard.of(2)[0]?.info;
    const { receivedMs, timeMs, epoch, sequence, ...rest } = info ?? emptyInfo();
    expect(rest).toEqual({
      kind: 'broadcast',
      from: world.id(0),
      via: world.id(1),
      id: result.id,
      priority: 2,
      lifeMs: 30_000,
    });
    expect(/^[0-9a-f]{32}$/.test(result.id)).toBe(true);
    expect(timeMs >= beforeMs && timeMs <= heard.ports[2].clock.nowMs()).toBe(true);
    expect(receivedMs > 0 && receivedMs <= heard.ports[2].clock.monotonicMs()).toBe(true);
    expect(epoch > 0 && sequence >= 0).toBe(true);
  });

  examine('sequence numbers rise by one in each space', 2, async (world, expect) => {
    const heard = listen(world, 0, 1);
    await world.link(0, 1);
    for (const payload of ['a', 'b']) {
      await world.run(heard.ports[0].broadcast(payload));
      await world.run(heard.ports[0].send(world.id(1), payload));
    }
    await world.until('all four arrive', () => heard.of(1).length === 4);
    for (const kind of ['broadcast', 'direct']) {
      const [first, second] = heard.of(1).filter(({ info }) => info.kind === kind);
      expect((second?.info.sequence ?? 0) - (first?.info.sequence ?? 0)).toBe(1);
    }
  });

  examine('a direct message reaches the neighbour it names and nobody else', 3, async (world, expect) => {
    const heard = listen(world, 0, 1, 2);
    await world.line(1, 0, 2);
    const result = await world.run(heard.ports[0].send(world.id(2), 'for you'));
    await world.until('the message arrives', () => heard.of(2).length === 1);
    await world.quiet();
    expect(result).toEqual({ id: heard.of(2)[0]?.info.id, via: world.id(2), acknowledged: false });
    expect(heard.of(2)[0]?.info.kind).toBe('direct');
    expect(heard.payloads()).toEqual([[], [], ['for you']]);
  });

  examine('a direct message to a stranger is MESH_UNREACHABLE', 2, async (world, expect) => {
    const port = world.open(0);
    expect(await world.failure(port.send(world.id(1), 'anyone?'))).toBe('MESH_UNREACHABLE');
    expect(await world.failure(port.send('yak1nonsense' as never, 1))).toBe('TypeError');
  });

  examine('a direct message crosses relays, which do not hear it', 4, async (world, expect) => {
    const heard = listen(world, 0, 1, 2, 3);
    await world.line(0, 1, 2, 3);
    const result = await world.run(heard.ports[0].send(world.id(3), 'far', { priority: 1 }));
    await world.until('the message arrives', () => heard.of(3).length === 1);
    await world.quiet();
    expect(result).toEqual({ id: heard.of(3)[0]?.info.id, via: world.id(1), acknowledged: false });
    expect([heard.of(3)[0]?.info.from, heard.of(3)[0]?.info.via]).toEqual([world.id(0), world.id(2)]);
    expect(heard.payloads()).toEqual([[], [], [], ['far']]);
  });

  examine('an acknowledged send resolves when the far end has the message', 4, async (world, expect) => {
    const heard = listen(world, 0, 3);
    await world.line(0, 1, 2, 3);
    for (const payload of ['one', 'two']) {
      const result = await world.run(heard.ports[0].send(world.id(3), payload, { ack: true }));
      expect([result.acknowledged, heard.payloads()[1]?.at(-1)]).toEqual([true, payload]);
    }
    expect(
      world
        .node(0)
        .routesTo(world.id(3))
        .map(({ via, hops }) => [via, hops]),
    ).toEqual([[world.id(1), 3]]);
  });

  examine('via leads through the neighbour that it names', 4, async (world, expect) => {
    const heard = listen(world, 0, 3);
    await world.line(0, 1, 3, 2, 0);
    for (const via of [world.id(1), world.id(2)]) {
      const result = await world.run(heard.ports[0].send(world.id(3), via, { via, ack: true }));
      expect([result.via, heard.of(1).at(-1)?.info.via]).toEqual([via, via]);
    }
    expect(await world.failure(heard.ports[0].send(world.id(3), 'no', { via: world.id(3) }))).toBe(
      'MESH_UNREACHABLE',
    );
  });

  examine('a node behind no link is MESH_UNREACHABLE after a search', 4, async (world, expect) => {
    await world.line(0, 1, 2);
    expect(await world.failure(world.open(0).send(world.id(3), 'anyone?', { ack: true }))).toBe(
      'MESH_UNREACHABLE',
    );
  });

  examine('payloads arrive as they were sent', 2, async (world, expect) => {
    const heard = listen(world, 0, 1);
    await world.link(0, 1);
    for (const payload of PAYLOADS) await world.run(heard.ports[0].broadcast(payload));
    for (const payload of PAYLOADS) await world.run(heard.ports[0].send(world.id(1), payload));
    await world.until('all arrive', () => heard.of(1).length === 2 * PAYLOADS.length);
    expect(heard.of(1).map(({ payload }) => payload)).toEqual([...PAYLOADS, ...PAYLOADS]);
  });

  examine('a payload that no message can carry is a TypeError at the sender', 1, async (world, expect) => {
    const port = world.open(0);
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const refused: readonly unknown[] = [
      undefined,
      NaN,
      Infinity,
      2n ** 63n,
      () => 1,
      Symbol('no'),
      new Date(0),
      new Map(),
      new Float64Array(1),
      '\ud800',
      { list: [undefined] },
      new (class Own {})(),
      cyclic,
    ];
    for (const payload of refused)
      expect(await world.failure(port.broadcast(payload as Payload))).toBe('TypeError');
  });

  examine(
    'the largest broadcast passes, one byte more is MESH_TOO_LARGE with advice',
    2,
    async (world, expect) => {
      const heard = listen(world, 0, 1);
      await world.link(0, 1);
      await world.run(heard.ports[0].broadcast(bytesEncodingTo(65_536)));
      await world.until('it arrives', () => heard.of(1).length === 1);
      const larger = heard.ports[0].broadcast(bytesEncodingTo(65_537));
      const advice = await world.run(larger.then(() => '', String));
      expect(await world.failure(larger)).toBe('MESH_TOO_LARGE');
      expect(/sendTo|flow/.test(advice)).toBe(true);
    },
  );

  examine(
    'the largest direct message passes, one byte more is MESH_TOO_LARGE with advice',
    2,
    async (world, expect) => {
      const heard = listen(world, 0, 1);
      await world.link(0, 1);
      await world.run(heard.ports[0].send(world.id(1), bytesEncodingTo(524_288)));
      await world.until('it arrives', () => heard.of(1).length === 1);
      const larger = heard.ports[0].send(world.id(1), bytesEncodingTo(524_289));
      const advice = await world.run(larger.then(() => '', String));
      expect(await world.failure(larger)).toBe('MESH_TOO_LARGE');
      expect(/flow/.test(advice)).toBe(true);
    },
  );

  examine('options out of their range are the caller’s mistake', 2, async (world, expect) => {
    await world.link(0, 1);
    const port = world.open(0);
    const mistakes = [{ ttl: 0 }, { ttl: 33 }, { priority: 5 }, { lifeMs: 0 }, { lifeMs: 86_400_001 }];
    for (const options of mistakes)
      expect(await world.failure(port.broadcast('no', options as never))).toBe('TypeError');
  });

  examine('a ttl of 1 reaches the neighbours and no further', 3, async (world, expect) => {
    const heard = listen(world, 0, 1, 2);
    await world.line(0, 1, 2);
    await world.run(heard.ports[0].broadcast('near', { ttl: 1 }));
    await world.run(heard.ports[0].broadcast('far', { ttl: 2 }));
    await world.until('the far one arrives', () => heard.of(2).length > 0);
    expect(heard.payloads()).toEqual([[], ['near', 'far'], ['far']]);
  });

  examine('an aborted message is not sent and rejects with the reason', 2, async (world, expect) => {
    const heard = listen(world, 0, 1);
    await world.link(0, 1);
    const controller = new AbortController();
    controller.abort(new Error('changed my mind'));
    const { signal } = controller;
    expect(await world.failure(heard.ports[0].broadcast('never', { signal }))).toBe('Error: changed my mind');
    await world.pass(QUIET_MS);
    expect(heard.of(1).length).toBe(0);
  });

  examine('a handler that throws or rejects harms nobody else', 2, async (world) => {
    const heard: unknown[] = [];
    let calls = 0;
    world.open(1, {
      message: (payload) => {
        calls += 1;
        if (payload === 'reject') return Promise.reject(new Error('asynchronous')) as never;
        throw new Error('synchronous');
      },
    });
    world.open(1, { message: (payload) => heard.push(payload) }, 'exam/2');
    await world.link(0, 1);
    const [one, other] = [world.open(0), world.open(0, {}, 'exam/2')];
    for (const payload of ['throw', 'reject', 'throw']) {
      await world.run(one.broadcast(payload));
      await world.run(other.broadcast(payload));
    }
    await world.until('all arrive', () => heard.length === 3 && calls === 3);
  });

  examine('two protocols hear only their own messages', 2, async (world, expect) => {
    const heard: string[] = [];
    world.open(1, { message: (payload) => heard.push(`1 ${JSON.stringify(payload)}`) });
    world.open(1, { message: (payload) => heard.push(`2 ${JSON.stringify(payload)}`) }, 'exam/2');
    await world.link(0, 1);
    await world.run(world.open(0).broadcast('one'));
    await world.run(world.open(0, {}, 'exam/2').broadcast('two'));
    await world.run(world.open(0, {}, 'other/1').broadcast('nobody'));
    await world.until('both arrive', () => heard.length === 2);
    await world.quiet();
    expect(heard).toEqual(['1 "one"', '2 "two"']);
  });
}

/** Opens the protocol on these nodes and writes down what each hears. */
function listen(world: ComplianceWorld, ...indices: readonly [number, number, ...number[]]) {
  const heard = indices.map((): Heard[] => []);
  const ports = indices.map((index, at) =>
    world.open(index, { message: (payload, info) => heard[at]?.push({ payload, info }) }),
  );
  const [first, second, third = second] = ports;
  if (first === undefined || second === undefined || third === undefined)
    throw new RangeError('two nodes at least');
  return {
    ports: [first, second, third] as const,
    of: (at: number): readonly Heard[] => heard[at] ?? [],
    payloads: (): Payload[][] => heard.map((messages) => messages.map(({ payload }) => payload)),
  };
}

function emptyInfo(): MessageInfo {
  throw new RangeError('no message was heard');
}
