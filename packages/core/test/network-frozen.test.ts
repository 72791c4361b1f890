import { expect, test } from '@jest/globals';
import { ending } from './support-network/cleanup.js';
import { startChild, type Child } from './support-network/child.js';
import { pass } from './support-network/socket-world.js';

const GROWTH_BYTES_MAX = 16 * 2 ** 20;

interface Report {
  readonly growthBytes: number;
  readonly sent: number;
  readonly skipped: number;
  readonly healthySkipped: number;
  readonly counted: number;
  readonly peers: number;
}

test('a frozen peer fed 16 MB/s costs at most 16 MiB, is suspect and dropped in time, and others miss nothing', async () => {
  const [frozen, healthy] = [ending(startChild('listener.mjs')), ending(startChild('listener.mjs'))];
  const endpoints = [await frozen.line('endpoint'), await healthy.line('endpoint')];
  const feeder = ending(startChild('feeder.mjs', ['--expose-gc'], endpoints));
  await feeder.line('feeding');
  await pass(2_000);
  feeder.say('mark');
  await feeder.line('marked');
  frozen.process.kill('SIGSTOP');
  const [suspectMs, suspect] = told(await feeder.line('suspect'));
  const [goneMs, gone] = told(await feeder.line('disconnected'));
  expect([suspect, gone]).toEqual([endpoints[0]?.split('#')[1], endpoints[0]?.split('#')[1]]);
  // At most 1 s without an acknowledgement, then three probes 500 ms apart; a tick and a busy machine besides.
  expect(suspectMs).toBeLessThan(2_500);
  expect(goneMs - suspectMs).toBeGreaterThan(1_000);
  expect(goneMs - suspectMs).toBeLessThan(3_000);
  await pass(1_000);
  feeder.say('end');
  const report = JSON.parse(await feeder.line('report')) as Report;
  expect(report.growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
  expect(report.skipped).toBeGreaterThan(0);
  expect(report.counted).toBe(report.skipped);
  expect(report.peers).toBe(1);
  expect(await heard(healthy)).toBe(report.sent - report.healthySkipped);
  // A busy machine may skip some; it says so.
  expect(report.healthySkipped).toBeLessThan(report.sent / 10);
}, 60_000);

/** Milliseconds since the mark, and who. */
function told(line: string): [number, string | undefined] {
  const words = line.split(/\s+/);
  return [Number(words[0]), words.at(-1)];
}

async function heard(listener: Child): Promise<number> {
  listener.say('count');
  return Number(await listener.line('heard'));
}
