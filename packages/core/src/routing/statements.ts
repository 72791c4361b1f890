import type { NodeId } from '@yakmesh/crypto';
import type { RouteStatement } from './messages.js';
import { ANSWERS_MAX, STATEMENT_GAP_MS, STATEMENT_MS } from './routing-limits.js';

/** An answer that waits for our statement, or can be given with it. */
export interface Answer {
  readonly id: Uint8Array;
  readonly via: NodeId;
  readonly newerThanMs: number;
}

/** What is to be signed next. */
export interface StatementWish {
  /** Its time must be later than this: our last one's. */
  readonly afterMs: number;
  /** And should be later than this, if our clock allows. */
  readonly wantedAfterMs: number;
}

/** Our own statements: one serves all requests of a second, and at most ten are signed in a second whatever is asked. */
export class Statements {
  #waiting: Answer[] = [];
  #latest: { readonly statement: RouteStatement; readonly untilMs: number } | undefined;
  #isSigning = false;
  #nextMs = 0;

  /** When the next one may be signed; undefined where nobody waits for it. */
  get deadlineMs(): number | undefined {
    return this.#waiting.length > 0 && !this.#isSigning ? this.#nextMs : undefined;
  }

  /** The statement that answers now; undefined where the answer waits for the next one, or there is no room. */
  ask(answer: Answer, nowMs: number): RouteStatement | undefined {
    const latest = this.#latest;
    if (latest !== undefined && nowMs < latest.untilMs && latest.statement.timeMs > answer.newerThanMs)
      return latest.statement;
    if (this.#waiting.length < ANSWERS_MAX) this.#waiting.push(answer);
    return undefined;
  }

  /** What to sign now. */
  due(nowMs: number): StatementWish | undefined {
    const { deadlineMs } = this;
    if (deadlineMs === undefined || deadlineMs > nowMs) return undefined;
    this.#isSigning = true;
    this.#nextMs = nowMs + STATEMENT_GAP_MS;
    return {
      afterMs: this.#latest?.statement.timeMs ?? 0,
      wantedAfterMs: Math.max(...this.#waiting.map(({ newerThanMs }) => newerThanMs)),
    };
  }

  /** It is signed, or could not be: the answers that are given with it, also to those who ask for what our clock does not allow. */
  signed(statement: RouteStatement | undefined, nowMs: number): Answer[] {
    this.#isSigning = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (statement === undefined) return [];
    this.#latest = { statement, untilMs: nowMs + STATEMENT_MS };
    return waiting;
  }
}
