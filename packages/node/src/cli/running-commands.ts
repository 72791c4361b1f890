import type { Command } from 'commander';
import { addSettings, PLACE_KEYS } from './settings-flags.js';
import type { ConfigFlags } from './config-command.js';
import type { ControlFlags, ListenFlags, PutFlags, SendFlags } from './control-commands.js';
import { numberOf } from './number-of.js';
import { PASSPHRASE_VARIABLE } from './passphrase.js';
import type { UpFlags } from './up-command.js';

/** Nobody counts further. */
const COUNT_MAX = 1_000_000_000;

/** Adds the commands that run a node and talk to it. Each is loaded when it is called: the demo needs no database. */
export function addRunningCommands(program: Command): void {
  addUp(program);
  addConfig(program);
  addTalking(program);
  addSend(program);
  addRecords(program);
  addListen(program);
}

function addUp(program: Command): void {
  const up = program
    .command('up')
    .summary('run a node until it is told to stop')
    .description(
      'Runs the node of a data directory in the foreground. Ctrl-C or SIGTERM stops it in order, a second one at once. Its identity file is ' +
        `made where there is none, as by "yakmesh id": the passphrase is asked for at the terminal or taken from ${PASSPHRASE_VARIABLE}. ` +
        'A setting is taken from its flag, else from the variable of the environment in brackets, else from the configuration file.',
    )
    .option('--no-passphrase', 'make a missing identity file in the clear: whoever reads it is this node');
  addSettings(up)
    .allowExcessArguments(false)
    .action(async (flags: UpFlags) => (await import('./up-command.js')).runUp(flags));
}

function addConfig(program: Command): void {
  const config = program
    .command('config')
    .summary('show what a node would go by, and why')
    .description(
      'Prints each setting and where it comes from. All that is wrong with any source is said at once.',
    )
    .option('--json', 'print one JSON object');
  addSettings(config)
    .allowExcessArguments(false)
    .action(async (flags: ConfigFlags) => (await import('./config-command.js')).runConfig(flags));
}

function addTalking(program: Command): void {
  const join = program
    .command('join')
    .summary('tell the running node to connect to an endpoint')
    .description('The node keeps the connection from then on, and dials again when it is lost.')
    .argument('<url>', 'ws://host:port or wss://host, with #yak1… for the expected node');
  talking(join).action(async (url: string, flags: ControlFlags) => (await commands()).runJoin(url, flags));
  const peers = program.command('peers').summary('list the neighbours of the running node');
  talking(peers).action(async (flags: ControlFlags) => (await commands()).runPeers(flags));
  const status = program.command('status').summary('say how the running node is');
  talking(status).action(async (flags: ControlFlags) => (await commands()).runStatus(flags));
  const stop = program.command('stop').summary('stop the running node, and wait until it has stopped');
  talking(stop).action(async (flags: ControlFlags) => (await commands()).runStop(flags));
}

function addSend(program: Command): void {
  const send = program
    .command('send')
    .summary('let the running node send a message')
    .usage('[options] <nodeId> <message>\n       yakmesh send [options] --all <message>')
    .argument('<words...>', 'the destination, as yak1…, and the message; with --all the message alone')
    .option('--all', 'broadcast it to all')
    .option('--ack', "wait for the destination's acknowledgement, where the mesh has such")
    .option('--format <format>', 'text, or json for a message that is JSON', 'text');
  talking(send).action(async (words: string[], flags: SendFlags, command: Command) => {
    const wanted = flags.all === true ? 1 : 2;
    if (words.length !== wanted)
      command.error(
        `error: give ${wanted === 1 ? 'one message with --all' : 'a node id and a message, or --all'}.`,
      );
    if (flags.all === true && flags.ack === true)
      command.error("error: option '--ack' is for one destination: a broadcast has none.");
    requireFormat(flags.format, command);
    await (await commands()).runSend(words, flags);
  });
}

function addRecords(program: Command): void {
  const put = program
    .command('put')
    .summary('let the running node write a record that all nodes of the mesh keep')
    .description('The first node that writes a key of a collection owns it: only that node may change it.')
    .argument('<collection>', '1 to 64 characters of printable ASCII without spaces')
    .argument('<key>', '1 to 256 bytes of text')
    .argument('<value>', 'what the record says')
    .option('--format <format>', 'text, or json for a value that is JSON', 'text');
  talking(put).action(
    async (collection: string, key: string, value: string, flags: PutFlags, command: Command) => {
      requireFormat(flags.format, command);
      await (await commands()).runPut(collection, key, value, flags);
    },
  );
  const get = program
    .command('get')
    .summary('show a record that the running node holds, and who wrote it')
    .argument('<collection>', 'the collection')
    .argument('<key>', 'the key');
  talking(get).action(async (collection: string, key: string, flags: ControlFlags) =>
    (await commands()).runGet(collection, key, flags),
  );
}

function requireFormat(format: string, command: Command): void {
  if (format !== 'text' && format !== 'json') command.error("error: option '--format' is text or json.");
}

function addListen(program: Command): void {
  const listen = program
    .command('listen')
    .summary('show what arrives at the running node')
    .option('--count <messages>', 'end after so many messages', numberOf(1, COUNT_MAX, true));
  talking(listen).action(async (flags: ListenFlags) => (await commands()).runListen(flags));
}

function talking(command: Command): Command {
  return addSettings(command.option('--json', 'print JSON'), PLACE_KEYS).allowExcessArguments(false);
}

function commands(): Promise<typeof import('./control-commands.js')> {
  return import('./control-commands.js');
}
