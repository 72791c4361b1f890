import { copyBytes } from './bytes.js';
import { CryptoError } from './errors.js';
import type { SigningIdentity } from './identity.js';
import { seedAccessOf } from './identity.js';
import type { Platform, WorkerThread } from './platform.js';
import { isLow, type PoolJob, type PoolWork, type SignWork, type VerifyWork } from './pool-job.js';
import type { PoolResponse } from './pool-messages.js';
import { copyOfPuzzle } from './puzzle-slice.js';

/** Jobs in one worker: the second waits there, so the thread never idles for the way back and forth. */
const JOBS_PER_WORKER = 2;

/** How much a slice of a puzzle counts, where a whole job counts as 1. */
const SLICE_BUSYNESS = 0.5;

/** Identities that one worker keeps expanded (8 kB each). A simulation may have thousands; the oldest is forgotten. */
const KEYS_MAX = 64;

/** Workers that may die at work before the pool stops starting new ones. */
const DEATHS_MAX = 3;

/** Jobs that a worker died under are tried this often in another. */
const JOB_DEATHS_MAX = 1;

interface HeldKey {
  readonly key: number;
  readonly stopListening: () => void;
}

interface Member {
  readonly thread: WorkerThread;
  readonly jobs: Map<number, PoolJob>;
  readonly keys: Map<SigningIdentity, HeldKey>;
  isReady: boolean;
}

/** What the crew tells the pool. */
export interface CrewEvents {
  /** A member has room again. */
  room(): void;
  /** These jobs lost their worker and must be done again, first of all. */
  returned(jobs: readonly PoolJob[]): void;
  /** No worker can be had: do everything in this thread. */
  disbanded(): void;
}

/** The worker threads of a pool, started one by one as work demands. */
export class PoolCrew {
  readonly #size: number;
  readonly #startWorker: Platform['startWorker'];
  readonly #events: CrewEvents;
  readonly #members = new Set<Member>();
  #nextId = 1;
  #deaths = 0;
  #isOver = false;

  constructor(size: number, startWorker: Platform['startWorker'], events: CrewEvents) {
    this.#size = size;
    this.#startWorker = startWorker;
    this.#events = events;
  }

  /** Whether workers can be had no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Gives the job to the least busy worker; false when all are busy or none can be had. A slice of a puzzle and what has
   * a low priority go to an idle worker alone; what comes after a slice rather waits for its end than for a further
   * worker's start.
   */
  take(job: PoolJob): boolean {
    if (this.#isOver) return false;
    let idlest: Member | undefined;
    for (const member of this.#members) {
      if (idlest === undefined || busyness(member) < busyness(idlest)) idlest = member;
    }
    const isSlice = job.work.type === 'puzzle';
    const isPatient = isSlice || isLow(job.work);
    const isIdle = idlest !== undefined && busyness(idlest) <= (isSlice ? 0 : SLICE_BUSYNESS);
    if (!isIdle && this.#members.size < this.#size) idlest = this.#start() ?? idlest;
    if (idlest === undefined || idlest.jobs.size >= (isPatient ? 1 : JOBS_PER_WORKER)) return false;
    this.#assign(idlest, job);
    return true;
  }

  /** Ends all workers, and their keys with them. */
  async close(): Promise<void> {
    this.#isOver = true;
    const members = [...this.#members];
    this.#members.clear();
    for (const member of members) forgetAll(member);
    await Promise.all(members.map((member) => member.thread.terminate()));
  }

  #start(): Member | undefined {
    const thread = this.#startWorker({
      message: (message) => {
        if (member !== undefined) this.#receive(member, message);
      },
      gone: () => {
        if (member !== undefined) this.#lose(member);
      },
    });
    if (thread === undefined) {
      this.#disband();
      return undefined;
    }
    const member: Member = { thread, jobs: new Map(), keys: new Map(), isReady: false };
    this.#members.add(member);
    return member;
  }

