import type { Kem, NodeId } from '@yakmesh/crypto';
import type { CryptoJob, CryptoJobs, JobResult } from '../../src/crypto-job.js';
import type { LinkErrorCode } from '../../src/errors.js';
import type { HandshakeAction, HandshakeOutcome, HandshakeRole } from '../../src/handshake/actions.js';
import { InitiatorMachine, type InitiatorOptions } from '../../src/handshake/initiator.js';
import { PuzzleIssuer } from '../../src/handshake/puzzle.js';
import { ResponderMachine, type ResponderOptions } from '../../src/handshake/responder.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import type { Random } from '../../src/transport/index.js';
import { NETWORK, never, SUITE, type Party } from './parties.js';

export const NOW_MS = 1_800_000_000_000;

/** How a machine ended: its outcome, its code, or still open. */
export interface Ending {
  outcome: HandshakeOutcome | undefined;
  code: string | undefined;
}

export interface Sent {
  readonly from: HandshakeRole;
  readonly bytes: Uint8Array;
}

/** What the wire makes of a message: itself, another, several, or nothing. */
export type Wire = (sent: Sent, index: number) => Uint8Array | readonly Uint8Array[] | undefined;

export interface HandshakeResult {
  readonly sent: readonly Sent[];
  readonly initiator: Ending;
  readonly responder: Ending;
}

type Machine = InitiatorMachine | ResponderMachine;

export const accept = (): LinkErrorCode | undefined => undefined;

export function initiatorOf(party: Party, options: Partial<InitiatorOptions> = {}): InitiatorMachine {
  const random: Random = new SeededRandom(`initiator ${party.self.nodeId}`);
  const defaults = { kem: SUITE, networkHash: NETWORK, self: party.self, random, deny: accept };
  return new InitiatorMachine({ ...defaults, expected: undefined, ...options });
}

export function puzzlesOf(bits = 0, random: Random = new SeededRandom('puzzles')): PuzzleIssuer {
  return new PuzzleIssuer({ random, bits: () => bits });
}

export function responderOf(party: Party, options: Partial<ResponderOptions> = {}): ResponderMachine {
  return new ResponderMachine({
    kem: SUITE,
    networkHashes: [NETWORK],
    self: party.self,
    random: new SeededRandom(`responder ${party.self.nodeId}`),
    deny: accept,
    admit: () => undefined,
    puzzles: puzzlesOf(),
    scope: '192.0.2.1',
    ...options,
  });
}

/** Runs two machines against each other until nothing is left to do. */
export async function handshake(
  initiator: InitiatorMachine,
  responder: ResponderMachine,
  jobs: { readonly initiator: CryptoJobs; readonly responder: CryptoJobs },
  wire: Wire = ({ bytes }) => bytes,
  nowMs = NOW_MS,
): Promise<HandshakeResult> {
  const sent: Sent[] = [];
  const endings = { initiator: newEnding(), responder: newEnding() };
  const machines = { initiator, responder };
  const work: { role: HandshakeRole; action: HandshakeAction }[] = [];
  const add = (role: HandshakeRole, actions: readonly HandshakeAction[]): void => {
    for (const action of actions) work.push({ role, action });
  };
  const receive = (role: HandshakeRole, bytes: Uint8Array): void =>
    add(role, machines[role].receive(bytes, nowMs));
  add('initiator', initiator.start());
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { role, action } = next;
    if (action.type === 'send') {
      const message = { from: role, bytes: action.bytes };
      const arriving = wire(message, sent.length);
      sent.push(message);
      const peer = role === 'initiator' ? 'responder' : 'initiator';
      const several = arriving === undefined || arriving instanceof Uint8Array ? [arriving] : arriving;
      for (const bytes of several) if (bytes !== undefined) receive(peer, bytes.slice());
    } else if (action.type === 'job') {
      const result = await jobs[role](action.job, never);
      add(role, machines[role].complete(action.ticket, result));
    } else settle(endings[role], action);
  }
  return { sent, ...endings };
}

function newEnding(): Ending {
  return { outcome: undefined, code: undefined };
}

function settle(
  ending: Ending,
  action: Extract<HandshakeAction, { type: 'done' | 'denied' | 'fail' }>,
): void {
  if (ending.outcome !== undefined || ending.code !== undefined) throw new Error('a machine ended twice');
  if (action.type === 'done') ending.outcome = action.outcome;
  else ending.code = action.code;
}

export const shake = (
  a: Party,
  b: Party,
  wire?: Wire,
  options: {
    expected?: NodeId;
    initiator?: Partial<InitiatorOptions>;
    responder?: Partial<ResponderOptions>;
  } = {},
): Promise<HandshakeResult> =>
  handshake(
    initiatorOf(a, { expected: options.expected, ...options.initiator }),
    responderOf(b, options.responder),
    { initiator: a.jobs, responder: b.jobs },
    wire,
  );

/** Answers of jobs by their type, so that a run can be repeated up to any step without its cost. */
export class JobLog {
  readonly #results: { readonly type: CryptoJob['type']; readonly result: JobResult }[] = [];
  readonly #jobs: CryptoJobs;
  readonly #kem: Kem;
  readonly #seed: Uint8Array;

  constructor(jobs: CryptoJobs, kem: Kem, seed: Uint8Array) {
    this.#jobs = jobs;
    this.#kem = kem;
    this.#seed = seed;
  }

  /** Does jobs and writes their results down; key pairs come from one seed. */
  readonly record: CryptoJobs = async (job, signal) => {
    if (job.type === 'generate') return { type: 'generate', keyPair: await this.#kem.fromSeed(this.#seed) };
    const result = await this.#jobs(job, signal);
    this.#results.push({ type: job.type, result: copyOf(result) });
    return result;
  };

  /** Answers from what was written down; a job of a kind that did not occur is done. */
  readonly replay: CryptoJobs = async (job, signal) => {
    if (job.type === 'generate') return { type: 'generate', keyPair: await this.#kem.fromSeed(this.#seed) };
    const found = this.#results.find(({ type }) => type === job.type);
    return found === undefined ? this.#jobs(job, signal) : copyOf(found.result);
  };
}

/** Machines wipe secrets that they were given, so every use needs its own copy. */
function copyOf(result: JobResult): JobResult {
  if (result.type === 'encapsulate')
    return { ...result, ciphertext: result.ciphertext.slice(), sharedSecret: result.sharedSecret.slice() };
  if (result.type === 'decapsulate') return { ...result, sharedSecret: result.sharedSecret.slice() };
  return result;
}

/** Machines of both roles, by what they have in common. */
export type AnyMachine = Machine;
