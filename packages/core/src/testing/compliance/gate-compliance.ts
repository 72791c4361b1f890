import type { GateVerdict, Payload, ProtocolPort } from '../../transport/index.js';
import type { ComplianceWorld, Examine } from './compliance-world.js';

/** Longer than a gate may take. */
const GATE_PATIENCE_MS = 6_000;

/** What a gate lets pass, at a node between two others. */
export function examineGates(examine: Examine): void {
  examine('a gate forwards, ignores or rejects before relay and delivery', 3, async (world, expect) => {
    const { ports, delivered, relayed } = await gated(world, async (payload) => payload as GateVerdict);
    for (const verdict of ['ignore', 'reject', 'forward']) await world.run(ports[0].broadcast(verdict));
    await world.until('what was forwarded arrives', () => relayed.length > 0);
    await world.quiet();
    expect({ delivered, relayed }).toEqual({ delivered: ['forward'], relayed: ['forward'] });
  });

  examine('a gate is asked for direct messages too', 3, async (world, expect) => {
    const { ports, delivered } = await gated(world, (payload) => payload as GateVerdict);
    for (const verdict of ['ignore', 'forward']) await world.run(ports[0].send(world.id(1), verdict));
    await world.until('what was forwarded arrives', () => delivered.length > 0);
    expect(delivered).toEqual(['forward']);
  });

  examine('a gate that fails ignores its message', 3, async (world, expect) => {
    const { ports, delivered, relayed } = await gated(world, (payload) => {
      if (payload === 'throw') throw new Error('synchronous');
      if (payload === 'reject') return Promise.reject(new Error('asynchronous'));
      return 'forward';
    });
    for (const payload of ['throw', 'reject', 'good']) await world.run(ports[0].broadcast(payload));
    await world.until('the good one arrives', () => relayed.length > 0);
    expect({ delivered, relayed }).toEqual({ delivered: ['good'], relayed: ['good'] });
  });

  examine(
    'a gate that takes too long ignores its message and holds up no other',
    3,
    async (world, expect) => {
      let answer: (verdict: GateVerdict) => void = () => undefined;
      const { ports, delivered, relayed } = await gated(world, (payload) =>
        payload === 'slow' ? new Promise<GateVerdict>((resolve) => void (answer = resolve)) : 'forward',
      );
      for (const payload of ['slow', 'quick']) await world.run(ports[0].broadcast(payload));
      await world.until('the quick one arrives', () => relayed.length > 0);
      await world.pass(GATE_PATIENCE_MS);
      answer('forward');
      await world.quiet();
      expect({ delivered, relayed }).toEqual({ delivered: ['quick'], relayed: ['quick'] });
    },
  );

  examine('a node relays the messages of protocols that it has not opened', 3, async (world, expect) => {
    const relayed: Payload[] = [];
    world.open(2, { message: (payload) => relayed.push(payload) });
    await world.line(0, 1, 2);
    await world.run(world.open(0).broadcast('through'));
    await world.until('it arrives', () => relayed.length > 0);
    expect(relayed).toEqual(['through']);
  });
}

/** Nodes 0, 1 and 2 in line; node 1 has the gate. */
async function gated(
  world: ComplianceWorld,
  gate: (payload: Payload) => GateVerdict | Promise<GateVerdict>,
): Promise<{ ports: readonly [ProtocolPort]; delivered: Payload[]; relayed: Payload[] }> {
  const delivered: Payload[] = [];
  const relayed: Payload[] = [];
  world.open(1, { gate, message: (payload) => delivered.push(payload) });
  world.open(2, { message: (payload) => relayed.push(payload) });
  await world.line(0, 1, 2);
  return { ports: [world.open(0)], delivered, relayed };
}
