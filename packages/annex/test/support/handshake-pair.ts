import { SeededRandom } from '@yakmesh/core/testing';
import type { CryptoJob, CryptoJobs, JobResult } from '../../src/crypto-job.js';
import type { ChannelRole, HandshakeAction, HandshakeOutcome } from '../../src/handshake/actions.js';
import { InitiatorMachine, type InitiatorOptions } from '../../src/handshake/initiator-machine.js';
import { decodeOpen } from '../../src/handshake/messages.js';
import { ResponderMachine, type ResponderOptions } from '../../src/handshake/responder-machine.js';
import { decodeReopen } from '../../src/handshake/resumption-messages.js';
import { addressOf, NETWORK, SUITE, type Party } from './parties.js';

export const NOW_MS = 1_000;

export interface Ending {
  outcome: HandshakeOutcome | undefined;
  code: string | undefined;
  readonly ignored: string[];
}

export interface Sent {
  readonly from: ChannelRole;
  readonly bytes: Uint8Array;
}

/** What the wire makes of a message: itself, another, several, or nothing. */
export type Wire = (sent: Sent, index: number) => Uint8Array | readonly Uint8Array[] | undefined;

export interface HandshakeResult {
  readonly sent: readonly Sent[];
  readonly initiator: Ending;
  readonly responder: Ending;
}

export interface ShakeOptions {
  readonly initiator?: Partial<InitiatorOptions>;
  readonly responder?: Partial<ResponderOptions>;
  readonly jobs?: { readonly initiator: CryptoJobs; readonly responder: CryptoJobs };
}

export function initiatorOf(a: Party, b: Party, options: Partial<InitiatorOptions> = {}): InitiatorMachine {
  return new InitiatorMachine({
    kem: SUITE,
    networkHash: NETWORK,
    self: a.self,
    peer: addressOf(b),
    isAnonymous: false,
    random: new SeededRandom(`initiator ${a.self.nodeId}`),
    nowMs: NOW_MS,
    ...options,
  });
}

/** The machine that answers an OPEN or a REOPEN; undefined where the bytes are none, as a hub drops them. */
export function responderOf(
  b: Party,
  openBytes: Uint8Array,
  options: Partial<ResponderOptions> = {},
): ResponderMachine | undefined {
  const open = decodeOpen(openBytes) ?? decodeReopen(openBytes)?.open;
  if (open === undefined || open.suite !== SUITE.suite) return undefined;
  return new ResponderMachine({
    kem: SUITE,
    networkHash: NETWORK,
    self: b.self,
    random: new SeededRandom(`responder ${b.self.nodeId}`),
    open,
    openBytes,
    nowMs: NOW_MS,
    ...options,
  });
}

/** Runs a call against an answering machine, which the first OPEN makes, until nothing is left to do. */
export async function shake(
  a: Party,
  b: Party,
  wire: Wire = ({ bytes }) => bytes,
  options: ShakeOptions = {},
): Promise<HandshakeResult> {
  const sent: Sent[] = [];
  const endings = { initiator: newEnding(), responder: newEnding() };
  const initiator = initiatorOf(a, b, options.initiator);
  let responder: ResponderMachine | undefined;
  const jobs = options.jobs ?? { initiator: a.jobs, responder: b.jobs };
  const work: { role: ChannelRole; action: HandshakeAction }[] = [];
  const add = (role: ChannelRole, actions: readonly HandshakeAction[]): void => {
    for (const action of actions) work.push({ role, action });
  };
  const receive = (role: ChannelRole, bytes: Uint8Array): void => {
    if (role === 'initiator') return add(role, initiator.receive(bytes, NOW_MS));
    if (responder !== undefined) return add(role, responder.receive(bytes));
    responder = responderOf(b, bytes, options.responder);
    if (responder !== undefined) add(role, responder.start());
  };
  add('initiator', initiator.start());
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { role, action } = next;
    if (action.type === 'send') {
      const message = { from: role, bytes: action.bytes.slice() };
      const arriving = wire(message, sent.length);
      sent.push(message);
      const peer = role === 'initiator' ? 'responder' : 'initiator';
      const several = arriving === undefined || arriving instanceof Uint8Array ? [arriving] : arriving;
      for (const bytes of several) if (bytes !== undefined) receive(peer, bytes.slice());
    } else if (action.type === 'job') {
      const result = await jobs[role](action.job);
      const machine = role === 'initiator' ? initiator : responder;
      add(role, machine?.complete(action.ticket, result, NOW_MS) ?? []);
    } else if (action.type === 'ignored') endings[role].ignored.push(action.code);
    else if (action.type === 'done') endings[role].outcome = action.outcome;
    else endings[role].code = action.code;
  }
  return { sent, ...endings };
}

function newEnding(): Ending {
  return { outcome: undefined, code: undefined, ignored: [] };
}

/** Answers of jobs by their type, so that a run can be repeated up to any step without its cost. */
export class JobLog {
  readonly #results: { readonly type: CryptoJob['type']; readonly result: JobResult }[] = [];
  readonly #jobs: CryptoJobs;
  readonly #seed: Uint8Array;

  constructor(jobs: CryptoJobs, seed: Uint8Array) {
    this.#jobs = jobs;
    this.#seed = seed;
  }

  readonly record: CryptoJobs = async (job) => {
    if (job.type === 'generate') return { type: 'generate', keyPair: await SUITE.fromSeed(this.#seed) };
    const result = await this.#jobs(job);
    this.#results.push({ type: job.type, result: copyOf(result) });
    return result;
  };

  /** Answers from what was written down; a verification is always done anew. */
  readonly replay: CryptoJobs = async (job) => {
    if (job.type === 'generate') return { type: 'generate', keyPair: await SUITE.fromSeed(this.#seed) };
    const isCheck = job.type === 'verify' || job.type === 'verify-slot' || job.type === 'decapsulate';
    const found = isCheck ? undefined : this.#results.find(({ type }) => type === job.type);
    return found === undefined ? this.#jobs(job) : copyOf(found.result);
  };
}

/** Machines wipe secrets that they were given, so every use needs its own copy. */
function copyOf(result: JobResult): JobResult {
  if (result.type === 'encapsulate')
    return { ...result, ciphertext: result.ciphertext.slice(), sharedSecret: result.sharedSecret.slice() };
  if (result.type === 'decapsulate') return { ...result, sharedSecret: result.sharedSecret.slice() };
  return result;
}
