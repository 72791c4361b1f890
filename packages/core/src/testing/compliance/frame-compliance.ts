import type { FrameInfo, ProtocolPort } from '../../transport/index.js';
import { thrown, type ComplianceWorld, type Examine } from './compliance-world.js';

const FRAME_BYTES_MAX = 16_384;
/** More than any queue takes: 4 MiB and what is on its way. */
const FRAMES_MAX = 2_000;
/** Times that a message may try to overtake a queue. */
const OVERTAKING_ATTEMPTS = 10;

interface HeardFrame {
  readonly bytes: number;
  readonly first: number | undefined;
  readonly info: FrameInfo;
}

/** Frames between neighbours, their queue and its priorities. */
export function examineFrames(examine: Examine): void {
  examine(
    'a frame reaches a neighbour that has opened the protocol, and onSent tells when',
    2,
    async (world, expect) => {
      const { port, heard } = await listen(world);
      let sentMs = 0;
      const isTaken = port.frame(world.id(1), Uint8Array.of(7), { onSent: (atMs) => void (sentMs = atMs) });
      await world.until('it arrives', () => heard.length === 1);
      expect(isTaken).toBe(true);
      expect([heard[0]?.first, heard[0]?.info.via]).toEqual([7, world.id(0)]);
      expect(sentMs > 0 && sentMs <= port.clock.monotonicMs()).toBe(true);
      expect((heard[0]?.info.receivedMs ?? 0) > 0).toBe(true);
    },
  );

  examine(
    'a frame is not taken for a neighbour without the protocol, nor for a stranger',
    3,
    async (world, expect) => {
      await world.link(0, 1);
      const port = world.open(0);
      expect(port.frame(world.id(1), Uint8Array.of(1))).toBe(false);
      expect(port.frame(world.id(2), Uint8Array.of(1))).toBe(false);
    },
  );

  examine('frames from 0 to 16,384 bytes pass, a larger one is a RangeError', 2, async (world, expect) => {
    const { port, heard } = await listen(world);
    for (const bytes of [0, 1, FRAME_BYTES_MAX]) port.frame(world.id(1), new Uint8Array(bytes));
    await world.until('all arrive', () => heard.length === 3);
    expect(heard.map(({ bytes }) => bytes)).toEqual([0, 1, FRAME_BYTES_MAX]);
    expect(thrown(() => port.frame(world.id(1), new Uint8Array(FRAME_BYTES_MAX + 1)))).toBe('RangeError');
  });

  examine(
    'a full queue refuses, says drain when it has room, and loses nothing it took',
    2,
    async (world, expect) => {
      const { port, heard } = await listen(world);
      let drains = 0;
      world.node(0).onPeer(({ type }) => void (drains += type === 'drain' ? 1 : 0));
      const taken = fill(world, port);
      expect(taken > 0 && taken < FRAMES_MAX).toBe(true);
      expect((world.node(0).getPeers()[0]?.queuedBytes ?? 0) > 0).toBe(true);
      await world.until('the queue drains', () => drains > 0);
      await world.until('all arrive', () => heard.length === taken);
      expect(port.frame(world.id(1), Uint8Array.of(1))).toBe(true);
    },
  );

  examine(
    'a higher priority overtakes what is queued, and the lower ones still get through',
    2,
    async (world, expect) => {
      const { port, heard } = await listen(world);
      for (let count = 0; count < 100; count += 1) port.frame(world.id(1), new Uint8Array(FRAME_BYTES_MAX));
      for (const priority of [1, 4] as const)
        port.frame(world.id(1), new Uint8Array(10).fill(priority), { priority });
      await world.until('all arrive', () => heard.length === 102);
      const order = heard.map(({ first }) => first);
      expect(order.indexOf(4) < order.indexOf(1)).toBe(true);
      expect(order.indexOf(1) < 20).toBe(true);
    },
  );

  examine('messages of a higher priority overtake frames that are queued', 2, async (world, expect) => {
    const { port, heard } = await listen(world);
    let isAhead = false;
    // Where a verification takes longer than the whole queue, the message is ahead on the wire and late all the same.
    for (let attempt = 0; attempt < OVERTAKING_ATTEMPTS && !isAhead; attempt += 1) {
      heard.length = 0;
      let taken = 0;
      const refill = (): void => void (taken += fill(world, port));
      // The queue stays full for as long as the signature takes.
      const stopRefilling = world.node(0).onPeer(({ type }) => {
        if (type === 'drain') refill();
      });
      const sent = port.send(world.id(1), 'urgent', { priority: 4 }).then(stopRefilling);
      refill();
      await world.run(sent);
      const takenBefore = taken;
      await world.until('all arrive', () => heard.length === takenBefore + 1);
      isAhead = heard.findIndex(({ bytes }) => bytes === -1) < takenBefore;
    }
    expect(isAhead).toBe(true);
  });

  examine('a callback that throws harms nobody else', 2, async (world, expect) => {
    const { port, heard } = await listen(world);
    const fail = (): never => {
      throw new Error('on purpose');
    };
    port.frame(world.id(1), Uint8Array.of(1), { onSent: fail });
    port.frame(world.id(1), Uint8Array.of(2));
    await world.until('both arrive', () => heard.length === 2);
    expect(world.node(0).isConnectedTo(world.id(1))).toBe(true);
  });
}

/** Node 1 writes down what node 0 sends; a message is shown as a frame of −1 bytes. */
async function listen(world: ComplianceWorld): Promise<{ port: ProtocolPort; heard: HeardFrame[] }> {
  const heard: HeardFrame[] = [];
  world.open(1, {
    frame: (body, info) => heard.push({ bytes: body.length, first: body[0], info }),
    message: (_payload, info) => heard.push({ bytes: -1, first: undefined, info }),
  });
  await world.link(0, 1);
  return { port: world.open(0), heard };
}

/** Queues frames until one is refused. */
function fill(world: ComplianceWorld, port: ProtocolPort): number {
  let taken = 0;
  while (taken < FRAMES_MAX && port.frame(world.id(1), new Uint8Array(FRAME_BYTES_MAX))) taken += 1;
  return taken;
}
