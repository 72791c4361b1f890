// A node and its honest neighbours go on talking while twenty sockets attack it at full speed.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { table, talk, verdicts } from './attack/figures.mjs';
import { moveHere, nowMs, Process, processors } from './attack/processes.mjs';

const NETWORK_ID = 'soak';
/** The victim and five honest neighbours, which know each other through it alone: it relays every message. */
const NODES = [0, 1, 2, 3, 4, 5];
/**
 * 33 messages a second of each of six nodes, fifteen at a time: 200 in all. 45 in any second of each is what the victim announces;
 * with 40 a batch that is an eighth of a second late already has to wait for its turn. One by one they would be 200 signatures and
 * 1,000 verifications a second, more than twice what JavaScript does on one core.
 */
const SPEAK_EVERY_MS = 450;
const WORDS = 15;
/** One processor, one helper: V8 starts four, however many processors there are, each with as large a share as the loop. */
const ONE_PROCESSOR = ['--v8-pool-size=1'];
/**
 * V8 takes what memory the machine has and gives it back at leisure: without a limit its heap grows by garbage alone. With one
 * the resident memory says what the victim needs, and the run fails where it needs more.
 */
const VICTIM_FLAGS = [...ONE_PROCESSOR, '--max-old-space-size=64', '--max-semi-space-size=8'];
/** Until what honest talk needs is compiled. */
const WARM_UP_MS = 60_000;
const IDLE_MS = 30_000;
const CALM_MS = 15_000;
/** After the last message of a phase, until every one has had time to arrive. */
const SETTLE_MS = 2_000;

const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One phase of honest talk: its figures once the last message has arrived. */
async function phase(name, ms, nodes, between = async () => undefined) {
  await Promise.all(nodes.map((node) => node.ask('meters')));
  const startedMs = nowMs();
  await Promise.all(nodes.map((node) => node.ask('phase', { name })));
  await pass(ms);
  const [meters, honest] = await Promise.all(nodes.map((node) => node.ask('meters')));
  await Promise.all(nodes.map((node) => node.ask('phase', { name: `after ${name}` })));
  await between();
  await pass(SETTLE_MS);
  const reports = await Promise.all(nodes.map((node) => node.ask('heard', { name })));
  const failed = Object.assign({}, ...reports.map((report) => report.failed));
  return { name, ms, meters, honest, failed, ...talk(reports, startedMs) };
}

function phaseRows(phases) {
  const row = (title, value) => [title, ...phases.map(value)];
  return [
    ['what', ...phases.map(({ name }) => name)],
    row('honest messages a second', ({ sent, ms }) => Math.round((sent * 1_000) / ms)),
    row('lost / heard twice', ({ lost, repeated }) => `${lost} / ${repeated}`),
    row('latency p50, ms', ({ p50Ms }) => p50Ms.toFixed(1)),
    row('latency p99, ms', ({ p99Ms }) => p99Ms.toFixed(1)),
    row('latency p99, first 5 s, ms', ({ earlyP99Ms }) => earlyP99Ms.toFixed(1)),
    row('latency max, ms', ({ maxMs }) => maxMs.toFixed(1)),
    row('event-loop delay p99, ms', ({ meters }) => meters.delayP99Ms.toFixed(1)),
    row('event-loop delay max, ms', ({ meters }) => meters.delayMaxMs.toFixed(1)),
    row('resident memory, median, MiB', ({ meters }) => meters.residentMedian.toFixed(1)),
    row('resident memory, max, MiB', ({ meters }) => meters.residentMax.toFixed(1)),
    row('victim’s share of its core', ({ meters, ms }) => (meters.cpuSeconds / (ms / 1_000)).toFixed(2)),
    row('honest peers’ share of it', ({ honest, ms }) => (honest.cpuSeconds / (ms / 1_000)).toFixed(2)),
    row('sends that failed or skipped', ({ failed }) => JSON.stringify(failed)),
    row('sockets / neighbours at the end', ({ meters }) => `${meters.sockets} / ${meters.peers[0]}`),
  ];
}

