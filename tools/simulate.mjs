// `npm run simulate -- [package or name …] [--seconds N] [--from SEED] [--seeds N] [--workers N]`: tells the packages' simulated
// stories, seed after seed, in several processes. Each script says how many seeds it takes, and how many at least: with
// `--seconds`, as many in between are told as the time allows. A script that wants its first seed twice gets it, and the traces
// must be the same. Exit code 1 where a claim broke; the line that says so names the seed, with which it breaks again.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './processes.mjs';
import { filesWanted, load, main, UsageError, wholeNumber } from './scripts-found.mjs';
import { newestNode } from './workspace.mjs';

const WORKER = fileURLToPath(new URL('simulate-worker.mjs', import.meta.url));
/**
 * A simulation makes garbage by the hundred megabytes a second: a large nursery lets it die young. Helper threads that collect it would
 * take turns with the other workers, which want every processor.
 */
const WORKER_FLAGS = ['--max-semi-space-size=64', '--max-old-space-size=6144', '--single-threaded-gc'];
/** The newest V8 takes a tenth to a sixth less of the processor for the same traces. */
const WORKER_NODE = newestNode ?? process.execPath;
const SEED_AT_FIRST = 1;

/** Seeds that a script's stories are told of, in order, and what came of them. */
class Stories {
  constructor(file, { name, seeds, seedsMin, isFirstTwice = false }, { from, count }) {
    this.file = file;
    this.title = `${file.package}/${file.name}`;
    this.name = name;
    this.from = from;
    this.seeds = count ?? seeds;
    this.seedsMin = count ?? seedsMin;
    /** Stories that are begun on top: the first seed once more. */
    this.extra = isFirstTwice ? 1 : 0;
    this.begun = 0;
    this.told = 0;
    this.broken = 0;
    this.events = 0;
    this.virtualMs = 0;
    this.cpuMs = 0;
    this.tookMs = 0;
    this.traces = new Map();
  }

  /** The next seed. */
  next() {
    this.begun += 1;
    return this.from + Math.max(0, this.begun - 1 - this.extra);
  }

  get hasMore() {
    return this.begun < this.seeds + this.extra;
  }

  get hasMust() {
    return this.begun < this.seedsMin + this.extra;
  }

  /** What one of them takes; NaN, which is below nothing, before the first has been told. */
  get meanMs() {
    return this.tookMs / this.told;
  }

  came(seed, tookMs, { failure, trace, events = 0, virtualMs = 0, cpuMs }) {
    const before = this.traces.get(seed);
    const isOther = failure === undefined && before !== undefined && before !== trace;
    const why = failure ?? (isOther ? `the same seed gave trace ${before} and then ${trace}` : undefined);
    this.traces.set(seed, trace);
    if (before === undefined) {
      this.told += 1;
      this.tookMs += tookMs;
    }
    this.events += events;
    this.virtualMs += virtualMs;
    this.cpuMs += cpuMs;
    const took = `${(cpuMs / 1_000).toFixed(1)} s of processor time`;
    if (why === undefined) return console.log(`${this.title} seed ${seed}: trace ${trace}, ${took}`);
    this.broken += 1;
    console.log(`BROKE ${this.title} seed ${seed}, ${took}: ${why}`);
    console.log(`  again: npm run simulate -- ${this.title} --from ${seed} --seeds 1`);
  }
}

/** What to tell next: first what must be told, then what is likely to end in time, by those that have ended. */
function pick(all, leftMs) {
  const open = all.filter((stories) => stories.hasMust);
  if (open.length === 0) open.push(...all.filter(({ hasMore, meanMs }) => hasMore && meanMs < leftMs));
  // The one that is furthest behind, so that the time is shared out as the seeds are.
  const share = (stories) => stories.begun / stories.seeds;
  return open.sort((a, b) => share(a) - share(b))[0];
}

/** One process, until there is nothing more to tell. */
async function work(all, leftMs) {
  const child = fork(WORKER, { execPath: WORKER_NODE, execArgv: WORKER_FLAGS });
  try {
    for (let stories = pick(all, leftMs()); stories !== undefined; stories = pick(all, leftMs())) {
      const seed = stories.next();
      const startMs = performance.now();
      const told = await answer(child, { file: stories.file, seed });
      stories.came(seed, performance.now() - startMs, told);
    }
  } finally {
    child.kill();
  }
}

function answer(child, question) {
  return new Promise((resolve, reject) => {
    const ended = (code, signal) => reject(new Error(`a worker ended with ${signal ?? code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
    child.send(question);
  });
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      from: { type: 'string' },
      seeds: { type: 'string' },
      workers: { type: 'string' },
    },
  });
  const seconds = wholeNumber('seconds', values.seconds) ?? Infinity;
  const from = wholeNumber('from', values.from) ?? SEED_AT_FIRST;
  const count = wholeNumber('seeds', values.seeds);
  const workers = wholeNumber('workers', values.workers) ?? availableParallelism();
  if (workers === 0 || count === 0) throw new UsageError('--workers and --seeds are at least 1.');
  const files = filesWanted('simulate', positionals);
  await build();
  const all = [];
  for (const file of files) all.push(new Stories(file, await load(file), { from, count }));
  const endMs = performance.now() + 1_000 * seconds;
  const startMs = performance.now();
  const leftMs = () => endMs - performance.now();
  await Promise.all(Array.from({ length: workers }, () => work(all, leftMs)));
  const tookSeconds = (performance.now() - startMs) / 1_000;
  for (const { title, name, told, seeds, broken, events, virtualMs, cpuMs } of all) {
    const virtualMinutes = Math.round(virtualMs / 60_000);
    const speed = Math.round((1_000 * events) / cpuMs);
    console.log(
      `${title} (${name}): ${told} of ${seeds} seeds from ${from} on, ${broken} broken; ${virtualMinutes} virtual minutes, ${events} events, ${speed} in a second of processor time`,
    );
  }
  console.log(`${tookSeconds.toFixed(0)} s in ${workers} processes`);
  return all.some(({ broken }) => broken > 0) ? 1 : 0;
});
