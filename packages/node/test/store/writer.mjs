// Writes numbers to a store with sync, and tells each on standard output once it is acknowledged. The test kills it.
import { writeSync } from 'node:fs';
import { openStore } from '../../dist/index.js';

const [folder, first] = process.argv.slice(2);
const store = await openStore(folder);
for (let number = Number(first); ; number += 1) {
  const key = String(number).padStart(12, '0');
  const value = new TextEncoder().encode(`value of ${number}`.padEnd(300, '.'));
  await store.batch(
    [
      { type: 'put', key: `data/${key}`, value },
      { type: 'put', key: 'last', value },
    ],
    { sync: true },
  );
  writeSync(1, `${number}\n`);
}
