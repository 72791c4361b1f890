import { FLOW_HEADROOM_BYTES, type Flow, type FlowHandlers, type FlowInfo } from '../../transport/index.js';
import { PROTOCOL, thrown, type ComplianceWorld, type Examine } from './compliance-world.js';

const FLOW_BYTES_MAX = 16_384;
/** To a neighbour. */
const FLOW_QUEUE_BYTES_MAX = 1_048_576;
/** To a neighbour, and where the seal begins. */
const SEALED_BYTES_MAX = 65_024;
const SEALED_FROM = 28;
/** Of one end: more than three queues take. */
const LARGE_MESSAGES = 60;
/** More messages than one flow's queue takes. */
const MESSAGES_MAX = 200;

/** Flows with a neighbour. */
export function examineFlows(examine: Examine): void {
  examine('a flow carries its opening bytes, and messages both ways in order', 2, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world, { body: Uint8Array.of(1, 2) });
    for (const value of [1, 2, 3]) near.flow.send(Uint8Array.of(value));
    await world.until('three arrive', () => far.heard.length === 3);
    far.flow().send(Uint8Array.of(9));
    await world.until('the answer arrives', () => near.heard.length === 1);
    expect([far.opened[0]?.body.join(), far.opened[0]?.via]).toEqual(['1,2', world.id(0)]);
    expect([far.heard, near.heard]).toEqual([['1', '2', '3'], ['9']]);
    expect([near.flow.via, far.flow().via]).toEqual([world.id(1), world.id(0)]);
  });

  examine(
    'what is given away for sending arrives whole, with room in front or without, and comes back once',
    2,
    async (world, expect) => {
      const far = accept(world, 1);
      await world.link(0, 1);
      const near = await open(world);
      const given = [0, FLOW_HEADROOM_BYTES, 100, FLOW_HEADROOM_BYTES].map((headroom, index) =>
        new Uint8Array(headroom + 3).fill(0xee).subarray(headroom).fill(index),
      );
      const back: Uint8Array[] = [];
      for (const bytes of given)
        near.flow.send(bytes, undefined, (released) => {
          back.push(released);
          released.fill(0xdd); // It is ours again, wherever what was sent is by now.
        });
      await world.until('all arrive', () => far.heard.length === given.length);
      expect(far.heard).toEqual(['0,0,0', '1,1,1', '2,2,2', '3,3,3']);
      expect(given.map((bytes) => back.filter((released) => released === bytes).length)).toEqual([
        1, 1, 1, 1,
      ]);
    },
  );

  examine(
    'a close code reaches the other end once, and nothing is taken afterwards',
    2,
    async (world, expect) => {
      const far = accept(world, 1);
      await world.link(0, 1);
      const near = await open(world);
      await world.until('it is open', () => far.opened.length === 1);
      near.flow.close(42);
      near.flow.close();
      await world.until('the close arrives', () => far.closes.length === 1);
      await world.quiet();
      expect([far.closes, near.closes]).toEqual([[42], []]);
      expect([near.flow.send(Uint8Array.of(1)), far.flow().send(Uint8Array.of(1))]).toEqual([false, false]);
    },
  );

  examine(
    'a node without a flow handler refuses, and so does one that gives no handlers',
    3,
    async (world, expect) => {
      world.open(1);
      world.open(2, { flow: () => undefined });
      await world.link(0, 1);
      await world.link(0, 2);
      const port = world.open(0);
      for (const index of [1, 2]) {
        const closes: number[] = [];
        const flow = await world.run(port.openFlow(world.id(index)));
        flow.handle({ message: () => undefined, close: (code) => closes.push(code) });
        await world.until('the refusal arrives', () => closes.length === 1);
        expect(closes[0] === 0).toBe(false);
      }
    },
  );

  examine('data and a close that come before handle() wait for it', 2, async (world, expect) => {
    world.open(1, {
      flow: (flow) => {
        flow.handle({ message: () => undefined });
        flow.send(Uint8Array.of(5));
        flow.close(6);
      },
    });
    await world.link(0, 1);
    const flow = await world.run(world.open(0).openFlow(world.id(1)));
    await world.quiet();
    const near = record(flow);
    await world.until('the close is told', () => near.closes.length === 1);
    expect([near.heard, near.closes]).toEqual([['5'], [6]]);
  });

  examine('a full flow refuses, marks congestion, and drains', 2, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    let taken = 0;
    while (taken < MESSAGES_MAX && near.flow.send(new Uint8Array(FLOW_BYTES_MAX))) taken += 1;
    expect(taken < MESSAGES_MAX && near.flow.queuedBytes <= FLOW_QUEUE_BYTES_MAX).toBe(true);
    await world.until('it drains', () => near.drains.length > 0);
    await world.until('all arrive', () => far.heard.length === taken);
    expect(far.marks.includes(true) && far.marks[0] === false).toBe(true);
    expect(near.flow.queuedBytes).toBe(0);
    expect(near.flow.send(Uint8Array.of(1))).toBe(true);
  });

  examine('large messages arrive as they were sent, both ways', 2, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    await world.until('it is open', () => far.opened.length === 1);
    // One array for all: what a flow has taken is its own.
    const body = new Uint8Array(FLOW_BYTES_MAX);
    const send = (flow: Flow, value: number): boolean => flow.send(body.fill(value, 0, FLOW_BYTES_MAX));
    const sent = [0, 0];
    for (const [end, flow] of [near.flow, far.flow()].entries())
      while ((sent[end] ?? 0) < LARGE_MESSAGES) {
        const isTaken = send(flow, (sent[end] ?? 0) + 100 * end);
        if (isTaken) sent[end] = (sent[end] ?? 0) + 1;
        else await world.until('it drains', () => 2 * flow.queuedBytes < FLOW_QUEUE_BYTES_MAX);
      }
    await world.until('all arrive', () => near.heard.length + far.heard.length === 2 * LARGE_MESSAGES);
    const expected = (end: number): string[] =>
      Array.from({ length: LARGE_MESSAGES }, (_, at) => String(at + 100 * end));
    const values = (heard: readonly string[]): string[] =>
      heard.map((text) => [...new Set(text.split(','))].join());
    expect([values(far.heard), values(near.heard)]).toEqual([expected(0), expected(1)]);
  });

  examine(
    'what is sealed already may be longer to a neighbour, arrives as it was sent, and says from where on it is sealed',
    2,
    async (world, expect) => {
      const far = accept(world, 1);
      await world.link(0, 1);
      const near = await open(world);
      await world.until('it is open', () => far.opened.length === 1);
      const most = [near.flow.sealedBytesMax, far.flow().sealedBytesMax];
      expect(most).toEqual([SEALED_BYTES_MAX, SEALED_BYTES_MAX]);
      const sent = [FLOW_BYTES_MAX, FLOW_BYTES_MAX + 1, SEALED_BYTES_MAX].flatMap((length) =>
        [0, FLOW_HEADROOM_BYTES].map((headroom) => new Uint8Array(headroom + length).subarray(headroom)),
      );
      const back: Uint8Array[] = [];
      for (const [index, bytes] of sent.entries())
        for (const flow of [near.flow, far.flow()])
          flow.send(
            bytes.fill(index + 1),
            SEALED_FROM,
            flow === near.flow ? undefined : (it) => back.push(it.fill(0xdd)),
          );
      await world.until(
        'all arrive',
        () => far.heard.length === sent.length && near.heard.length === sent.length,
      );
      const summary = (heard: readonly string[]): unknown[] =>
        heard.map((text) => [text.split(',').length, ...new Set(text.split(','))]);
      const expected = sent.map(({ length }, index) => [length, String(index + 1)]);
      expect([summary(far.heard), summary(near.heard)]).toEqual([expected, expected]);
      expect(sent.every((bytes) => back.includes(bytes))).toBe(true);
      const refused = [
        () => near.flow.send(new Uint8Array(SEALED_BYTES_MAX + 1), SEALED_FROM),
        () => near.flow.send(new Uint8Array(FLOW_BYTES_MAX + 1)),
        () => near.flow.send(new Uint8Array(FLOW_BYTES_MAX + 1), 65),
      ];
      expect(refused.map(thrown)).toEqual(['RangeError', 'RangeError', 'RangeError']);
    },
  );

  examine('over relays what is sealed is no longer than other messages', 3, async (world, expect) => {
    const far = accept(world, 2);
    await world.line(0, 1, 2);
    const near = record(await world.run(world.open(0).openFlow(world.id(2))));
    await world.until('it is open', () => far.opened.length === 1);
    for (const flow of [near.flow, far.flow()]) {
      expect(flow.sealedBytesMax).toBe(FLOW_BYTES_MAX);
      expect(thrown(() => flow.send(new Uint8Array(FLOW_BYTES_MAX + 1), SEALED_FROM))).toBe('RangeError');
      flow.send(new Uint8Array(FLOW_BYTES_MAX), SEALED_FROM);
    }
    await world.until('both arrive', () => far.heard.length + near.heard.length === 2);
  });

  examine('a flow tells when its queue has run empty, refused or not', 2, async (world, expect) => {
    accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    expect(near.flow.send(Uint8Array.of(1))).toBe(true);
    expect([near.flow.queuedBytes > 0, near.drains.length]).toEqual([true, 0]);
    await world.until('it drains', () => near.drains.length > 0);
    expect(near.flow.queuedBytes).toBe(0);
  });

  examine('a flow crosses relays both ways, and a close goes all the way', 4, async (world, expect) => {
    const far = accept(world, 3);
    await world.line(0, 1, 2, 3);
    const near = record(await world.run(world.open(0).openFlow(world.id(3), { body: Uint8Array.of(7) })));
    for (const value of [1, 2, 3]) near.flow.send(Uint8Array.of(value));
    await world.until('three arrive', () => far.heard.length === 3);
    far.flow().send(Uint8Array.of(9));
    await world.until('the answer arrives', () => near.heard.length === 1);
    expect([far.heard, near.heard]).toEqual([['1', '2', '3'], ['9']]);
    expect([far.opened[0]?.body.join(), near.flow.via, far.flow().via]).toEqual([
      '7',
      world.id(1),
      world.id(2),
    ]);
    far.flow().close(11);
    await world.until('the close arrives', () => near.closes.length === 1);
    expect([near.closes, far.closes]).toEqual([[11], []]);
  });

  examine('a link that is lost on the way ends a flow at both ends', 4, async (world, expect) => {
    const far = accept(world, 3);
    await world.line(0, 1, 2, 3);
    const near = record(await world.run(world.open(0).openFlow(world.id(3))));
    await world.until('it is open', () => far.opened.length === 1);
    await world.unlink(1, 2);
    await world.until('both know', () => near.closes.length === 1 && far.closes.length === 1);
    expect([near.closes, far.closes]).toEqual([[5], [5]]);
  });

  examine('losing the link ends its flows at both ends', 2, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    await world.until('it is open', () => far.opened.length === 1);
    await world.unlink(0, 1);
    await world.until('both ends hear of it', () => near.closes.length + far.closes.length === 2);
    expect([near.closes[0] === 0, far.closes[0] === 0]).toEqual([false, false]);
    expect(near.flow.send(Uint8Array.of(1))).toBe(false);
  });

  examine('closing the port closes its flows in order', 2, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    await world.until('it is open', () => far.opened.length === 1);
    near.port.close();
    await world.until('the far end hears of it', () => far.closes.length === 1);
    expect([far.closes, near.closes]).toEqual([[0], []]);
  });

  examine('mistakes with flows', 3, async (world, expect) => {
    const far = accept(world, 1);
    await world.link(0, 1);
    const near = await open(world);
    expect(thrown(() => near.flow.send(new Uint8Array(FLOW_BYTES_MAX + 1)))).toBe('RangeError');
    expect(thrown(() => near.flow.handle({ message: () => undefined }))).toBe('TypeError');
    expect(await world.failure(near.port.openFlow(world.id(2)))).toBe('MESH_UNREACHABLE');
    const body = new Uint8Array(FLOW_BYTES_MAX + 1);
    expect(await world.failure(near.port.openFlow(world.id(1), { body }))).toBe('RangeError');
    await world.until('the good one is open', () => far.opened.length === 1);
  });

  examine('flow handlers that throw harm nobody else', 2, async (world, expect) => {
    const fail = (): never => {
      throw new Error('on purpose');
    };
    world.open(1, { flow: (flow) => flow.handle({ message: fail, close: fail, drain: fail }) });
    const heard: unknown[] = [];
    world.open(1, { message: (payload) => heard.push(payload) }, 'other/1');
    await world.link(0, 1);
    const near = await open(world);
    near.flow.send(Uint8Array.of(1));
    await world.quiet();
    near.flow.close();
    await world.run(world.open(0, {}, 'other/1').broadcast('still here'));
    await world.until('the message arrives', () => heard.length === 1);
    expect(world.node(1).isConnectedTo(world.id(0))).toBe(true);
  });

  examine('a neighbour opens at most 256 flows', 2, async (world, expect) => {
    accept(world, 1);
    await world.link(0, 1);
    const port = world.open(0);
    for (let count = 0; count < 256; count += 1) record(await port.openFlow(world.id(1)));
    expect(await world.failure(port.openFlow(world.id(1)))).toBe('FLOW_LIMIT');
  });
}

