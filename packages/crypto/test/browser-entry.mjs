// What the browser test bundles and runs: the suites, and a few things as an application would do them.
import * as api from '../dist/index.js';
import { crossCases } from './cross-suite.mjs';
import { vectorCases } from './vector-suite.mjs';

const ROUNDS = 5;

const loadVectors = async (name) => (await fetch(`/vectors/${name}`)).json();

/** As an application would: an identity, sealed and opened, a pool, a batch, a sealed message. */
async function application() {
  const context = api.utf8ToBytes('browser/1');
  const identity = await api.Identity.generate();
  const pool = new api.CryptoPool();
  const sign = (message, signContext) => pool.sign(identity, message, { context: signContext });
  const verify = (key, message, signature, verifyContext, signal) =>
    pool.verify(key, message, signature, verifyContext, { signal });
  const netFp = new Uint8Array(32);
  const signer = new api.BatchSigner({ identity, netFp, sign, now: Date.now, randomBytes: api.randomBytes });
  const [{ batch }] = await Promise.all([signer.add('gossip', context), signer.add('gossip', netFp)]);
  const verifier = new api.BatchVerifier({ netFp, verify, now: Date.now });
  const root = await verifier.verifyHead('gossip', identity.publicKey, batch.head, batch.signature, 'me');
  const restored = await api.Identity.unseal(await identity.seal('passphrase'), 'passphrase');
  const solution = await pool.solvePuzzle(context, 12);
  const { mode } = pool;
  await pool.close();
  return {
    mode,
    count: root?.count,
    isRestored: restored.nodeId === identity.nodeId,
    isSolved: api.solvesHashPuzzle(context, 12, solution),
  };
}

/** Runs everything and answers a report. */
export async function runSuites() {
  const auto = await api.autoProvider();
  const noble = api.nobleProvider;
  const native = Object.keys((await api.nativeProvider()) ?? {}).filter((key) => key !== 'name');
  const suites = [
    ...vectorCases({ api, provider: auto }, loadVectors),
    ...crossCases({ api, here: auto, there: noble, rounds: ROUNDS }),
  ];
  const failed = [];
  let passed = 0;
  for (const { name, run } of suites) {
    try {
      await run();
      passed++;
    } catch (error) {
      failed.push(`${name}: ${error.message}`);
    }
  }
  return { native, passed, failed, application: await application(), report: await api.cryptoReport() };
}
