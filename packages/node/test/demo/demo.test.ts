import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { NodeProcess } from '../../src/demo/node-process.js';
import type { DemoReport } from '../../src/demo/run-demo.js';
import { DEMO_WORKER_PATH } from '../../src/package-place.js';
import { CliProcess, runCli } from '../cli-process.js';

/** Five processes that load, handshake with noble and talk, on a machine that does other things too. */
const DEMO_MS_MAX = 60_000;
const nodes: NodeProcess[] = [];
const READY = 'Type a line';

afterEach(() => {
  for (const node of nodes.splice(0)) node.kill(); // Also when a claim failed before the node was asked to stop.
});

function startNode(): NodeProcess {
  const node = new NodeProcess(1, () => undefined);
  nodes.push(node);
  return node;
}

test(
  'the unattended tour prints one JSON report and nothing else, and all steps hold',
  async () => {
    const { code, stdout, stderr } = await runCli(['demo', '--once', '--json']);
    const report = JSON.parse(stdout) as DemoReport;
    expect(report.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['handshake', true],
      ['gossip', true],
      ['direct', true],
      ['routing', true],
      ['sync', true],
      ['annex', true],
      ['defense', true],
      ['stop', true],
    ]);
    expect([code, report.ok, stdout.split('\n').length]).toEqual([0, true, 2]);
    expect(report.steps[0]?.detail).toMatch(/^5 nodes, 10 of 10 links/);
    expect(report.steps[5]?.detail).toMatch(/^two far nodes opened a private channel .*: noise$/);
    expect(report.steps[6]?.detail).toMatch(
      /^an attacker's 5 false handshakes were refused and its address banned for [1-9]\d+ s; meanwhile 30 messages/,
    );
    expect(stderr).toMatch(/handshake/);
  },
  DEMO_MS_MAX,
);

test(
  'lines through a pipe are shown by every other node, and the end of the pipe ends the demo',
  async () => {
    const input = 'hello yaks\n3: from three\u001b[2J\n9: nobody\n';
    const { code, stdout } = await runCli(['demo'], { input });
    const shown = stdout.split('\n');
    expect(
      shown.filter((line) => /^ {2}node [2-5] {2}hears from yak1\S+ after \S+ ms: hello yaks$/.test(line))
        .length,
    ).toBe(4);
    expect(shown.filter((line) => /^ {2}node [1245] {2}hears .*: from three�\[2J$/.test(line)).length).toBe(
      4,
    );
    expect(stdout).toContain('There is no node 9');
    expect(stdout).toMatch(/ok {4}stop {2}.*code 0 and nothing left open\n$/);
    expect(code).toBe(0);
  },
  DEMO_MS_MAX,
);

test(
  'Ctrl-C while the demo waits for a line ends it in order and leaves no process',
  async () => {
    const demo = new CliProcess(['demo', '--nodes', '3']);
    await demo.printed(READY);
    demo.signalGroup('SIGINT');
    const { code, stdout } = await demo.ended;
    expect(stdout).toMatch(/ok {4}stop/);
    expect([code, demo.isGroupAlive]).toEqual([0, false]);
  },
  DEMO_MS_MAX,
);

test(
  'Ctrl-C in the middle of the tour leaves no process either',
  async () => {
    const demo = new CliProcess(['demo', '--nodes', '3']);
    await demo.printed('handshake');
    demo.signalGroup('SIGINT');
    const { code, stdout } = await demo.ended;
    expect(stdout).toMatch(/DEMO_INTERRUPTED/);
    expect([code, demo.isGroupAlive]).toEqual([0, false]);
  },
  DEMO_MS_MAX,
);

test(
  'a tour that fails says where, skips the rest honestly and leaves no process',
  async () => {
    const demo = new CliProcess(['demo', '--once', '--json', '--timeout', '0.1']);
    const { code, stdout } = await demo.ended;
    const report = JSON.parse(stdout) as DemoReport;
    expect(report.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['handshake', false],
      ['gossip', false],
      ['direct', false],
      ['routing', false],
      ['sync', false],
      ['annex', false],
      ['defense', false],
      ['stop', false],
    ]);
    expect(report.steps[0]?.detail).toMatch(/^DEMO_TIMEOUT/);
    expect(report.steps[1]?.detail).toMatch(/^skipped/);
    expect([code, report.ok, demo.isGroupAlive]).toEqual([1, false, false]);
  },
  DEMO_MS_MAX,
);

test('a node whose process dies fails its calls with a code', async () => {
  const process = startNode();
  const started = process.call('start', { networkId: 'x', networkFingerprint: 'y', maxPeers: 4 });
  process.kill();
  await expect(started).rejects.toMatchObject({
    code: 'DEMO_NODE_DIED',
    message: 'node 1 was ended by SIGKILL.',
  });
  await expect(process.call('status', {})).rejects.toMatchObject({ code: 'DEMO_NODE_DIED' });
  expect(await process.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('what a node cannot do comes back with its code', async () => {
  const process = startNode();
  await expect(process.call('status', {})).rejects.toMatchObject({
    code: 'UNEXPECTED',
    message: 'node 1: The node was not started.',
  });
  expect(await process.call('stop', {})).toEqual({ resources: [] });
  expect(await process.exited).toEqual({ code: 0, signal: null });
});

/** Forks a node, starts it, tells its process id, and waits to be killed. */
const PARENT = `
  const child = require('node:child_process').fork(process.argv[1], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.on('message', () => process.stdout.write(String(child.pid)));
  child.send({ id: 1, name: 'start', request: { networkId: 'x', networkFingerprint: 'y', maxPeers: 4 } });
`;

test('a node ends when the demo dies without a word', async () => {
  const parent = spawn(process.execPath, ['-e', PARENT, DEMO_WORKER_PATH], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (text: Buffer) => resolve(Number(text))),
  );
  parent.kill('SIGKILL');
  await expect(gone(pid)).resolves.toBe(true);
});

/** Whether a process ends within five seconds; it is not our child, so nobody tells us. */
async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
