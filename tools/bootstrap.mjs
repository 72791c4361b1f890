// Runs `npm ci` when node_modules is missing or was installed from another lock file or by another Node's ABI, so that
// `npm start` and `npm test` work on a fresh clone. Only Node's own modules here. Nothing goes to standard output,
// which belongs to the command that follows.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { unlinkBinNode } from './bin-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.bootstrap`;

unlinkBinNode();
// Native bindings belong to one ABI of Node, hence its number beside the lock file's hash.
const wanted = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .update(process.versions.modules)
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  process.stderr.write('Installing the dependencies (about half a minute the first time) …\n');
  // Set by `npm run`: a JavaScript file, so that no shell and no npm.cmd is needed on Windows.
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
  const { status, error } = spawnSync(
    command,
    [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  if (error !== undefined) process.stderr.write(`npm could not be started: ${error.message}\n`);
  if (status !== 0) {
    process.stderr.write('Installing the dependencies failed; the lines above say why.\n');
    process.exit(status ?? 1);
  }
  unlinkBinNode();
  writeFileSync(stamp, wanted);
}
