import { bytesKey, decodeBatchHead, type BatchUse, type SignedBatch } from '@yakmesh/crypto';
import type { CryptoJob, CryptoJobs, JobResult } from '../../src/crypto-job.js';
import { parcelBytes, Tree, type Batch, type BatchMessage, type Parcel } from '../../src/envelope/batch.js';
import { encodeEnvelope, leafMessage, messageId, type Envelope } from '../../src/envelope/envelope.js';
import { encodePayload } from '../../src/envelope/payload.js';
import { ReplayState } from '../../src/envelope/replay-state.js';
import type { HandshakeOutcome, HandshakeRole } from '../../src/handshake/actions.js';
import { decodeParams, type LinkParams } from '../../src/handshake/params.js';
import type { LinkInfo } from '../../src/link/control-frames.js';
import { KeyCache } from '../../src/link/key-cache.js';
import type { LinkAction } from '../../src/link/link-actions.js';
import { LinkMachine, type LinkMachineOptions } from '../../src/link/link-machine.js';
import type { QueueItem } from '../../src/link/send-queue.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import { NETWORK, never, SUITE, type Party } from './parties.js';

/** Running time at which links of tests begin; wall time is this plus {@link EPOCH_MS}. */
export const START_MS = 1_000;
export const EPOCH_MS = 1_800_000_000_000;

type Close = Extract<LinkAction, { type: 'close' }>;

/** One end of a link: its machine, and everything it said. */
export class LinkEnd {
  readonly party: Party;
  readonly outcome: HandshakeOutcome;
  readonly machine: LinkMachine;
  readonly keys = new KeyCache();
  readonly replay = new ReplayState();
  readonly actions: LinkAction[] = [];
  readonly records: Uint8Array[] = [];
  /** Does jobs; tests replace it to answer wrongly or late. */
  jobs: CryptoJobs;
  info: LinkInfo = { endpoint: undefined, protocols: [], timeMs: EPOCH_MS, networks: [NETWORK.slice(0, 8)] };
  /** Deliveries give their credit back at once unless a test says otherwise. */
  isConsuming = true;
  /** What the machine's random and options are made of. */
  readonly pending: { readonly ticket: number; readonly job: CryptoJob }[] = [];

  constructor(party: Party, outcome: HandshakeOutcome, options: Partial<LinkMachineOptions>, nowMs: number) {
    this.party = party;
    this.outcome = outcome;
    this.jobs = party.jobs;
    this.machine = new LinkMachine(
      {
        outcome,
        kem: SUITE,
        random: new SeededRandom(`link of ${party.self.nodeId}`),
        pingIntervalMs: 30_000,
        info: () => this.info,
        keys: this.keys,
        networkHashes: [NETWORK],
        headsPerSecond: 1_000,
        check: (origin, envelope) => this.replay.check(origin, envelope, EPOCH_MS),
        known: (use, network, key, head) => party.crypto.known(use, network, key, head),
        keyFor: (nodeId) => (nodeId === party.self.nodeId ? party.self.publicKey : undefined),
        ...options,
      },
      nowMs,
    );
  }

  /** Holds the next root up: resolves once its KEM job is asked for, to what lets it go on. */
  holdDecapsulation(): Promise<() => void> {
    const { jobs } = this;
    return new Promise((waiting) => {
      this.jobs = async (job, signal) => {
        if (job.type === 'decapsulate') await new Promise<void>((release) => waiting(release));
        return jobs(job, signal);
      };
    });
  }

  get closed(): Close | undefined {
    return this.actions.find((action): action is Close => action.type === 'close');
  }

  get isEstablished(): boolean {
    return this.machine.isEstablished;
  }

  of<Type extends LinkAction['type']>(type: Type): Extract<LinkAction, { type: Type }>[] {
    return this.actions.filter(
      (action): action is Extract<LinkAction, { type: Type }> => action.type === type,
    );
  }

  /** Envelopes that were delivered and marked, each once, in their order. */
  readonly delivered: BatchMessage[] = [];

