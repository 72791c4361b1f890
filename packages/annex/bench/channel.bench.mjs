// A channel beside wss (TLS 1.3) between the same two processes on this machine: throughput of 16 KiB writes, small messages, the time to
// open, and what a record and a turn of the ratchet cost.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Of 256 MiB each way, of both, that are not measured. */
const WARM_UP_RUNS = 10;
const CHILD = fileURLToPath(new URL('support/far-end.mjs', import.meta.url));

/** A process of its own that runs both or one end; `ask` answers what it reports. */
async function farEnd() {
  const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [ready] = await once(child, 'message');
  return { child, ready };
}

export async function run({ runs, log, median, spread }) {
  const { nearEnd } = await import('./support/near-end.mjs');
  const { child, ready } = await farEnd();
  try {
    const near = await nearEnd(ready);
    const results = [];
    const measure = async (name, unit, once) => {
      const values = [];
      for (let count = 0; count < runs; count++) values.push(await once());
      log(`  ${name}: ${values.map((value) => value.toPrecision(4)).join(' ')}`);
      results.push({ name, value: median(values), unit, spread: spread(values) });
      return median(values);
    };
    await measure('annex: open a channel', 'ms', () => near.establish());
    // Code that has not run yet is slow on both sides; what is measured is what goes on.
    for (let count = 0; count < WARM_UP_RUNS; count++)
      for (const warm of [near.annexUp, near.annexDown, near.wssUp, near.wssDown]) await warm();
    const [annex, wss] = [[], []];
    for (let count = 0; count < runs; count++) {
      annex.push(await near.annexUp());
      wss.push(await near.wssUp());
    }
    results.push({ name: 'annex: 16 KiB writes', value: median(annex), unit: 'MB/s', spread: spread(annex) });
    results.push({
      name: 'wss (TLS 1.3): 16 KiB writes',
      value: median(wss),
      unit: 'MB/s',
      spread: spread(wss),
    });
    const ratios = annex.map((value, index) => value / wss[index]);
    results.push({
      name: 'annex / wss, 16 KiB writes',
      value: median(ratios),
      unit: '×',
      spread: spread(ratios),
    });
    const [annexDown, wssDown] = [[], []];
    for (let count = 0; count < runs; count++) {
      annexDown.push(await near.annexDown());
      wssDown.push(await near.wssDown());
    }
    results.push({
      name: 'annex: 16 KiB writes, back',
      value: median(annexDown),
      unit: 'MB/s',
      spread: spread(annexDown),
    });
    results.push({
      name: 'wss (TLS 1.3): 16 KiB writes, back',
      value: median(wssDown),
      unit: 'MB/s',
      spread: spread(wssDown),
    });
    const ratiosDown = annexDown.map((value, index) => value / wssDown[index]);
    results.push({
      name: 'annex / wss, 16 KiB writes, back',
      value: median(ratiosDown),
      unit: '×',
      spread: spread(ratiosDown),
    });
    await measure('annex: messages of 100 B', 'msg/s', () => near.messages());
    await measure('annex: a turn of the ratchet', 'ms', () => near.ratchet());
    await measure('annex: seal and open a record of 16,384 B', 'µs', () => near.record(16_340));
    await measure('annex: seal and open a record of 65,024 B', 'µs', () => near.record(64_980));
    await near.stop();
    return results;
  } finally {
    child.kill();
  }
}

export default { name: 'channel', run };
