// Uses a pool in a process of its own and prints what came of it: `node pool-check.mjs <module> [provider]`.
const [, , module, provider = 'auto'] = process.argv;
const { CryptoPool, Identity, solvesHashPuzzle } = await import(module);

const context = new TextEncoder().encode('check/1');
const message = new TextEncoder().encode('message');
const identity = await Identity.generate();
const pool = new CryptoPool({ provider });
const signature = await pool.sign(identity, message, { context });
const valid = await pool.verify(identity.publicKey, message, signature, context);
const invalid = await pool.verify(identity.publicKey, context, signature, context);
const solved = solvesHashPuzzle(context, 12, await pool.solvePuzzle(context, 12));
const { mode } = pool;
const pending = pool.sign(identity, message, { context }).catch((error) => error.code);
await pool.close();
await pool.close();
const resources = process
  .getActiveResourcesInfo()
  .filter((name) => !/PipeWrap|TTYWrap|ProcessWrap/.test(name));

// An idle pool that nobody closes must not keep the process alive either: if it did, this process would hang.
const left = new CryptoPool({ provider });
await left.verify(identity.publicKey, message, signature, context);
console.log(JSON.stringify({ mode, valid, invalid, solved, pending: await pending, resources }));