function endRows(lanes) {
  return [
    ['attack', 'how its connections ended'],
    ...lanes.map(({ name, ends }) => {
      const sorted = Object.entries(ends).sort(([, a], [, b]) => b - a);
      return [name, sorted.map(([end, count]) => `${count} ${end}`).join(', ')];
    }),
  ];
}

/** One run on one Node; answers the names of the goals that were not held. */
async function attackOn(node, { minutes, log, places, commit }) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const pinned = places === undefined ? 'not pinned: taskset or a second processor is missing' : 'pinned';
  log(
    `${cpus()[0].model}, ${cpus().length} processors, ${pinned}; Node ${version}, the victim with ${VICTIM_FLAGS.join(' ')}; commit ${commit}`,
  );
  const honestPlace = { node, processor: places?.honest };
  const [victim, honest] = [
    new Process('nodes.mjs', { ...honestPlace, flags: VICTIM_FLAGS }),
    new Process('nodes.mjs', { ...honestPlace, flags: ONE_PROCESSOR }),
  ];
  const attacker = new Process('attacker.mjs', { node, processor: places?.attackers });
  try {
    const [first, ...others] = NODES;
    const { endpoint } = await victim.ask('start', {
      numbers: [first],
      networkId: NETWORK_ID,
      isVictim: true,
    });
    await honest.ask('start', { numbers: others, networkId: NETWORK_ID, isVictim: false });
    await honest.ask('connect', { url: endpoint });
    const nodes = [victim, honest];
    const startMs = nowMs() + 500;
    const rhythm = { startMs, everyMs: SPEAK_EVERY_MS, words: WORDS, speakers: NODES.length };
    await Promise.all(nodes.map((one) => one.ask('speak', rhythm)));
    await pass(WARM_UP_MS);
    const idle = await phase('idle', IDLE_MS, nodes);
    await attacker.ask('start', { url: endpoint, networkId: NETWORK_ID });
    let fought;
    const attack = await phase(
      'attack',
      minutes * 60_000,
      nodes,
      async () => (fought = await attacker.ask('stop')),
    );
    const calm = await phase('calm', CALM_MS, nodes);
    const goals = verdicts(idle, attack);
    const attempts = fought.lanes.flatMap(({ ends }) => Object.values(ends)).reduce((sum, n) => sum + n, 0);
    const lines = [
      ...table(phaseRows([idle, attack, calm])),
      '',
      ...table(endRows(fought.lanes)),
      '',
      `${attempts} connections, ${Math.round(attempts / (minutes * 60))} a second; the attackers used ${(fought.cpuSeconds / (minutes * 60)).toFixed(2)} of their core`,
      `the victim counted ${JSON.stringify(calm.meters.counters)}`,
      `honest links that ended: ${calm.honest.ended}`,
      '',
      ...table([
        ['goal', 'measured', 'verdict'],
        ...goals.map(({ name, goal, shown, isHeld }) => [
          `${name} ${goal}`,
          shown,
          isHeld ? 'held' : 'NOT HELD',
        ]),
      ]),
    ];
    for (const line of lines) log(line);
    return goals
      .filter(({ isHeld }) => !isHeld)
      .map(({ name, shown }) => `${name} ${shown} on Node ${version}`);
  } finally {
    await Promise.all([victim, honest, attacker].map((one) => one.stop()));
  }
}

export default {
  name: 'attack',
  /** As long as the goals say; `--minutes` takes longer. */
  minutes: 1,
  async run({ minutes, log, newestNode }) {
    const places = processors();
    if (places !== undefined) moveHere(places.attackers);
    const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
    const broken = [];
    try {
      for (const node of [process.execPath, newestNode].filter((path) => path !== undefined))
        broken.push(...(await attackOn(node, { minutes, log, places, commit })));
    } finally {
      if (places !== undefined) moveHere(places.list);
    }
    if (broken.length > 0) throw new Error(`NOT HELD: ${broken.join('; ')}`);
  },
};