  faults(code: string): number {
    return this.of('fault').reduce((sum, fault) => (fault.code === code ? sum + fault.count : sum), 0);
  }

  /** Takes actions as the driver would. */
  take(actions: readonly LinkAction[], nowMs: number): void {
    for (const action of actions) {
      this.actions.push(action);
      if (action.type === 'job') this.pending.push(action);
      if (action.type !== 'deliver') continue;
      const { batch, messages } = action.arrival;
      for (const message of messages) {
        if (this.replay.mark(batch.origin, message.envelope)) this.delivered.push(message);
      }
      if (this.isConsuming) this.machine.consumed(action.arrival.chargedBytes, nowMs);
    }
  }
}

export interface LinkPairOptions {
  readonly initiator?: Partial<LinkMachineOptions>;
  readonly responder?: Partial<LinkMachineOptions>;
  /** Credit that the initiator finds in the responder's params. */
  readonly creditBytes?: number;
}

/** What becomes of a record on its way: itself, another, or nothing. */
export type RecordWire = (from: HandshakeRole, wire: Uint8Array, index: number) => Uint8Array | undefined;

/** Two link machines joined by hand. Time is `nowMs`, and moves only when a test says so. */
export class LinkPair {
  readonly initiator: LinkEnd;
  readonly responder: LinkEnd;
  nowMs = START_MS;
  wire: RecordWire = (_from, wire) => wire;
  /** Messages that may follow a record. */
  attachmentsMax = 1;

  constructor(a: Party, b: Party, options: LinkPairOptions = {}) {
    const ofA = outcomeOf('responder', a, options.creditBytes);
    const ofB = outcomeOf('initiator', b, options.creditBytes);
    this.initiator = new LinkEnd(a, ofB, options.initiator ?? {}, this.nowMs);
    this.responder = new LinkEnd(b, ofA, options.responder ?? {}, this.nowMs);
  }

  end(role: HandshakeRole): LinkEnd {
    return role === 'initiator' ? this.initiator : this.responder;
  }

  /** Carries records of one end to the other until it has none left; answers how many. */
  carry(from: HandshakeRole): number {
    const sender = this.end(from);
    const receiver = this.end(from === 'initiator' ? 'responder' : 'initiator');
    let carried = 0;
    for (;;) {
      const record = sender.machine.nextRecord(this.nowMs, this.attachmentsMax);
      if (record === undefined) return carried;
      sender.take(sender.machine.takeActions(), this.nowMs);
      const arriving = this.wire(from, record, sender.records.length);
      sender.records.push(record);
      carried += 1;
      if (arriving !== undefined)
        receiver.take(receiver.machine.receive(arriving, this.nowMs, this.nowMs), this.nowMs);
    }
  }

  /** Does the jobs of one end. */
  async work(role: HandshakeRole): Promise<number> {
    const end = this.end(role);
    let done = 0;
    for (let job = end.pending.shift(); job !== undefined; job = end.pending.shift()) {
      const result: JobResult = await end.jobs(job.job, never);
      end.take(end.machine.complete(job.ticket, result, this.nowMs), this.nowMs);
      done += 1;
    }
    return done;
  }

  /** Carries records and does jobs until both ends are quiet. */
  async settle(): Promise<void> {
    for (;;) {
      let moved = this.carry('initiator') + this.carry('responder');
      moved += (await this.work('initiator')) + (await this.work('responder'));
      if (moved === 0) return;
    }
  }

  /** Lets time pass in ticks of 250 ms, settling after each. */
  async pass(durationMs: number, isSettling = true): Promise<void> {
    const endMs = this.nowMs + durationMs;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 250);
      for (const end of [this.initiator, this.responder]) end.take(end.machine.tick(this.nowMs), this.nowMs);
      if (isSettling) await this.settle();
    }
  }

  send(from: HandshakeRole, item: QueueItem): boolean {
    return this.end(from).machine.queue.push(item);
  }
}

