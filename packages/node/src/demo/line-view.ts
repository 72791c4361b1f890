import type { DemoView, StepResult } from './demo-view.js';
import type { MemberStatus } from './fleet.js';
import { linksOfAll, mutualLinks } from './links.js';
import { tableLines } from './table.js';
import { duration } from './text.js';

/** Whoever reads a log wants a sign of life each second, not more. */
const PROGRESS_MS = 1_000;

/** Shows the demo as plain lines, for files, pipes and logs. */
export class LineView implements DemoView {
  readonly #write: (line: string) => void;
  #rows: readonly MemberStatus[] = [];
  #step = '';
  #shownMs = 0;
  #stepMs = 0;

  /** @param write Takes a line without its end. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  began(name: string): void {
    this.#step = name;
    this.#stepMs = performance.now();
    this.#shownMs = this.#stepMs;
    this.#write(`${name} …`);
  }

  status(rows: readonly MemberStatus[]): void {
    this.#rows = rows;
    const nowMs = performance.now();
    if (this.#step === '' || nowMs - this.#shownMs < PROGRESS_MS) return;
    this.#shownMs = nowMs;
    const started = rows.filter(({ nodeId }) => nodeId !== undefined).length;
    const links = `${mutualLinks(rows).length} of ${linksOfAll(rows.length)} links`;
    const messages = rows.reduce((sum, row) => sum + row.messages, 0);
    const since = duration(nowMs - this.#stepMs);
    this.#write(`  ${since}: ${started} of ${rows.length} nodes, ${links}, ${messages} messages`);
  }

  finished({ name, ok, ms, detail }: StepResult): void {
    this.#step = '';
    this.#write(`${ok ? 'ok  ' : 'FAIL'}  ${name}  ${duration(ms)}  ${detail}`);
  }

  release(): void {
    for (const line of tableLines(this.#rows)) this.#write(line);
  }
}
