import type { MeshMessage } from '../../mesh/events.js';
import type { MeshNetwork } from '../../mesh-network.js';
import { codeOf } from '../../transport/index.js';

/** Between two messages of each honest peer. */
const TALK_MS = 100;
/** Every so many messages one goes to the victim alone. */
const DIRECT_EVERY = 4;
const WAIT_MS = 15_000;
const POLL_MS = 5;

/** What honest peers say in the suite. */
interface Words {
  readonly talk: string;
  readonly n: number;
}

/** What became of the honest messages. */
export interface TalkReport {
  /** Messages that an honest peer or the victim should have and has not. */
  readonly lost: number;
  /** Copies beyond the first. */
  readonly repeated: number;
  /** Codes of sends that failed. */
  readonly failed: readonly string[];
  /** Sends that skipped a neighbour. */
  readonly skipped: number;
}

/** What one node heard of one speaker. */
class Ear {
  readonly #heard = new Map<number, number>();

  hear(n: number): void {
    this.#heard.set(n, (this.#heard.get(n) ?? 0) + 1);
  }

  lost(expected: readonly number[]): number {
    return expected.filter((n) => !this.#heard.has(n)).length;
  }

  get repeated(): number {
    return [...this.#heard.values()].reduce((sum, count) => sum + count - 1, 0);
  }
}

/** Two honest peers that talk to each other through the victim, and to the victim itself, for as long as an attack lasts. */
export class HonestTalk {
  readonly #speakers: readonly MeshNetwork[];
  readonly #victim: MeshNetwork;
  /** By hearer and speaker; direct messages have ears of their own. */
  readonly #ears = new Map<string, Ear>();
  readonly #broadcasts: number[] = [];
  readonly #directs: number[] = [];
  readonly #sends: Promise<void>[] = [];
  readonly #failed: string[] = [];
  #skipped = 0;
  #n = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(victim: MeshNetwork, speakers: readonly MeshNetwork[]) {
    this.#victim = victim;
    this.#speakers = speakers;
    for (const hearer of [victim, ...speakers]) {
      hearer.on('gossip', ({ payload }: MeshMessage) => this.#heard(`${hearer.nodeId} gossip`, payload));
      hearer.on('message', ({ payload }: MeshMessage) => this.#heard(`${hearer.nodeId} direct`, payload));
    }
  }

  /** Speaks at once, and from then on. */
  start(): void {
    this.#speak();
    this.#timer = setInterval(() => this.#speak(), TALK_MS);
  }

  /** Falls silent without waiting for anything. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Speaks once more, and answers what became of all that was said, as soon as nothing is missing or the time is over. */
  async finish(): Promise<TalkReport> {
    this.stop();
    this.#speak();
    await Promise.all(this.#sends);
    const untilMs = performance.now() + WAIT_MS;
    while (this.#lost() > 0 && performance.now() < untilMs)
      await new Promise<void>((resolve) => setTimeout(resolve, POLL_MS));
    const repeated = [...this.#ears.values()].reduce((sum, ear) => sum + ear.repeated, 0);
    return { lost: this.#lost(), repeated, failed: this.#failed, skipped: this.#skipped };
  }

  #speak(): void {
    const n = this.#n;
    this.#n += 1;
    this.#broadcasts.push(n);
    const isDirect = n % DIRECT_EVERY === 0;
    if (isDirect) this.#directs.push(n);
    for (const speaker of this.#speakers) {
      const words: Words = { talk: speaker.nodeId, n };
      this.#sends.push(
        speaker.broadcast(words).then(
          ({ skipped }) => void (this.#skipped += skipped.length),
          (error: unknown) => void this.#failed.push(codeOf(error) ?? String(error)),
        ),
      );
      if (!isDirect) continue;
      this.#sends.push(
        speaker.sendTo(this.#victim.nodeId, words).then(
          () => undefined,
          (error: unknown) => void this.#failed.push(codeOf(error) ?? String(error)),
        ),
      );
    }
  }

  #heard(hearer: string, payload: unknown): void {
    if (typeof payload !== 'object' || payload === null || !('talk' in payload)) return;
    const { talk, n } = payload as Words;
    this.#ear(`${hearer} ${talk}`).hear(n);
  }

  #lost(): number {
    let lost = 0;
    for (const speaker of this.#speakers) {
      for (const hearer of [this.#victim, ...this.#speakers]) {
        if (hearer === speaker) continue;
        lost += this.#ear(`${hearer.nodeId} gossip ${speaker.nodeId}`).lost(this.#broadcasts);
      }
      lost += this.#ear(`${this.#victim.nodeId} direct ${speaker.nodeId}`).lost(this.#directs);
    }
    return lost;
  }

  #ear(name: string): Ear {
    const ear = this.#ears.get(name) ?? new Ear();
    this.#ears.set(name, ear);
    return ear;
  }
}