function recorder() {
  const heard: string[] = [];
  const marks: boolean[] = [];
  const closes: number[] = [];
  const drains: true[] = [];
  const handlers: FlowHandlers = {
    message: (body, { isCongested }) => {
      heard.push(body.join());
      marks.push(isCongested);
    },
    close: (code) => closes.push(code),
    drain: () => drains.push(true),
  };
  return { heard, marks, closes, drains, handlers };
}

function record(flow: Flow) {
  const { handlers, ...told } = recorder();
  flow.handle(handlers);
  return { flow, ...told };
}

/** A node that takes every flow. */
function accept(world: ComplianceWorld, index: number) {
  const { handlers, ...told } = recorder();
  const opened: FlowInfo[] = [];
  let latest: Flow | undefined;
  world.open(index, {
    flow: (flow, info) => {
      flow.handle(handlers);
      latest = flow;
      opened.push({ ...info, body: info.body.slice() });
    },
  });
  const flow = (): Flow => {
    if (latest === undefined) throw new RangeError('no flow was opened');
    return latest;
  };
  return { ...told, opened, flow };
}

/** Node 0 opens a flow to node 1. */
async function open(world: ComplianceWorld, options: { readonly body?: Uint8Array } = {}) {
  const port = world.node(0).open(PROTOCOL, {});
  return { port, ...record(await world.run(port.openFlow(world.id(1), options))) };
}
