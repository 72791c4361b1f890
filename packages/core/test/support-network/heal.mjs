// Three nodes with default options in three network namespaces in a row, all talking; the cable between the first two is
// pulled for a while. `node heal.mjs SECONDS` prints what became of what was said meanwhile.
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Row, whyNot } from './namespaces.mjs';

const NODE = fileURLToPath(new URL('./heal-node.mjs', import.meta.url));
const BEFORE_MS = 3_000;
const AFTER_MS = 12_000;
const REST_MS = 2_000;
const PORT = 9_001;

const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Figures of one cut: `missing`, `doubled` and `disordered` count messages; times are in milliseconds. */
export async function heal(cutSeconds) {
  const row = new Row(3);
  const nodes = [];
  try {
    const events = [];
    const start = async (index, name, ...urls) => {
      const child = row.run(index, ['--disable-warning=ExperimentalWarning', NODE, name, ...urls]);
      nodes.push(child);
      await new Promise((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`node ${name} ended with ${code}`)));
        createInterface({ input: child.stdout }).on('line', (line) => {
          const event = JSON.parse(line);
          events.push(event);
          if (event.type === 'ready') resolve();
        });
      });
    };
    const tellAll = (word) => nodes.forEach((node) => node.stdin.write(`${word}\n`));
    await start(1, 'b');
    await start(0, 'a', `ws://${row.address(1, 0)}:${PORT}/`);
    await start(2, 'c', `ws://${row.address(1, 2)}:${PORT}/`);
    tellAll('talk');
    await pass(BEFORE_MS);
    const cutMs = Date.now();
    row.cable(0, false);
    await pass(1_000 * cutSeconds);
    const backMs = Date.now();
    row.cable(0, true);
    await pass(AFTER_MS);
    tellAll('hush');
    await pass(REST_MS);
    tellAll('counters');
    await pass(200);
    return figures(events, cutMs, backMs);
  } finally {
    for (const node of nodes) node.kill('SIGKILL');
    row.close();
  }
}

function figures(events, cutMs, backMs) {
  const sent = new Map();
  for (const { type, name, number, atMs } of events) if (type === 'sent') sent.set(`${name} ${number}`, atMs);
  // When b and a knew of each other again; the cut's end where they never noticed.
  const links = events.filter(
    ({ type, name, atMs }) => type === 'connected' && name === 'a' && atMs >= cutMs,
  );
  const linkMs = links[0]?.atMs ?? backMs;
  const result = {
    said: 0,
    missing: 0,
    doubled: 0,
    disordered: 0,
    linkMs: linkMs - backMs,
    healedMs: 0,
    liveMs: 0,
  };
  for (const listener of ['a', 'b', 'c']) {
    const heard = events.filter(({ type, name }) => type === 'heard' && name === listener);
    const times = new Map();
    const latest = new Map();
    for (const { from, number, atMs } of heard) {
      const key = `${from} ${number}`;
      if (times.has(key)) result.doubled += 1;
      times.set(key, atMs);
      const at = sent.get(key);
      const isBackFill = at >= cutMs && at < backMs && atMs >= backMs;
      if (isBackFill && number < (latest.get(from) ?? -1)) result.disordered += 1;
      if (isBackFill) latest.set(from, number);
      if (isBackFill) result.healedMs = Math.max(result.healedMs, atMs - Math.max(linkMs, backMs));
      // b and c never lost each other.
      if (from !== 'a' && listener !== 'a' && at >= backMs)
        result.liveMs = Math.max(result.liveMs, atMs - at);
    }
    for (const [key, at] of sent) {
      if (key.startsWith(listener)) continue;
      if (at >= cutMs && at < backMs) result.said += 1;
      if (!times.has(key)) result.missing += 1;
    }
  }
  result.counters = events
    .filter(({ type }) => type === 'counters')
    .map(({ name, counters }) => [name, counters]);
  return result;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reason = whyNot();
  if (reason !== undefined) console.log(JSON.stringify({ skipped: reason }));
  else console.log(JSON.stringify(await heal(Number(process.argv[2]))));
}
