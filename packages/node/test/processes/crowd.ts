import { codeOf } from '@yakmesh/core/transport';
import { SeededRandom } from '@yakmesh/core/testing';
import { eventually } from './eventually.js';
import { Machines } from './machines.js';
import { Member } from './member.js';

/** Processes that start at once: more would only wait for each other. */
const STARTS_AT_ONCE = 4;
const COLLECTION = 'processes';
/** What a failure names of what is missing. */
const MISSING_SHOWN_MAX = 10;

/** A broadcast, which its origin alone does not hear. */
export interface Said {
  readonly text: string;
  readonly by: Member;
}

/** Nodes in processes of their own, and what they were told to say and have said is done. */
export class Crowd {
  readonly machines = new Machines();
  readonly members: readonly Member[];
  readonly random: SeededRandom;
  /** Direct messages whose destination has acknowledged them. */
  readonly acknowledged: { readonly text: string; readonly to: Member }[] = [];
  /** Records that their author has said to be durable. */
  readonly written: { readonly key: string; readonly author: Member }[] = [];
  /** Codes of what failed, which nobody was told to be done. */
  readonly failures = new Map<string, number>();
  #said = 0;

  constructor(size: number, folder: string, seed: number) {
    this.random = new SeededRandom(seed);
    this.members = Array.from({ length: size }, (_, number) => {
      const machine = this.machines.all[number % 2 === 0 ? 0 : 1];
      return new Member({ number, machine, folder });
    });
  }

  get alive(): readonly Member[] {
    return this.members.filter(({ isAlive }) => isAlive);
  }

  /** Starts the members, each of which joins through one that has started before it. */
  async start(): Promise<void> {
    const [first, ...others] = this.members;
    await first?.up();
    await inTurns(others, (member) => member.up(...this.some(1).map(({ endpoint }) => endpoint)));
  }

  /** Starts members again that were killed. They are told of nobody: who they knew is in their stores. */
  async restart(members: readonly Member[]): Promise<void> {
    await inTurns(members, (member) => member.up());
  }

  /** Members drawn at random, each at most once. */
  some(count: number, among: readonly Member[] = this.alive): Member[] {
    const left = [...among];
    return Array.from({ length: Math.min(count, left.length) }, () =>
      left.splice(this.random.below(left.length), 1),
    ).flat();
  }

  /** Broadcasts a fresh text, and answers it. */
  async broadcast(by: Member): Promise<Said> {
    const text = this.#freshText();
    await by.ask('send', { payload: text });
    return { text, by };
  }

  /** Sends a fresh text and waits for its acknowledgement; answers whether it came, and the neighbour that it went through. */
  async send(from: Member, to: Member): Promise<{ readonly via: string } | undefined> {
    const text = this.#freshText();
    const params = { to: to.nodeId, payload: text, ack: true };
    const sent = await this.#done(() => from.ask('send', params));
    if (sent?.acknowledged !== true) return undefined;
    this.acknowledged.push({ text, to });
    return { via: sent.via ?? '' };
  }

  /** Writes a fresh record. */
  async write(author: Member): Promise<void> {
    const key = this.#freshText();
    const params = { collection: COLLECTION, key, value: key };
    if ((await this.#done(() => author.ask('put', params))) !== undefined) this.written.push({ key, author });
  }

  /** Waits until every one of some members has heard every one of some broadcasts. */
  async hearAll(members: readonly Member[], broadcasts: readonly Said[]): Promise<void> {
    await eventually(
      () =>
        members.flatMap((member) =>
          broadcasts
            .filter(({ text, by }) => by !== member && member.timesHeard(text) === 0)
            .map(({ text }) => `${text} at node ${member.number}`),
        ),
      (missing) => missing.length === 0,
      (missing) => `${missing.length} not heard: ${missing.slice(0, MISSING_SHOWN_MAX).join(', ')}`,
    );
  }

  /** Waits until all living members hold as many records as were written at least, and the same ones. */
  async sameRecords(): Promise<void> {
    await eventually(
      () => Promise.all(this.alive.map(async (member) => (await member.ask('status', {})).records)),
      (held) =>
        held.every(({ size }) => size >= this.written.length) &&
        new Set(held.map(({ fingerprint }) => fingerprint)).size === 1,
      (held) =>
        `records held: ${held.map(({ size, fingerprint }) => `${size} ${fingerprint.slice(0, 4)}`).join()}`,
    );
  }

  /** Acknowledged messages that their destination has not heard exactly once. */
  lostMessages(): string[] {
    return this.acknowledged
      .filter(({ text, to }) => to.timesHeard(text) !== 1)
      .map(({ text, to }) => `${text} heard ${to.timesHeard(text)} times by ${to.number}`);
  }

  /** Records of the ledger that a member does not hold as their author wrote them. */
  async lostRecords(member: Member): Promise<string[]> {
    const lost: string[] = [];
    for (const { key, author } of this.written) {
      const held = await member.ask('get', { collection: COLLECTION, key });
      if (held?.value !== key || held.author !== author.nodeId) lost.push(key);
    }
    return lost;
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    this.machines.remove();
  }

  async #done<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error) ?? String(error);
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
      return undefined;
    }
  }

  #freshText(): string {
    this.#said += 1;
    return `text ${this.#said}`;
  }
}

async function inTurns(members: readonly Member[], start: (member: Member) => Promise<void>): Promise<void> {
  for (let index = 0; index < members.length; index += STARTS_AT_ONCE)
    await Promise.all(members.slice(index, index + STARTS_AT_ONCE).map(start));
}
