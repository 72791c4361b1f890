import { afterAll, expect, test } from '@jest/globals';
import { systemRandom } from '@yakmesh/core/transport';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../src/store/embedded-store.js';
import { temporaryFolder } from '../temporary-folder.js';

const WRITER_PATH = fileURLToPath(new URL('writer.mjs', import.meta.url));
const KILLS = 20;
/** The longest time from the first acknowledgement to the kill. */
const LIFE_MS_MAX = 60;
const folder = temporaryFolder();

afterAll(() => folder.remove());

/** Writes from a number on until it is killed at a random instant; the numbers that it acknowledged. */
async function acknowledgedUntilKilled(first: number): Promise<number[]> {
  const writer = spawn(process.execPath, [WRITER_PATH, folder.path, String(first)]);
  const told: number[] = [];
  const lines = createInterface({ input: writer.stdout });
  lines.on('line', (line) => {
    if (told.push(Number(line)) === 1)
      setTimeout(() => writer.kill('SIGKILL'), systemRandom.unit() * LIFE_MS_MAX);
  });
  const complaints: string[] = [];
  writer.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const signal = await new Promise((resolve) => {
    let open = 2;
    let by: unknown;
    const ended = (): void => void ((open -= 1) === 0 && resolve(by));
    lines.once('close', ended);
    writer.once('close', (code, ending) => {
      by = ending ?? `code ${code}: ${complaints.join('')}`;
      ended();
    });
  });
  expect(signal).toBe('SIGKILL');
  return told;
}

test('of what a process acknowledged nothing is lost, however often and whenever it is killed', async () => {
  const acknowledged: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const told = await acknowledgedUntilKilled((acknowledged.at(-1) ?? 0) + 1);
    expect(told.length).toBeGreaterThan(0);
    acknowledged.push(...told);
    const store = await openStore(folder.path);
    const kept = new Map<string, string>();
    for await (const [key, value] of store.range({ gte: 'data/', lt: 'data0' }))
      kept.set(key, new TextDecoder().decode(value));
    const last = new TextDecoder().decode(await store.get('last'));
    await store.close();
    const missing = acknowledged.filter(
      (number) => kept.get(`data/${String(number).padStart(12, '0')}`) !== valueOf(number),
    );
    expect(missing).toEqual([]);
    // Both entries of a batch, or neither.
    expect(last).toBe([...kept.values()].at(-1));
  }
  console.log(`${KILLS} kills, ${acknowledged.length} batches acknowledged, 0 lost`);
}, 120_000);

function valueOf(number: number): string {
  return `value of ${number}`.padEnd(300, '.');
}
