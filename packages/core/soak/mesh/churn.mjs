// An hour in which processes die and come back without end, a tenth of them a minute, while others speak.
import { grown, percent, quantile, seconds } from './world.mjs';

const SHARE_A_MINUTE = 0.1;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Between two times at which some die, as many come back, and some speak. */
const STEP_MS_MIN = 3_000;
const SPEAKERS = 2;
/** Who has just spoken lives so much longer: what has not left its process is nobody's. */
const SPOKEN_MS = 10_000;
/** Who has died stays dead so long at least. */
const DEAD_MS = 10_000;
/** So often it is said how far it is: an hour takes hours. */
const TOLD_MS = 300_000;
/** Messages are looked at when nobody keeps them any more. */
const JUDGED_MS = 120_000;

/** One mesh under churn. */
class Life {
  totals = { virtualMs: 0, deaths: 0, messages: 0, lost: 0, doubled: 0, allMs: [] };
  #world;
  #said = [];
  #spokeMs = new Map();
  #diedMs = new Map();
  #owedDeaths = 0;
  #owedMs;

  constructor(world) {
    this.#world = world;
    this.#owedMs = world.nowMs;
  }

  async step(stepMs) {
    const world = this.#world;
    const startMs = world.nowMs;
    // Those who come back take time too, so that a step may last longer than it should.
    this.#owedDeaths += (SHARE_A_MINUTE * world.nodes.length * (startMs - this.#owedMs)) / MINUTE_MS;
    this.#owedMs = startMs;
    await this.#die(Math.floor(this.#owedDeaths));
    for (let speaker = 1; speaker <= SPEAKERS; speaker += 1) {
      this.#speak();
      await world.pass(Math.max(0, startMs + (stepMs * speaker) / SPEAKERS - world.nowMs));
    }
    this.totals.virtualMs += world.nowMs - startMs;
    this.#judge(world.nowMs - JUDGED_MS);
  }

  /** All have lived as they do until what was said is nobody's any more. */
  async end() {
    await this.#world.pass(JUDGED_MS);
    this.#judge(Infinity);
  }

  /** Some die, and as many of those who have been dead for a while come back, each through somebody. */
  async #die(count) {
    const world = this.#world;
    const nowMs = world.nowMs;
    const quiet = world.alive.filter((node) => (this.#spokeMs.get(node) ?? -Infinity) < nowMs - SPOKEN_MS);
    for (const node of world.some(Math.min(count, quiet.length), quiet)) {
      world.kill(node);
      this.#diedMs.set(node, nowMs);
      this.totals.deaths += 1;
      this.#owedDeaths -= 1;
    }
    const back = [...this.#diedMs].filter(([, diedMs]) => diedMs <= nowMs - DEAD_MS).slice(0, count);
    const through = world.some(back.length);
    for (const [node] of back) this.#diedMs.delete(node);
    // Who is refused finds another way in by what it has stored.
    await world.restartAll(back.map(([node], index) => ({ node, through: through[index % through.length] })));
  }

  #speak() {
    const [node] = this.#world.some(1);
    this.#spokeMs.set(node, this.#world.nowMs);
    this.#said.push(this.#world.broadcast(node, { text: 'x'.repeat(200) }));
  }

  #judge(untilMs) {
    const { totals } = this;
    while (this.#said.length > 0 && this.#said[0].sentMs <= untilMs) {
      const { missing, duplicates, msTo } = this.#world.reached(this.#said.shift());
      totals.messages += 1;
      totals.lost += missing.length;
      totals.doubled += duplicates.length;
      totals.allMs.push(msTo(1));
    }
  }
}

export const churn = {
  async leg({ nodes, seed, before, endMs, log }) {
    const world = await grown({ nodes, seed, log });
    const life = new Life(world);
    const stepMs = Math.max(STEP_MS_MIN, MINUTE_MS / (SHARE_A_MINUTE * nodes));
    const doneMs = before?.virtualMs ?? 0;
    let toldMs = TOLD_MS;
    while (doneMs + life.totals.virtualMs < HOUR_MS && performance.now() < endMs) {
      await life.step(stepMs);
      if (life.totals.virtualMs < toldMs) continue;
      toldMs += TOLD_MS;
      const { virtualMs, messages, lost, doubled } = life.totals;
      log(
        `${Math.round(virtualMs / MINUTE_MS)} min: of ${messages} messages ${lost} lost, ${doubled} twice …`,
      );
    }
    await life.end();
    const { totals } = life;
    const sumOf = (name) => (before?.[name] ?? 0) + totals[name];
    const names = ['virtualMs', 'deaths', 'messages', 'lost', 'doubled'];
    return {
      ...Object.fromEntries(names.map((name) => [name, sumOf(name)])),
      allMs: [...(before?.allMs ?? []), ...totals.allMs].sort((a, b) => a - b),
      legs: (before?.legs ?? 0) + 1,
      isDone: sumOf('virtualMs') >= HOUR_MS,
    };
  },
  claims({ virtualMs, deaths, messages, lost, doubled, allMs, legs }, nodes) {
    const minutes = virtualMs / MINUTE_MS;
    const times = [0.5, 0.95, 1].map((part) => seconds(quantile(allMs, part))).join(', ');
    return [
      [
        `churn for ${minutes.toFixed(0)} min in ${legs} ${legs === 1 ? 'mesh' : 'meshes'}: died and came back a minute`,
        percent(deaths / nodes / minutes),
        '10 %',
        true,
      ],
      [`of ${messages} messages, not delivered to nodes that stayed`, lost, '0', lost === 0],
      ['delivered twice', doubled, '0', doubled === 0],
      ['all that stayed reached: median, p95 and slowest of the messages', times],
    ];
  },
};
