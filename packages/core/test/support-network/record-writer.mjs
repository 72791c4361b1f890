// Writes records one after the other until it is killed, on a store in a file: <file> <seed in hex> <first key> [endpoint to join]. Says `kept <key>` for each that
// it has acknowledged, and `has <fingerprint> <count>` for what it found at its start.
import { hexToBytes, Identity } from '@yakmesh/crypto';
import { MeshNetwork } from '@yakmesh/core';
import { fileStore } from './file-store.mjs';

const [path, seed, first, endpoint] = process.argv.slice(2);
const store = await fileStore(path);
const mesh = new MeshNetwork(await Identity.fromSeed(hexToBytes(seed)), {
  wsPort: 0,
  host: '127.0.0.1',
  store,
});
await mesh.start();
const { fingerprint, size } = mesh.records;
console.log(`has ${fingerprint} ${size}`);
mesh.records.onChange(({ record, isRemote }) => isRemote && console.log(`heard ${record.key}`));
if (endpoint !== undefined) await mesh.connect(endpoint);
for (let key = Number(first); ; key += 1) {
  // Now in a batch, now alone, sometimes in chunks.
  const keys = key % 3 === 0 ? [`${key}`, `${key}/second`, `${key}/third`] : [`${key}`];
  const value = key % 10 === 5 ? 'x'.repeat(60_000) : `value of ${key}`;
  await Promise.all(
    keys.map(async (each) => {
      await mesh.replicate({ collection: 'written', key: each, value });
      console.log(`kept ${each}`);
    }),
  );
}
