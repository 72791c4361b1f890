import { thrown, type Examine } from './compliance-world.js';
import { accept, open, record } from './flow-ends.js';

const FLOW_BYTES_MAX = 16_384;

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
