// Operations per second of every primitive, on this Node and, by running itself there, on the newest.
import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as crypto from '../dist/index.js';

const { randomBytes, utf8ToBytes } = crypto;

/** Long enough that the clock's grain and one garbage collection do not show. */
const SAMPLE_MS = 200;
const WARM_UP_MS = 50;

const context = utf8ToBytes('bench/1');
const netFp = new Uint8Array(32);

/** Calls the work for a while and answers how often a second it went; `each` units of work a call. */
async function rate(work, each = 1) {
  const time = async (ms) => {
    const startMs = performance.now();
    let count = 0;
    for (; performance.now() - startMs < ms; count++) await work();
    return (count * each * 1_000) / (performance.now() - startMs);
  };
  await time(WARM_UP_MS);
  return time(SAMPLE_MS);
}

/** For synchronous work, where waiting for a promise would cost more than the work. */
async function rateSync(work) {
  return rate(() => {
    for (let i = 0; i < 100; i++) work();
  }, 100);
}

function solved(prefix, bits) {
  const solver = new crypto.HashPuzzleSolver(prefix, bits);
  for (;;) {
    const solution = solver.work(1_000);
    if (solution !== undefined) return solution;
  }
}

function symmetric() {
  const [key, nonce, prk] = [randomBytes(32), randomBytes(12), randomBytes(64)];
  const kilobyte = randomBytes(1_024);
  const chunk = randomBytes(16_384);
  const sealed = crypto.aes256GcmSeal(key, nonce, kilobyte);
  const [batchId, salt] = [randomBytes(32), randomBytes(16)];
  const leaves = Array.from({ length: 256 }, () => randomBytes(32));
  const ids = [crypto.encodeNodeId(key)];
  const solver = new crypto.HashPuzzleSolver(key, 28);
  const solution = solved(key, 16);
  return [
    ['SHA-256 of 106 B', () => rateSync(() => crypto.sha256(kilobyte.subarray(0, 106)))],
    ['SHA-512 of 1 KiB', () => rateSync(() => crypto.sha512(kilobyte))],
    ['HKDF-Expand-SHA-512 to 32 B', () => rateSync(() => crypto.hkdfExpandSha512(prk, nonce, 32))],
    ['AES-256-GCM seal 1 KiB', () => rateSync(() => crypto.aes256GcmSeal(key, nonce, kilobyte))],
    ['AES-256-GCM open 1 KiB', () => rateSync(() => crypto.aes256GcmOpen(key, nonce, sealed))],
    ['AES-256-GCM seal 16 KiB', () => rateSync(() => crypto.aes256GcmSeal(key, nonce, chunk))],
    ['batch leaf of 1 KiB', () => rateSync(() => crypto.leafHash(batchId, 1, salt, kilobyte))],
    ['batch root of 256 leaves', () => rate(() => crypto.merkleRoot(batchId, leaves))],
    ['puzzle candidates', () => rate(() => solver.work(1_000), 1_000)],
    ['puzzle of 16 bits checked', () => rateSync(() => crypto.solvesHashPuzzle(key, 16, solution))],
    ['node id decoded', () => rateSync(() => crypto.decodeNodeId(ids[0]))],
  ];
}

async function asymmetric() {
  const identity = await crypto.Identity.generate();
  const message = randomBytes(112);
  const signature = await identity.sign(message, { context });
  const seed = identity.exportSeed();
  const kems = [];
  for (const kem of [crypto.xWing, crypto.mlKem768]) {
    const pair = await kem.generate();
    const { ciphertext } = await kem.encapsulate(pair.publicKey);
    kems.push(
      [`${kem.name} key generation`, () => rate(() => kem.generate())],
      [`${kem.name} encapsulation`, () => rate(() => kem.encapsulate(pair.publicKey))],
      [`${kem.name} decapsulation`, () => rate(() => pair.decapsulate(ciphertext))],
    );
  }
  const verify = () => crypto.verifySignature(identity.publicKey, message, signature, context);
  return [
    ['ML-DSA-65 key generation', () => rate(() => crypto.Identity.fromSeed(seed))],
    ['ML-DSA-65 signature', () => rate(() => identity.sign(message, { context }))],
    ['ML-DSA-65 verification', () => rate(verify)],
    ...kems,
  ];
}

/** Signing through a pool as core does it: bursts of 1 KiB messages, whole batches, the event loop watched. */
async function pooled() {
  const identity = await crypto.Identity.generate();
  const pool = new crypto.CryptoPool();
  const sign = (message, signContext) => pool.sign(identity, message, { context: signContext });
  const signer = new crypto.BatchSigner({ identity, netFp, sign, now: Date.now, randomBytes });
  const message = randomBytes(1_024);
  const burst = () => Promise.all(Array.from({ length: 256 }, () => signer.add('gossip', message)));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cases = [
    [
      'messages of 1 KiB signed in batches of 256 through a pool',
      async () => {
        delay.enable();
        return rate(burst, 256);
      },
    ],
  ];
  const finish = async () => {
    delay.disable();
    await pool.close();
    return { delayMs: delay.percentile(99) / 1e6, mode: pool.mode };
  };
  return { cases, finish };
}

async function measure({ runs, median, spread, log }) {
  const provider = (await crypto.nativeProvider())?.mlDsa65 === undefined ? 'noble' : 'native';
  const where = `Node ${process.versions.node}, ${provider}`;
  const pool = await pooled();
  const results = [];
  for (const [name, sample] of [...symmetric(), ...(await asymmetric()), ...pool.cases]) {
    log(`  ${where}: ${name}`);
    const values = [];
    for (let run = 0; run < runs; run++) values.push(await sample());
    results.push({ name: `${name} (${where})`, value: median(values), unit: '/s', spread: spread(values) });
  }
  const { delayMs, mode } = await pool.finish();
  const name = `event-loop delay p99 while a pool signs, ${mode} (${where})`;
  return [...results, { name, value: delayMs, unit: 'ms', spread: null }];
}

async function measureIn(executable, runs) {
  const { stdout } = await promisify(execFile)(executable, [
    fileURLToPath(import.meta.url),
    '--runs',
    String(runs),
  ]);
  return JSON.parse(stdout);
}

export default {
  name: 'primitives of @yakmesh/crypto',
  async run(bench) {
    const here = await measure(bench);
    if (bench.newestNode === undefined) return here;
    bench.log('  the same on the newest Node …');
    return [...here, ...(await measureIn(bench.newestNode, bench.runs))];
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { median, spread } = await import('../../../tools/statistics.mjs');
  const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 5;
  console.log(JSON.stringify(await measure({ runs, median, spread, log: () => undefined })));
}
