import { expect, jest, test } from '@jest/globals';
import type { Flow, ProtocolPort } from '../src/transport/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';
import { failure } from './support-network/failure.js';
import { lineOf, linkPair } from './support-network/lines.js';

// Up to nine nodes shake hands in one test, with real keys.
jest.setTimeout(60_000);

const PROTOCOL = 'exam/1';
const BODY_BYTES = 16_384;

interface End {
  readonly bytes: () => number;
  readonly heard: string[];
  readonly closes: number[];
  readonly marks: boolean[];
  readonly flows: Flow[];
}

/** A node that takes every flow, and writes down what it hears. */
function accept(mesh: MemoryMesh, name: string, onMessage?: (flow: Flow, body: Uint8Array) => void): End {
  const [heard, closes, marks, flows]: [string[], number[], boolean[], Flow[]] = [[], [], [], []];
  let bytes = 0;
  mesh.node(name).open(PROTOCOL, {
    flow: (flow) => {
      flows.push(flow);
      flow.handle({
        message: (body, { isCongested }) => {
          bytes += body.length;
          marks.push(isCongested);
          if (body.length < 100) heard.push(new TextDecoder().decode(body));
          onMessage?.(flow, body);
        },
        close: (code) => closes.push(code),
      });
    },
  });
  return { bytes: () => bytes, heard, closes, marks, flows };
}

