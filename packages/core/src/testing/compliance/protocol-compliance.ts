import { codeOf, type ProtocolPort } from '../../transport/index.js';
import { PROTOCOL, thrown, type ComplianceWorld, type Examine } from './compliance-world.js';

/** Opening and closing protocols, and what a port gives besides the network. */
export function examineProtocols(examine: Examine): void {
  examine(
    'a protocol is open once, its versions side by side, and again after close',
    1,
    async (world, expect) => {
      const port = world.open(0);
      expect(thrown(() => world.open(0))).toBe('PROTOCOL_TAKEN');
      world.open(0, {}, 'exam/2');
      port.close();
      port.close();
      expect(world.open(0).protocol).toBe(PROTOCOL);
    },
  );

  examine('a protocol id is name/version of at most 32 ASCII bytes', 1, async (world, expect) => {
    const ids = ['exam', '/1', 'exam/', 'Exam/1', 'ex am/1', 'é/1', 'exam/x', `${'x'.repeat(31)}/1`];
    for (const id of ids) expect(thrown(() => world.node(0).open(id as 'exam/1', {}))).toBe('TypeError');
    world.node(0).open(`${'x'.repeat(30)}/1`, {});
  });

  examine('a closed port answers PROTOCOL_CLOSED to everything', 2, async (world, expect) => {
    await world.link(0, 1);
    const port = world.open(0);
    port.close();
    for (const call of calls(world)) expect(await world.failure(call(port))).toBe('PROTOCOL_CLOSED');
    expect(thrown(() => port.frame(world.id(1), Uint8Array.of(1)))).toBe('PROTOCOL_CLOSED');
  });

  examine('closing a port rejects what waits on it', 2, async (world, expect) => {
    await world.link(0, 1);
    for (const call of calls(world)) {
      const port = world.open(0);
      const failure = call(port).then(() => undefined, codeOf);
      port.close();
      expect(await world.run(failure)).toBe('PROTOCOL_CLOSED');
    }
  });

  examine('the store of a protocol is its own', 1, async (world, expect) => {
    const [one, other] = [world.open(0), world.open(0, {}, 'other/1')];
    await world.run(one.store.put('key', Uint8Array.of(1)));
    await world.run(other.store.put('key', Uint8Array.of(2)));
    expect(await world.run(one.store.get('key'))).toEqual(Uint8Array.of(1));
    const keys: string[] = [];
    for await (const [key] of other.store.range()) keys.push(key);
    expect(keys).toEqual(['key']);
  });

  examine('a port gives a clock, randomness and a log', 1, async (world, expect) => {
    const { clock, random, log } = world.open(0);
    const beforeMs = clock.monotonicMs();
    await world.pass(20);
    expect(clock.monotonicMs() > beforeMs).toBe(true);
    expect(random.bytes(8).length).toBe(8);
    log.debug({}, 'A port can log.');
  });

  examine('neighbours learn at once what is opened and closed', 2, async (world, expect) => {
    await world.link(0, 1);
    const told: number[] = [];
    world.node(1).onPeer(({ type, peer }) => {
      if (type === 'protocols') told.push(peer.protocols.length);
    });
    const sees = (): boolean => world.node(1).getPeers()[0]?.protocols.includes(PROTOCOL) === true;
    const port = world.open(0);
    await world.until('the opened protocol is seen', sees);
    port.close();
    await world.until('the closed protocol is gone', () => !sees());
    expect(told.length).toBe(2);
  });

  examine('a port signs for its own protocol: each signature is another', 1, async (world, expect) => {
    const [one, other] = [world.open(0), world.open(0, {}, 'other/1')];
    const bytes = Uint8Array.of(1, 2, 3);
    const proofs = await world.run(Promise.all([one.sign('record', bytes), other.sign('record', bytes)]));
    expect(proofs.map(({ batch }) => batch.signature.length)).toEqual([3_309, 3_309]);
    const [first, second] = proofs.map(({ batch, index }) => batch.messages[index]?.join());
    expect(first === second).toBe(false);
  });

  examine('a report is counted and never throws', 2, async (world) => {
    await world.link(0, 1);
    world.open(0).report(world.id(1), 'EXAM_BAD', 5);
  });
}

/** Every method of a port that answers with a promise. */
function calls(world: ComplianceWorld): readonly ((port: ProtocolPort) => Promise<unknown>)[] {
  return [
    (port) => port.broadcast('late'),
    (port) => port.send(world.id(1), 'late'),
    (port) => port.sign('record', Uint8Array.of(1)),
    (port) => port.openFlow(world.id(1)),
  ];
}
