// The newest Node, which the tests run beside the installed one, comes as an npm package that links itself as
// `node_modules/.bin/node`. npm scripts have that folder first on their PATH, so every script would silently run on it
// instead of the Node that the person installed. It is addressed by its full path, so the link goes.
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export function unlinkBinNode() {
  rmSync(new URL('../node_modules/.bin/node', import.meta.url), { force: true });
}

const isMain = process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href;
if (isMain) unlinkBinNode();
