import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HeardMessage, NodeStatus, SentMessage } from '../../src/control/control-protocol.js';
import { CliProcess, runCli, type CliResult } from '../cli-process.js';
import { temporaryFolder } from '../temporary-folder.js';

/** Every call of the command is a process of its own, on a machine that does other things too. */
const MS_MAX = 120_000;
const UP = 'The node is up.';
const folder = temporaryFolder();
const nodes = new Map<string, CliProcess>();
let alice = '';
let bob = '';

beforeAll(async () => {
  await Promise.all([up('alice'), up('bob')]);
  [alice, bob] = [(await statusOf('alice')).nodeId, (await statusOf('bob')).nodeId];
  const { endpoint } = await statusOf('alice');
  const joined = await on('bob', 'join', `${endpoint}#${alice}`);
  expect(joined).toEqual({ code: 0, stdout: `joined ${alice}\n`, stderr: '' });
}, MS_MAX);

afterEach(() => {
  for (const [name, { child }] of nodes)
    if (child.exitCode !== null || child.signalCode !== null) nodes.delete(name);
});

afterAll(async () => {
  for (const { child } of nodes.values()) child.kill('SIGKILL');
  await Promise.all([...nodes.values()].map(({ ended }) => ended));
  folder.remove();
}, MS_MAX);

function dataDir(name: string): string {
  return join(folder.path, name);
}

/** Starts a node on loopback, and waits until it says that it is up. */
async function up(name: string, ...flags: readonly string[]): Promise<CliProcess> {
  const place = ['--data-dir', dataDir(name), '--ws-port', '0', '--host', '127.0.0.1'];
  const node = new CliProcess(['up', ...place, '--no-passphrase', ...flags]);
  nodes.set(name, node);
  await node.printed(UP);
  return node;
}

function on(name: string, command: string, ...args: readonly string[]): Promise<CliResult> {
  return runCli([command, ...args, '--data-dir', dataDir(name)]);
}

async function statusOf(name: string): Promise<NodeStatus> {
  return JSON.parse((await on(name, 'status', '--json')).stdout) as NodeStatus;
}

interface Listener {
  /** What it has heard, once it has heard enough. */
  readonly heard: Promise<HeardMessage[]>;
}

/** Starts to listen, and waits until the node has taken it up. */
async function listener(name: string, count: number): Promise<Listener> {
  const process = new CliProcess(['listen', '--json', '--count', String(count), '--data-dir', dataDir(name)]);
  await process.complained('listening');
  const heard = process.ended.then(({ stdout }) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as HeardMessage),
  );
  return { heard };
}

test(
  'two nodes that were joined list each other as peers',
  async () => {
    const peers = JSON.parse((await on('alice', 'peers', '--json')).stdout) as {
      nodeId: string;
      direction: string;
    }[];
    expect(peers).toMatchObject([{ nodeId: bob, direction: 'inbound' }]);
    expect((await on('bob', 'peers')).stdout).toMatch(new RegExp(`^${alice}  outbound  `));
    expect(await statusOf('bob')).toMatchObject({
      peers: 1,
      maxPeers: 10,
      dataDir: dataDir('bob'),
      networkId: null,
    });
  },
  MS_MAX,
);

test(
  'a text to one node and JSON to all are heard by the other node, with their origin',
  async () => {
    const waiting = await listener('bob', 2);
    const sent = JSON.parse((await on('alice', 'send', bob, 'hello bob', '--json')).stdout) as SentMessage;
    const json = '{"type":"greeting","list":[1,null,"x"]}';
    const told = await on('alice', 'send', '--all', json, '--format', 'json');
    expect(told.stdout).toMatch(/^sent [0-9a-f]{32} to 1 neighbours\n$/);
    const [direct, broadcast] = await waiting.heard;
    expect(direct).toMatchObject({ kind: 'direct', from: alice, id: sent.id, payload: 'hello bob' });
    expect(broadcast).toMatchObject({ kind: 'broadcast', from: alice, payload: JSON.parse(json) as unknown });
  },
  MS_MAX,
);