async function open(mesh: MemoryMesh, port: ProtocolPort, to: string) {
  const flow = await mesh.run(port.openFlow(mesh.node(to).nodeId));
  const closes: number[] = [];
  const heard: string[] = [];
  let drained: (() => void) | undefined;
  flow.handle({
    message: (body) => heard.push(new TextDecoder().decode(body)),
    close: (code) => closes.push(code),
    drain: () => drained?.(),
  });
  return { flow, closes, heard, onDrain: (call: () => void) => void (drained = call) };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Flows that pass through the nodes now. */
function relayed(mesh: MemoryMesh, names: readonly string[]): number {
  const count = (name: string, counter: string): number => mesh.node(name).counters[counter] ?? 0;
  return names.reduce(
    (sum, name) => sum + count(name, 'flows:relayed') - count(name, 'flows:relay-ended'),
    0,
  );
}

test('a flow crosses seven links both ways, and closing it empties every relay', async () => {
  const mesh = await lineOf(7);
  const far = accept(mesh, 'n7', (flow, body) => void flow.send(body));
  const { flow, heard, closes } = await open(mesh, mesh.node('n0').open(PROTOCOL, {}), 'n7');
  for (const word of ['one', 'two', 'three']) flow.send(text(word));
  await mesh.advance(1_000);
  expect([far.heard, heard]).toEqual([
    ['one', 'two', 'three'],
    ['one', 'two', 'three'],
  ]);
  expect(relayed(mesh, ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'])).toBe(6);
  flow.close(42);
  await mesh.advance(1_000);
  expect([far.closes, closes]).toEqual([[42], []]);
  expect(relayed(mesh, ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'])).toBe(0);
  await mesh.stop();
});

test('a megabyte crosses seven links as fast as its receiver grants, and none of it is lost', async () => {
  const mesh = await lineOf(7, { latencyMs: 5 });
  let granted = 8;
  const far = accept(mesh, 'n7', (flow) => void flow.send(text('got')));
  const port = mesh.node('n0').open(PROTOCOL, {});
  const flow = await mesh.run(port.openFlow(mesh.node('n7').nodeId));
  let sent = 0;
  const pump = (): void => {
    while (granted > 0 && sent < 64 && flow.send(new Uint8Array(BODY_BYTES))) {
      granted -= 1;
      sent += 1;
    }
  };
  flow.handle({
    message: () => {
      granted += 1;
      pump();
    },
    drain: pump,
  });
  pump();
  await mesh.until('the megabyte', () => far.bytes() === 64 * BODY_BYTES, 60_000);
  expect(mesh.nodes.map(({ counters }) => counters['flows:dropped'] ?? 0)).toEqual(Array(8).fill(0));
  await mesh.stop();
});

test('behind a link that stands still a relay marks, then drops and counts, and reads on for others', async () => {
  const mesh = await lineOf(3);
  await mesh.start('side', { maxPeers: 32 });
  await linkPair(mesh, 'n1', 'side');
  const far = accept(mesh, 'n3');
  const side = accept(mesh, 'side');
  const port = mesh.node('n0').open(PROTOCOL, {});
  const bulk = await open(mesh, port, 'n3');
  const other = await open(mesh, port, 'side');
  await mesh.advance(500);
  const resume = mesh.network.stall('n1', 'n2');
  const pump = (): void => {
    for (let count = 0; count < 100 && bulk.flow.send(new Uint8Array(BODY_BYTES)); count += 1);
  };
  bulk.onDrain(pump);
  pump();
  await mesh.advance(400);
  other.flow.send(text('still moving'));
  await mesh.advance(400);
  expect(side.heard).toEqual(['still moving']);
  expect(mesh.node('n1').counters['flows:dropped']).toBeGreaterThan(0);
  bulk.onDrain(() => undefined);
  resume();
  await mesh.advance(2_000);
  expect(far.marks).toContain(true);
  expect(far.marks[0]).toBe(false);
  await mesh.stop();
});

test.each([
  ['the neighbour', 'n1', ['n0', 'n1']],
  ['a node beyond it', 'n2', []],
])(
  'what the ends of a flow to %s (%s) have sealed is left as it is on the way out of %j, and nowhere else',
  async (_whose, to, senders) => {
    const mesh = await lineOf(2);
    const sealed = new Uint8Array(BODY_BYTES).fill(0xc1);
    const seen: string[] = [];
    mesh.network.capture(({ from, bytes }) => {
      if (bytes.includes(0xc1) && bytes.subarray(-1_000).every((byte) => byte === 0xc1)) seen.push(from);
    });
    const far = accept(mesh, to, (flow, body) => void flow.send(body, 28));
    const { flow, heard } = await open(mesh, mesh.node('n0').open(PROTOCOL, {}), to);
    flow.send(sealed, 28);
    await mesh.advance(1_000);
    expect([far.bytes(), heard.map(({ length }) => length)]).toEqual([BODY_BYTES, [BODY_BYTES]]);
    expect(seen).toEqual(senders);
  },
);

test('when a link on the way is lost both ends hear so', async () => {
  const mesh = await lineOf(4);
  const far = accept(mesh, 'n4');
  const near = await open(mesh, mesh.node('n0').open(PROTOCOL, {}), 'n4');
  await mesh.advance(500);
  mesh.kill('n2');
  await mesh.advance(10_000);
  expect([near.closes, far.closes]).toEqual([[5], [5]]);
  expect(relayed(mesh, ['n0', 'n1', 'n3', 'n4'])).toBe(0);
  await mesh.stop();
});

test('data that runs ahead waits at a relay which looks for a way', async () => {
  const mesh = await lineOf(4);
  const far = accept(mesh, 'n4');
  const port = mesh.node('n0').open(PROTOCOL, {});
  await open(mesh, port, 'n4');
  // n2 loses its way to n4 and finds another one, of which n1 knows nothing.
  await mesh.start('detour', { maxPeers: 32 });
  await linkPair(mesh, 'n2', 'detour');
  await linkPair(mesh, 'detour', 'n4');
  mesh.kill('n3');
  await mesh.advance(5_000);
  const again = await open(mesh, port, 'n4');
  again.flow.send(text('ahead'));
  await mesh.advance(3_000);
  expect(far.heard).toEqual(['ahead']);
  await mesh.stop();
});

test('a flow to nobody is MESH_UNREACHABLE, and an aborted search ends with the reason', async () => {
  const mesh = await lineOf(3);
  const stranger = (await mesh.identity('nobody')).nodeId;
  const port = mesh.node('n0').open(PROTOCOL, {});
  expect(await mesh.run(failure(port.openFlow(stranger)))).toBe('MESH_UNREACHABLE');
  const controller = new AbortController();
  const search = failure(port.openFlow(stranger, { signal: controller.signal }));
  controller.abort(new Error('changed my mind'));
  expect(await mesh.run(search)).toContain('changed my mind');
  await mesh.stop();
});

test('a relay that is full refuses further flows with the code for it', async () => {
  const mesh = await lineOf(2);
  accept(mesh, 'n2');
  const port = mesh.node('n0').open(PROTOCOL, {});
  await open(mesh, port, 'n2');
  const flows = [];
  for (let count = 0; count < 255; count += 1) flows.push(await open(mesh, port, 'n2'));
  expect(await mesh.run(failure(port.openFlow(mesh.node('n2').nodeId)))).toBe('FLOW_LIMIT');
  await mesh.stop();
});

test('a flow that nobody uses for five minutes is closed at both ends and at its relays', async () => {
  const mesh = await lineOf(3);
  const far = accept(mesh, 'n3');
  const near = await open(mesh, mesh.node('n0').open(PROTOCOL, {}), 'n3');
  await mesh.advance(500_000);
  expect([near.closes, far.closes]).toEqual([[4], [4]]);
  expect(relayed(mesh, ['n0', 'n1', 'n2', 'n3'])).toBe(0);
  await mesh.stop();
}, 60_000);

test('via leads a flow through the neighbour it names', async () => {
  const mesh = await memoryMesh({ nodes: ['a', 'x', 'y', 'b'], latencyMs: 20 });
  for (const middle of ['x', 'y']) {
    await mesh.connect('a', middle);
    await mesh.connect(middle, 'b');
  }
  await mesh.advance(1_000);
  const far = accept(mesh, 'b');
  const port = mesh.node('a').open(PROTOCOL, {});
  for (const middle of ['x', 'y']) {
    const via = mesh.node(middle).nodeId;
    const flow = await mesh.run(port.openFlow(mesh.node('b').nodeId, { via }));
    await mesh.advance(200);
    expect([flow.via, far.flows.at(-1)?.via]).toEqual([via, via]);
  }
  await mesh.stop();
});
