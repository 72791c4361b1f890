// Child processes of the tools: one that must succeed, and Nx's build with its output kept off standard output.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/** A build that takes longer than this says that it runs. */
const PROGRESS_AFTER_MS = 1_000;
/** Output of one child kept for its error message: the widest tool, attw, prints some hundred kilobytes. */
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Runs a command and answers its standard output; throws with everything it printed where it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX, ...options });
  if (result.error === undefined && result.status === 0) return result.stdout;
  const why = result.error?.message ?? (result.signal === null ? `exit ${result.status}` : result.signal);
  throw new Error(
    `${[command, ...args].join(' ')}: ${why}\n${result.stdout ?? ''}${result.stderr ?? ''}`.trim(),
  );
}

/** Runs npm as the `npm run` above us does it: by its JavaScript file where that is known. */
export function npm(args, options = {}) {
  const file = process.env.npm_execpath;
  const [command, ...first] = file === undefined ? ['npm'] : [process.execPath, file];
  return run(command, [...first, ...args, '--loglevel=error'], options);
}

/** The environment without what the `npm run` above us put there, for npm in a project of its own. */
export function outsideNpm() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!execpath$)/i.test(name)),
  );
}

/**
 * Builds the named packages, or all, and what they depend on, through Nx. Standard output stays untouched; what failed
 * is shown on standard error.
 */
export async function build(names) {
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const projects = names === undefined ? [] : ['--projects', names.join(',')];
  const child = spawn(
    process.execPath,
    [nx, 'run-many', '-t', 'build', ...projects, '--output-style=static'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const startedMs = performance.now();
  const progress = startProgress('Building the packages', startedMs);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  progress.stop();
  if (status === 0) return;
  process.stderr.write(Buffer.concat(output));
  throw new Error('The build failed; its output is above.');
}

/** A line on standard error once something takes over a second: counting on a terminal, said once elsewhere. */
function startProgress(title, startedMs) {
  let isShown = false;
  const show = () => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    if (process.stderr.isTTY) process.stderr.write(`\r${title} … ${seconds} s`);
    else if (!isShown) process.stderr.write(`${title} …\n`);
    isShown = true;
  };
  const timer = setInterval(show, PROGRESS_AFTER_MS);
  return {
    stop() {
      clearInterval(timer);
      if (isShown && process.stderr.isTTY) process.stderr.write('\n');
    },
  };
}
