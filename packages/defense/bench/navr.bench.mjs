// Proof of work: what verifying costs, how long solving takes, and how it holds up the event loop. On this Node and, by
// running itself there, on the newest.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { NAVR } from '../dist/index.js';

/** Solved challenges to verify, each once: enough for a median that the clock's grain does not show in. */
const SOLVED = 2_000;
const WARM_UP = 2_000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Solving time varies by a quarter, so that a median wants some. */
const SOLUTIONS = 9;
/** The event loop is looked at as often as the system's timers allow. */
const RESOLUTION_MS = 1;

/** Challenges of 16 bits demand as much of a verifier as easy ones, which are solved sooner. */
const VERIFIED_DIFFICULTY = 6;

const microseconds = (startMs) => (performance.now() - startMs) * 1_000;

async function solvedChallenges(navr, count) {
  const challenges = Array.from({ length: count }, () =>
    navr.createChallenge('peer', { scope: '192.0.2.1' }),
  );
  const solved = [];
  for (const challenge of challenges) solved.push({ challenge, solution: await navr.solve(challenge) });
  return solved;
}

async function verifying(median) {
  const navr = new NAVR({ difficulty: VERIFIED_DIFFICULTY });
  const solved = await solvedChallenges(navr, WARM_UP + SOLVED);
  const each = solved.map(({ challenge, solution }) => {
    const startMs = performance.now();
    const isValid = navr.verify(challenge, solution);
    const value = microseconds(startMs);
    if (!isValid) throw new Error('an honest solution was refused');
    return value;
  });
  const wrong = solved.map(({ challenge }) => {
    const startMs = performance.now();
    navr.verify({ ...challenge, peerId: 'other' }, solved[0].solution);
    return microseconds(startMs);
  });
  await navr.close();
  return { accepted: median(each.slice(WARM_UP)), refused: median(wrong.slice(WARM_UP)) };
}

async function solving(difficulty, median) {
  const navr = new NAVR({ difficulty });
  await navr.solve(navr.createChallenge('warm-up'));
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const each = [];
  for (let i = 0; i < SOLUTIONS; i++) {
    const startMs = performance.now();
    await navr.solve(navr.createChallenge('peer'));
    each.push(performance.now() - startMs);
  }
  delay.disable();
  await navr.close();
  return { tookMs: median(each), delayMs: delay.percentile(99) / 1e6 };
}

async function measure({ runs, median, spread, log }) {
  const where = `Node ${process.versions.node}`;
  const result = (name, unit, values) => ({
    name: `${name} (${where})`,
    value: median(values),
    unit,
    spread: spread(values),
  });
  log(`  ${where}: verifying`);
  const [accepted, refused] = [[], []];
  for (let run = 0; run < runs; run++) {
    const took = await verifying(median);
    accepted.push(took.accepted);
    refused.push(took.refused);
  }
  const results = [
    result('a right solution verified', 'µs', accepted),
    result('a wrong challenge refused', 'µs', refused),
  ];
  for (const difficulty of [16, 18]) {
    log(`  ${where}: solving ${difficulty} bits`);
    const [took, delays] = [[], []];
    for (let run = 0; run < runs; run++) {
      const { tookMs, delayMs } = await solving(difficulty, median);
      took.push(tookMs);
      delays.push(delayMs);
    }
    results.push(
      result(`${difficulty} bits solved`, 'ms', took),
      result(`event-loop delay p99 while ${difficulty} bits are solved`, 'ms', delays),
    );
  }
  return results;
}

/** In a page: 4,000 solutions are verified in one go, for its clock is coarse, and the second half of them counts. */
const PAGE = `
import { NAVR } from './dist/index.js';
globalThis.verifying = async (difficulty, half) => {
  const navr = new NAVR({ difficulty });
  const solved = [];
  for (let i = 0; i < 2 * half; i++) {
    const challenge = navr.createChallenge('peer', { scope: '192.0.2.1' });
    solved.push({ challenge, solution: await navr.solve(challenge) });
  }
  let startMs = 0;
  for (const [i, { challenge, solution }] of solved.entries()) {
    if (i === half) startMs = performance.now();
    if (!navr.verify(challenge, solution)) throw new Error('an honest solution was refused');
  }
  const tookMs = performance.now() - startMs;
  await navr.close();
  return (tookMs * 1000) / half;
};`;

/** Microseconds of a verification in Chromium, by run; none where there is no Chromium. */
async function verifyingInBrowser(runs) {
  if (!existsSync(CHROMIUM)) return undefined;
  const resolveDir = fileURLToPath(new URL('..', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: outputFiles[0].text });
    const values = [];
    for (let run = 0; run < runs; run++)
      values.push(
        await page.evaluate(([bits, half]) => verifying(bits, half), [VERIFIED_DIFFICULTY, SOLVED]),
      );
    return { where: `Chromium ${browser.version()}`, values };
  } finally {
    await browser.close();
  }
}

async function measureIn(executable, runs) {
  const file = fileURLToPath(import.meta.url);
  const { stdout } = await promisify(execFile)(executable, [file, '--runs', String(runs)]);
  return JSON.parse(stdout);
}

export default {
  name: 'proof of work of @yakmesh/defense',
  async run(bench) {
    const here = await measure(bench);
    const page = await verifyingInBrowser(bench.runs);
    if (page !== undefined)
      here.push({
        name: `a right solution verified (${page.where})`,
        value: bench.median(page.values),
        unit: 'µs',
        spread: bench.spread(page.values),
      });
    if (bench.newestNode === undefined) return here;
    bench.log('  the same on the newest Node …');
    return [...here, ...(await measureIn(bench.newestNode, bench.runs))];
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { median, spread } = await import('../../../tools/statistics.mjs');
  const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 5;
  console.log(JSON.stringify(await measure({ runs, median, spread, log: () => undefined })));
}
