import { FLOW_HEADROOM_BYTES, type Flow } from '../../transport/index.js';
import { thrown, type Examine } from './compliance-world.js';
import { accept, open, record } from './flow-ends.js';

const FLOW_BYTES_MAX = 16_384;
/** To a neighbour. */
const FLOW_QUEUE_BYTES_MAX = 1_048_576;
/** To a neighbour, and where the seal begins. */
const SEALED_BYTES_MAX = 65_024;
const SEALED_FROM = 28;
/** Of one end: more than three queues take. */
const LARGE_MESSAGES = 240;
/** More messages than one flow's queue takes. */
const MESSAGES_MAX = 200;

/** Flows that carry much: full queues, long messages, and bytes that are given away. */
export function examineBulkFlows(examine: Examine): void {
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
    const valueOf = (end: number, at: number): number => (at % 100) + 100 * end;
    const sent = [0, 0];
    for (const [end, flow] of [near.flow, far.flow()].entries())
      while ((sent[end] ?? 0) < LARGE_MESSAGES) {
        const isTaken = send(flow, valueOf(end, sent[end] ?? 0));
        if (isTaken) sent[end] = (sent[end] ?? 0) + 1;
        else await world.until('it drains', () => 2 * flow.queuedBytes < FLOW_QUEUE_BYTES_MAX);
      }
    await world.until('all arrive', () => near.heard.length + far.heard.length === 2 * LARGE_MESSAGES);
    const expected = (end: number): string[] =>
      Array.from({ length: LARGE_MESSAGES }, (_, at) => String(valueOf(end, at)));
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
}