test(
  'a record that one node was told to write is held by the other, as its author wrote it',
  async () => {
    const put = await on('alice', 'put', 'notes', 'one', '{"n":[1,2]}', '--format', 'json');
    expect(put.stdout).toMatch(/^wrote [0-9a-f]{32}, sent to 1 neighbours\n$/);
    let held = await on('bob', 'get', 'notes', 'one');
    while (held.code !== 0) {
      expect(held.stderr).toMatch(/^yakmesh: NODE_NO_RECORD: /);
      held = await on('bob', 'get', 'notes', 'one');
    }
    expect(held.stdout).toBe(`${alice}  {"n":[1,2]}\n`);
    const refused = await on('bob', 'put', 'notes', 'one', 'mine');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^yakmesh: SYNC_[A-Z_]+: /)]);
    const [here, there] = [await statusOf('alice'), await statusOf('bob')];
    expect(there.records).toEqual(here.records);
  },
  MS_MAX,
);

test(
  'what the mesh cannot do is told with the mesh’s own code',
  async () => {
    const stranger = await on('alice', 'send', alice, 'to myself');
    expect([stranger.code, stranger.stderr]).toEqual([
      1,
      expect.stringMatching(/^yakmesh: MESH_[A-Z_]+: [^\n]+\n$/),
    ]);
    const nowhere = await on('alice', 'join', 'http://127.0.0.1');
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringMatching(/^yakmesh: MESH_BAD_ENDPOINT: /),
    ]);
    const typo = await on('alice', 'send', `${bob.slice(0, -1)}!`, 'x');
    expect([typo.code, typo.stderr]).toEqual([1, expect.stringMatching(/no node id: it is yak1…/)]);
  },
  MS_MAX,
);

test(
  'a second node in the same data directory is refused with what to do, and the first goes on',
  async () => {
    const second = await runCli(['up', '--data-dir', dataDir('alice'), '--ws-port', '0', '--no-passphrase']);
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toMatch(/^yakmesh: NODE_DATA_IN_USE: .*yakmesh stop.*\n$/);
    expect((await statusOf('alice')).nodeId).toBe(alice);
  },
  MS_MAX,
);

test(
  'all that is wrong with a configuration is said at once, one line each, with exit code 2',
  async () => {
    const config = join(folder.path, 'bad.json');
    writeFileSync(config, '{"maxPeers": -1, "colour": "red"}');
    const args = ['up', '--config', config, '--data-dir', dataDir('bad'), '--ws-port', 'x'];
    const { code, stdout, stderr } = await runCli(args, { env: { YAKMESH_JOIN: 'ftp://a' } });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^yakmesh: NODE_BAD_CONFIG: --ws-port is a whole number/),
      expect.stringMatching(/^yakmesh: NODE_BAD_CONFIG: YAKMESH_JOIN is /),
      expect.stringMatching(/^yakmesh: NODE_BAD_CONFIG: .*bad\.json: maxPeers is a whole number/),
      expect.stringMatching(/^yakmesh: NODE_BAD_CONFIG: .*bad\.json: colour is no setting/),
    ]);
    expect(existsSync(dataDir('bad'))).toBe(false);
  },
  MS_MAX,
);

test(
  'config shows what holds and where it comes from, but not the passphrase',
  async () => {
    const args = ['config', '--json', '--data-dir', dataDir('shown'), '--ws-port', '7'];
    const { stdout } = await runCli(args, {
      env: { YAKMESH_PASSPHRASE: 'open sesame', YAKMESH_MAX_PEERS: '3' },
    });
    expect(stdout).not.toContain('sesame');
    expect(JSON.parse(stdout)).toMatchObject({
      file: null,
      settings: {
        wsPort: { value: 7, source: '--ws-port' },
        maxPeers: { value: 3, source: 'YAKMESH_MAX_PEERS' },
        logLevel: { value: 'info', source: 'default' },
        passphrase: { value: '(hidden)', source: 'YAKMESH_PASSPHRASE' },
      },
    });
  },
  MS_MAX,
);