export async function establishedPair(a: Party, b: Party, options?: LinkPairOptions): Promise<LinkPair> {
  const pair = new LinkPair(a, b, options);
  await pair.settle();
  return pair;
}

/** What a handshake would have left, with fixed secrets. */
export function outcomeOf(role: HandshakeRole, peer: Party, creditBytes?: number): HandshakeOutcome {
  const params = decodeParams(peer.self.params);
  if (params === undefined) throw new Error('no params');
  const stated: LinkParams = { ...params, creditBytes: creditBytes ?? params.creditBytes };
  return {
    role,
    nodeId: peer.self.nodeId,
    nodeIdBytes: peer.self.nodeIdBytes,
    publicKey: peer.self.publicKey,
    params: stated,
    secrets: {
      root: new Uint8Array(64).fill(1),
      transcript: new Uint8Array(64).fill(2),
      exporter: new Uint8Array(64).fill(3),
    },
    networkHash: NETWORK,
  };
}

let sequence = 0;

export function envelopeOf(payload: unknown, changes: Partial<Envelope> = {}): Envelope {
  sequence += 1;
  return {
    class: 1,
    priority: 0,
    protocol: 'app',
    to: new Uint8Array(32),
    epoch: EPOCH_MS,
    sequence,
    timeMs: EPOCH_MS,
    lifeSeconds: 600,
    payload: payload instanceof Uint8Array ? payload : encodePayload(payload),
    ...changes,
  };
}

/** A parcel of one batch that `origin` really signed. */
export async function parcelOf(
  origin: Party,
  envelopes: readonly Envelope[],
  options: {
    readonly network?: Uint8Array;
    readonly use?: BatchUse;
    readonly ttl?: number;
    readonly cores?: readonly Uint8Array[];
  } = {},
): Promise<Parcel> {
  const network = options.network ?? NETWORK;
  const cores = options.cores ?? envelopes.map(encodeEnvelope);
  const messages = cores.map((core) => leafMessage(network, origin.self.nodeIdBytes, core));
  const signer = origin.crypto.signer(network);
  const proofs = await Promise.all(messages.map((message) => signer.add(options.use ?? 'gossip', message)));
  const signed = proofs[0]?.batch;
  if (signed === undefined) throw new Error('no batch');
  const batch = batchOf(origin, signed, network);
  const found = proofs.map(({ index, batch: of }, at): BatchMessage => {
    const [core, envelope, message] = [cores[at], envelopes[at], messages[at]];
    const salt = signed.salts[index];
    if (
      of !== signed ||
      core === undefined ||
      envelope === undefined ||
      message === undefined ||
      salt === undefined
    )
      throw new Error('the messages did not end up in one batch');
    return { index, salt, core, envelope, id: messageId(message), path: undefined };
  });
  found.sort((one, other) => one.index - other.index);
  const isWhole = found.length === signed.messages.length;
  return {
    batch,
    messages: found,
    isWhole,
    ttl: options.ttl ?? 3,
    priority: envelopes[0]?.priority ?? 0,
    bytes: parcelBytes(found),
  };
}

function batchOf(origin: Party, signed: SignedBatch, network: Uint8Array): Batch {
  const head = decodeBatchHead(signed.head);
  if (head === undefined) throw new Error('no head');
  return {
    use: signed.use,
    networkHash: network,
    publicKey: origin.self.publicKey,
    origin: origin.self.nodeId,
    originBytes: origin.self.nodeIdBytes,
    headBytes: signed.head,
    head,
    signature: signed.signature,
    key: bytesKey(signed.batchId),
    tree: new Tree(signed.batchId, signed.leaves),
  };
}

export function item(parcel: Parcel): QueueItem {
  return { type: 'parcel', parcel, bytes: parcel.bytes, priority: parcel.priority };
}

/** A frame of a kind, as the queue takes it. */
export function frameItem(frame: Uint8Array, priority = 0): QueueItem {
  return { type: 'frame', frame, bytes: frame.length, priority };
}
