// Identity files: what is read without a passphrase has exactly one encoding, and a damaged file is refused by one code.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes, Identity } from '@yakmesh/crypto';
import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodePlainIdentity, encodePlainIdentity } from '../dist/plain-identity.js';
import { readIdentitySummary } from '../dist/index.js';

async function prepare() {
  const folder = mkdtempSync(join(tmpdir(), 'yakmesh-fuzz-'));
  const identity = await Identity.fromSeed(new Uint8Array(32).fill(1));
  const plain = encodePlainIdentity({ nodeIdBytes: identity.nodeIdBytes, seed: identity.exportSeed() });
  const sealed = await identity.seal('passphrase');
  const close = () => rmSync(folder, { recursive: true, force: true });
  return { samples: [plain, sealed], path: join(folder, 'identity'), close };
}

/** One input in so many is also read as a file, which takes a hundred times as long. */
const FILE_SHARE = 64;

export default target({
  name: 'identity files',
  prepare,
  decoders: {
    decodePlainIdentity: (bytes) => {
      const plain = decodePlainIdentity(bytes);
      if (plain !== undefined)
        must(equalBytes(encodePlainIdentity(plain), bytes), 'a plain identity has one encoding');
    },
  },
  check: async (bytes, { path }, random) => {
    if (random(FILE_SHARE) !== 0) return;
    writeFileSync(path, bytes, { mode: 0o600 });
    const found = await readIdentitySummary(path).catch((error) => error);
    must(found.nodeId?.length === 62 || found.code === 'IDENTITY_BAD_FILE', `no other end than ${found}`);
  },
});
