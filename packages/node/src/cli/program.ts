import { Command } from 'commander';
import { packageVersion } from '../package-place.js';
import { runDemoCommand, type DemoFlags } from './demo-command.js';
import { runDoctor, type DoctorFlags } from './doctor-command.js';
import { defaultIdentityPath, runId, type IdFlags } from './id-command.js';
import { numberOf } from './number-of.js';
import { PASSPHRASE_VARIABLE } from './passphrase.js';
import { addRunningCommands } from './running-commands.js';

/** One node has nobody to talk to. */
const NODES_MIN = 2;
/** Each is a process of about 90 MB, and everybody links to everybody. */
const NODES_MAX = 16;
const NODES_DEFAULT = 5;
/** A tour takes about three seconds; a loaded machine gets plenty more. */
const TIMEOUT_SECONDS_DEFAULT = 60;
const TIMEOUT_SECONDS_MAX = 3_600;

/** The `yakmesh` command. It throws a CommanderError instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('yakmesh')
    .description('A node of a peer-to-peer mesh with post-quantum identities, links and signed gossip.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput({ outputError: (text, write) => write(`yakmesh: USAGE: ${usageLine(text)}`) })
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed (one line with a code on stderr), 2 used or configured wrongly, 3 no node runs, 130 broken off.',
    );
  addDemo(program);
  addId(program);
  addDoctor(program);
  addRunningCommands(program);
  return program;
}

function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('five nodes on this machine that meet, gossip and show what you type')
    .description(
      'Starts nodes as processes of their own, each with a fresh identity, on loopback only. They shake hands, gossip ' +
        'and send directly, and every claim is checked; then each line that you type is told by node 1 ("2: text": by ' +
        'node 2) and shown by all others. /quit, Ctrl-D or Ctrl-C stops all of them.',
    )
    .option(
      '--nodes <count>',
      `number of nodes, ${NODES_MIN} to ${NODES_MAX}`,
      numberOf(NODES_MIN, NODES_MAX, true),
      NODES_DEFAULT,
    )
    .option('--once', 'run the tour unattended and exit with 0 or 1')
    .option(
      '--json',
      'with --once: print one JSON report {ok, steps: [{name, ok, ms, detail}]}, progress on stderr',
    )
    .option(
      '--timeout <seconds>',
      'time for the whole tour',
      numberOf(0.001, TIMEOUT_SECONDS_MAX, false),
      TIMEOUT_SECONDS_DEFAULT,
    )
    .allowExcessArguments(false)
    .action(async (flags: DemoFlags, command: Command) => {
      if (flags.json === true && flags.once !== true) command.error("error: option '--json' needs '--once'.");
      await runDemoCommand(flags);
    });
}

function addId(program: Command): void {
  program
    .command('id')
    .summary('create an identity file, or show whose it is')
    .description(
      'Creates an identity file of mode 0600 where there is none, and prints the node id. Never overwrites a file. ' +
        `The passphrase that seals it is asked for at the terminal, or taken from ${PASSPHRASE_VARIABLE}.`,
    )
    .argument('[file]', `the identity file (default: ${defaultIdentityPath()})`)
    .option('--no-passphrase', 'store a new identity in the clear: whoever reads the file is this node')
    .option('--check', 'open the file, which must exist, and check that it is whole')
    .option('--json', 'print one JSON object')
    .allowExcessArguments(false)
    .action((file: string | undefined, flags: IdFlags) => runId(file, flags));
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('say whether and how a node works here')
    .description(
      'Reports who computes what, how fast signatures are, the codebase fingerprint with its parts, and the limits.',
    )
    .option('--include <path...>', "files or folders of your application's own for the codebase fingerprint")
    .option('--json', 'print one JSON object')
    .allowExcessArguments(false)
    .action((flags: DoctorFlags) => runDoctor(flags));
}

/** Commander's text as one line, without its own prefix. */
function usageLine(text: string): string {
  return `${text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim()} See --help.\n`;
}
