// `npm start`: builds what is not built, then runs `yakmesh demo` with the arguments given after `--`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { build } from './processes.mjs';
import { root } from './workspace.mjs';

const cli = join(root, 'packages/node/dist/cli.js');

try {
  await build();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
if (!existsSync(cli)) {
  process.stderr.write(`The build left no ${cli}.\n`);
  process.exit(1);
}

const child = spawn(process.execPath, [cli, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches the whole process group, so the demo hears it by itself: we only outlive it, for its exit code.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`The demo could not be started: ${error.message}\n`);
  process.exitCode = 1;
});
child.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
