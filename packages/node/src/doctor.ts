import { MESH_DEFAULTS } from '@yakmesh/core';
import {
  BROADCAST_PAYLOAD_BYTES_MAX,
  codeOf,
  DIRECT_PAYLOAD_BYTES_MAX,
  HOLDS_MAX,
  MESSAGE_LIFE_MS,
  TTL_MAX,
} from '@yakmesh/core/transport';
import { cryptoReport, CryptoPool, Identity, utf8ToBytes, type CryptoReportEntry } from '@yakmesh/crypto';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { describeCodebase, type Codebase, type CodebaseOptions } from './codebase-fingerprint.js';
import { packageVersion } from './package-place.js';

/** A fixed bound that people run into. */
export interface DoctorLimit {
  readonly name: string;
  readonly value: number;
  /** 'bytes', 'ms', 'links', 'ports', … */
  readonly unit: string;
}

/** How signing and verifying run here. */
export interface DoctorPool {
  /** As the pool says after it has really worked: 'workers', 'native-async' or 'in-thread'. */
  readonly mode: string;
  /** Time of one signature and its verification, in milliseconds, with a worker already running. */
  readonly roundTripMs: number;
}

/** What `yakmesh doctor` finds out. */
export interface DoctorReport {
  /** False if a node could not work here. */
  readonly ok: boolean;
  readonly yakmesh: string;
  readonly node: string;
  readonly system: string;
  readonly processors: number;
  readonly crypto: readonly CryptoReportEntry[];
  /** Undefined when signing failed; `problems` says why. */
  readonly pool?: DoctorPool | undefined;
  /** Who masks WebSocket frames: 'bufferutil' where its binary loads, else 'ws'. */
  readonly masking: 'bufferutil' | 'ws';
  /** Undefined when it could not be hashed. */
  readonly codebase?: Codebase | undefined;
  readonly limits: readonly DoctorLimit[];
  /** What makes a node impossible here, a sentence each, with a code. */
  readonly problems: readonly string[];
  /** What only costs speed, a sentence each. */
  readonly advice: readonly string[];
}

/** The oldest Node that the cryptography runs on. */
const NODE_MIN: readonly [number, number] = [20, 19];

/** Looks at this machine: who computes what, how fast signatures are, what code is installed, and which limits hold. */
export async function examine(options: CodebaseOptions = {}): Promise<DoctorReport> {
  const problems: string[] = [];
  const found = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(
        `${codeOf(error) ?? 'UNEXPECTED'}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  };
  if (!isNodeNewEnough(process.versions.node))
    problems.push(
      `NODE_TOO_OLD: Node ${process.versions.node} runs this; it needs ${NODE_MIN.join('.')} or later.`,
    );
  const crypto = (await found(cryptoReport)) ?? [];
  const pool = await found(tryPool);
  const codebase = await found(() => describeCodebase(options));
  return {
    ok: problems.length === 0,
    yakmesh: packageVersion(),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    processors: availableParallelism(),
    crypto,
    pool,
    masking: masking(),
    codebase,
    limits: limits(),
    problems,
    advice: advice(crypto, pool),
  };
}

function isNodeNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

/** Signs and verifies for real: only then is it known whether workers start here. */
async function tryPool(): Promise<DoctorPool> {
  const pool = new CryptoPool();
  const identity = await Identity.generate();
  const context = utf8ToBytes('yakmesh/doctor');
  const message = utf8ToBytes('The doctor listens.');
  const roundTrip = async (): Promise<boolean> => {
    const signature = await pool.sign(identity, message, { context });
    return pool.verify(identity.publicKey, message, signature, context);
  };
  try {
    await roundTrip();
    const startedMs = performance.now();
    if (!(await roundTrip())) throw new Error('A signature made here does not verify here.');
    return { mode: pool.mode, roundTripMs: Math.round((performance.now() - startedMs) * 10) / 10 };
  } finally {
    await pool.close();
    identity.destroy();
  }
}

function masking(): DoctorReport['masking'] {
  try {
    createRequire(import.meta.url)('bufferutil');
    return 'bufferutil';
  } catch {
    return 'ws'; // An optional dependency without a binary for this machine is nothing to worry about.
  }
}

function limits(): DoctorLimit[] {
  return [
    { name: 'neighbours of a node (maxPeers, default)', value: MESH_DEFAULTS.maxPeers, unit: 'links' },
    { name: 'first port (wsPort, default)', value: MESH_DEFAULTS.wsPort, unit: 'port' },
    { name: 'ports tried after it (portRetries, default)', value: MESH_DEFAULTS.portRetries, unit: 'ports' },
    {
      name: 'silence before a neighbour is asked (pingInterval, default)',
      value: MESH_DEFAULTS.pingInterval,
      unit: 'ms',
    },
    { name: 'payload of a broadcast', value: BROADCAST_PAYLOAD_BYTES_MAX, unit: 'bytes' },
    { name: 'payload of a direct message', value: DIRECT_PAYLOAD_BYTES_MAX, unit: 'bytes' },
    { name: 'links that a message crosses', value: TTL_MAX, unit: 'links' },
    { name: 'life of a message (default)', value: MESSAGE_LIFE_MS, unit: 'ms' },
    { name: 'links held beyond maxPeers', value: HOLDS_MAX, unit: 'links' },
  ];
}

function advice(crypto: readonly CryptoReportEntry[], pool: DoctorPool | undefined): string[] {
  const isPortable = crypto.some(
    ({ algorithm, provider }) => algorithm === 'ML-DSA-65' && provider === 'noble',
  );
  return [
    ...(isPortable
      ? ['Signatures run in portable JavaScript; Node 24.8 or later makes them about ten times faster.']
      : []),
    ...(pool?.mode === 'in-thread'
      ? ['Signatures run on the event loop, because no worker thread starts here.']
      : []),
  ];
}