test(
  'neither log nor files hold a message or the token’s likes, and what is private is its owner’s alone',
  async () => {
    const { endpoint } = await statusOf('alice');
    const carol = await up('carol', '--log-level', 'debug', '--join', endpoint);
    await carol.printed('A peer is connected.');
    const waiting = await listener('carol', 1);
    await on('alice', 'send', '--all', 'a secret among us');
    expect(await waiting.heard).toMatchObject([{ payload: 'a secret among us' }]);
    const token = readFileSync(join(dataDir('carol'), 'control.token'), 'utf8').trim();
    const modes = ['control.token', 'control.sock', 'identity', 'store', '.'].map(
      (name) => statSync(join(dataDir('carol'), name)).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o700, 0o700]);
    carol.child.kill('SIGTERM');
    const { code, stdout, stderr } = await carol.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('The node has stopped.');
    expect(stdout).not.toContain('secret among us');
    expect(stdout).not.toContain(token);
    for (const line of stdout.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  },
  MS_MAX,
);

test(
  'a node that was killed starts again as who it was, and joins what it is told to',
  async () => {
    const first = await up('dave');
    const { nodeId } = await statusOf('dave');
    first.child.kill('SIGKILL');
    await first.ended;
    expect(existsSync(join(dataDir('dave'), 'control.sock'))).toBe(true);
    expect(await on('dave', 'status')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^yakmesh: NODE_NOT_RUNNING/),
    });
    const { endpoint } = await statusOf('alice');
    const second = await up('dave', '--join', endpoint, 'ws://127.0.0.1:1');
    await second.printed('A peer is connected.');
    expect(await statusOf('dave')).toMatchObject({
      nodeId,
      joins: [
        { endpoint, state: 'joined' },
        { endpoint: 'ws://127.0.0.1:1', state: 'dialling', code: 'MESH_CONNECT_FAILED' },
      ],
    });
    expect(await on('dave', 'stop')).toEqual({ code: 0, stdout: 'stopped\n', stderr: '' });
    expect((await second.ended).code).toBe(0);
  },
  MS_MAX,
);

test(
  'stop returns when the data directory is free, and leaves neither socket nor token',
  async () => {
    const first = await up('erin');
    expect((await on('erin', 'stop')).code).toBe(0);
    const second = await up('erin');
    expect((await first.ended).code).toBe(0);
    second.child.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
    for (const name of ['control.sock', 'control.token'])
      expect(existsSync(join(dataDir('erin'), name))).toBe(false);
    expect(await on('erin', 'stop')).toMatchObject({ code: 3 });
  },
  MS_MAX,
);

test(
  'a sealed identity is made and opened with the passphrase of the environment, and a wrong one does not start',
  async () => {
    const args = ['up', '--data-dir', dataDir('frank'), '--ws-port', '0', '--host', '127.0.0.1'];
    const none = await runCli(args);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/^yakmesh: IDENTITY_NEEDS_PASSPHRASE/),
    ]);
    const frank = new CliProcess(args, { YAKMESH_PASSPHRASE: 'right' });
    nodes.set('frank', frank);
    await frank.printed(UP);
    await on('frank', 'stop');
    await frank.ended;
    const wrong = await runCli(args, { env: { YAKMESH_PASSPHRASE: 'wrong' } });
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/^yakmesh: IDENTITY_BAD_PASSPHRASE/),
    ]);
  },
  MS_MAX,
);

test.each([
  [['send', 'hello'], /give a node id and a message, or --all/],
  [['send', '--all', 'a', 'b'], /give one message with --all/],
  [['send', '--all', '--ack', 'a'], /'--ack' is for one destination/],
  [['send', '--all', 'a', '--format', 'xml'], /'--format' is text or json/],
  [['listen', '--count', '0'], /whole number from 1/],
  [['join'], /missing required argument 'url'/],
  [['put', 'a', 'b'], /missing required argument 'value'/],
  [['put', 'a', 'b', 'c', '--format', 'xml'], /'--format' is text or json/],
  [['get', 'a'], /missing required argument 'key'/],
  [['up', 'extra'], /too many arguments/],
])('%j is refused as wrong usage with exit code 2', async (args, message) => {
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(message);
});
