import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { temporaryFolder } from '../temporary-folder.js';
import { Crowd, type Said } from './crowd.js';
import { eventually } from './eventually.js';
import type { Member } from './member.js';

/** Nodes, each `yakmesh up` in a process of its own with at most four neighbours. */
const NODES = 30;
const KILLED = 8;
const PAUSED = 4;
const PAIRS = 20;
const MS_MAX = 240_000;
const SEED = 1;

// A test that failed has changed the crowd: only the whole story could be told again.
jest.retryTimes(0);

const folder = temporaryFolder();
const crowd = new Crowd(NODES, folder.path, SEED);

beforeAll(() => crowd.start(), MS_MAX);

afterAll(async () => {
  await crowd.close();
  folder.remove();
}, MS_MAX);

/** Two nodes at random that can reach each other unless something is broken. */
function pair(among: readonly Member[] = crowd.alive): readonly [Member, Member] {
  const [from, to] = crowd.some(2, among);
  if (from === undefined || to === undefined) throw new RangeError('fewer than two nodes live');
  return [from, to];
}

/** Sends and writes here and there, one after the other, while something happens. */
async function amidTalk(happening: () => Promise<void>): Promise<void> {
  let isOver = false;
  const talk = async (): Promise<void> => {
    while (!isOver) {
      await crowd.send(...pair());
      await crowd.write(pair()[0]);
    }
  };
  const talking = talk();
  try {
    await happening();
  } finally {
    isOver = true;
    await talking;
  }
}

/** Three of some members broadcast, write, and let two send to each other; answers what was broadcast. */
async function speak(among: readonly Member[]): Promise<Said[]> {
  const said: Said[] = [];
  for (const member of crowd.some(3, among)) {
    said.push(await crowd.broadcast(member));
    await crowd.write(member);
    await crowd.send(...pair(among));
  }
  return said;
}

test(
  'a broadcast of any node is heard by all others',
  async () => {
    const broadcasts = await Promise.all(crowd.some(10).map((member) => crowd.broadcast(member)));
    await crowd.hearAll(crowd.alive, broadcasts);
  },
  MS_MAX,
);

test(
  'a message to a node that is no neighbour is acknowledged by it, over whatever nodes lie between',
  async () => {
    let relayed = 0;
    for (let count = 0; count < PAIRS; count += 1) {
      const [from, to] = pair();
      const sent = await crowd.send(from, to);
      expect(sent).toBeDefined();
      if (sent?.via !== to.nodeId) relayed += 1;
    }
    console.log(`${PAIRS} messages acknowledged, ${relayed} of them through other nodes`);
    expect(relayed).toBeGreaterThan(PAIRS / 2);
    expect(crowd.lostMessages()).toEqual([]);
  },
  MS_MAX,
);

test(
  'every node holds every record',
  async () => {
    for (const member of crowd.alive) await crowd.write(member);
    expect(crowd.written.length).toBe(NODES);
    await crowd.sameRecords();
  },
  MS_MAX,
);

test(
  'while nodes are killed and start again from their stores alone, nothing is lost that was acknowledged',
  async () => {
    const killed = crowd.some(KILLED);
    await amidTalk(async () => {
      await Promise.all(killed.map((member) => member.kill()));
      const survivors = crowd.alive;
      await crowd.hearAll(survivors, [await crowd.broadcast(pair()[0])]);
      await crowd.restart(killed);
    });
    await eventually(
      async () =>
        (await Promise.all(killed.map((member) => member.neighbours()))).map(({ length }) => length),
      (counts) => counts.every((count) => count > 0),
      (counts) => `neighbours of those that started again: ${counts.join()}`,
    );
    await crowd.sameRecords();
    expect(crowd.lostMessages()).toEqual([]);
  },
  MS_MAX,
);

test(
  'two halves that were cut from each other have all that was said on either side once the cable is back',
  async () => {
    const { whyNoCut } = crowd.machines;
    if (whyNoCut !== undefined)
      return console.warn(`NOT TESTED: a cut between processes, because ${whyNoCut}.`);
    crowd.machines.cut();
    await eventually(
      () => crossings(crowd.alive),
      (count) => count === 0,
      (count) => `${count} links across the cut`,
    );
    const said: Said[] = [];
    for (const machine of crowd.machines.all)
      said.push(...(await speak(crowd.alive.filter((member) => member.machine === machine))));
    crowd.machines.mend();
    await crowd.hearAll(crowd.alive, said);
    await crowd.sameRecords();
    expect(crowd.lostMessages()).toEqual([]);
  },
  MS_MAX,
);

test(
  'nodes that stood still until they were given up have all that was said meanwhile once they go on',
  async () => {
    const paused = crowd.some(PAUSED);
    const others = crowd.alive.filter((member) => !paused.includes(member));
    for (const member of paused) member.pause();
    const gone = new Set<string>(paused.map(({ nodeId }) => nodeId));
    await eventually(
      async () => (await Promise.all(others.map((member) => member.neighbours()))).flat(),
      (neighbours) => !neighbours.some((id) => gone.has(id)),
      (neighbours) => `${neighbours.filter((id) => gone.has(id)).length} links to nodes that stand still`,
    );
    const said = await speak(others);
    for (const member of paused) member.resume();
    await crowd.hearAll(crowd.alive, said);
    await crowd.sameRecords();
    expect(crowd.lostMessages()).toEqual([]);
  },
  MS_MAX,
);

test(
  'after all of it no node lacks a record or a message that was acknowledged, and all stop in order',
  async () => {
    const [witness] = crowd.some(1);
    if (witness === undefined) throw new RangeError('nobody lives');
    await crowd.sameRecords();
    expect(await crowd.lostRecords(witness)).toEqual([]);
    expect(crowd.lostMessages()).toEqual([]);
    console.log(
      `${NODES} processes: ${crowd.acknowledged.length} messages and ${crowd.written.length} records acknowledged, 0 lost; not acknowledged: ${JSON.stringify([...crowd.failures])}`,
    );
    const codes = await Promise.all(crowd.alive.map((member) => member.stop()));
    expect(new Set(codes)).toEqual(new Set([0]));
  },
  MS_MAX,
);

/** Links between nodes on different sides of the cable. */
async function crossings(members: readonly Member[]): Promise<number> {
  const machines = new Map<string, unknown>(members.map(({ nodeId, machine }) => [nodeId, machine]));
  const counts = await Promise.all(
    members.map(
      async (member) =>
        (await member.neighbours()).filter((id) => machines.get(id) !== member.machine).length,
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