  #assign(member: Member, job: PoolJob): void {
    const id = this.#nextId++;
    try {
      this.#post(member, id, job.work);
    } catch (error) {
      job.reject(error);
      return;
    }
    member.jobs.set(id, job);
    member.thread.keepAlive(true);
  }

  #post(member: Member, job: number, work: PoolWork): void {
    switch (work.type) {
      case 'sign':
        this.#postSign(member, job, work);
        return;
      case 'verify':
        postVerify(member, job, work);
        return;
      case 'puzzle':
        member.thread.post({ type: 'puzzle', job, work: copyOfPuzzle(work) }, []);
    }
  }

  #postSign(member: Member, job: number, { identity, message, context }: SignWork): void {
    const { key } = member.keys.get(identity) ?? this.#giveKey(member, identity);
    const [messageCopy, contextCopy] = [copyBytes(message), copyBytes(context)];
    member.thread.post({ type: 'sign', job, key, message: messageCopy, context: contextCopy }, [
      messageCopy.buffer,
      contextCopy.buffer,
    ]);
  }

  /** Moves a copy of the seed into the thread, once; nothing of it stays behind. */
  #giveKey(member: Member, identity: SigningIdentity): HeldKey {
    const access = seedAccessOf(identity);
    if (access === undefined) throw new CryptoError('IDENTITY_DESTROYED', 'the identity was destroyed');
    const key = this.#nextId++;
    const seed = access.copySeed();
    member.thread.post({ type: 'key', key, seed }, [seed.buffer]);
    const held: HeldKey = {
      key,
      stopListening: access.onDestroy(() => {
        forget(member, identity);
      }),
    };
    member.keys.set(identity, held);
    if (member.keys.size > KEYS_MAX) {
      for (const oldest of member.keys.keys()) {
        forget(member, oldest);
        break;
      }
    }
    return held;
  }

  #receive(member: Member, message: PoolResponse): void {
    if (message.type === 'ready') {
      member.isReady = true;
      return;
    }
    const job = member.jobs.get(message.job);
    member.jobs.delete(message.job);
    if (member.jobs.size === 0) member.thread.keepAlive(false);
    if (message.type === 'signed') job?.resolve(message.signature);
    else if (message.type === 'verified') job?.resolve(message.valid);
    else if (message.type === 'sliced') job?.resolve(message.slice);
    else job?.reject(new CryptoError('CRYPTO_WORKER_FAILED', 'the job failed inside its worker'));
    this.#events.room();
  }

  /** A worker that never started tells that none can be had here; one that died at work is replaced. */
  #lose(member: Member): void {
    if (!this.#members.delete(member)) return;
    forgetAll(member);
    this.#deaths++;
    const returned: PoolJob[] = [];
    for (const job of member.jobs.values()) {
      if (member.isReady) job.deaths++;
      if (job.deaths <= JOB_DEATHS_MAX) returned.push(job);
      else job.reject(new CryptoError('CRYPTO_WORKER_FAILED', 'two workers died doing this job'));
    }
    if (!member.isReady || this.#deaths > DEATHS_MAX) this.#disband();
    this.#events.returned(returned);
  }

  #disband(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.disbanded();
  }
}

function busyness(member: Member): number {
  let sum = 0;
  for (const { work } of member.jobs.values()) sum += work.type === 'puzzle' ? SLICE_BUSYNESS : 1;
  return sum;
}

function postVerify(member: Member, job: number, work: VerifyWork): void {
  const publicKey = copyBytes(work.publicKey);
  const message = copyBytes(work.message);
  const signature = copyBytes(work.signature);
  const context = copyBytes(work.context);
  member.thread.post({ type: 'verify', job, publicKey, message, signature, context }, [
    publicKey.buffer,
    message.buffer,
    signature.buffer,
    context.buffer,
  ]);
}

function forget(member: Member, identity: SigningIdentity): void {
  const held = member.keys.get(identity);
  if (held === undefined) return;
  member.keys.delete(identity);
  held.stopListening();
  member.thread.post({ type: 'forget', key: held.key }, []);
}

function forgetAll(member: Member): void {
  for (const held of member.keys.values()) held.stopListening();
  member.keys.clear();
}
