import { stripVTControlCharacters, styleText } from 'node:util';
import type { DemoView, StepResult } from './demo-view.js';
import type { MemberStatus } from './fleet.js';
import { tableLines } from './table.js';
import { duration } from './text.js';

const CURSOR_UP = '\u001b[A';
const CLEAR_BELOW = '\u001b[0J';
/** Of a terminal that does not tell, or tells 0. */
const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;

/** The part of a terminal that a table needs. */
export interface Terminal {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

/** Shows the demo as a table that is painted over in place, and the steps below it. */
export class LiveView implements DemoView {
  readonly #terminal: Terminal;
  readonly #isColoured: boolean;
  #table: readonly string[] = [];
  #results: readonly string[] = [];
  #step = '';
  #paintedLines = 0;
  #isReleased = false;

  constructor(terminal: Terminal, isColoured: boolean) {
    this.#terminal = terminal;
    this.#isColoured = isColoured;
  }

  began(name: string): void {
    this.#step = name;
    this.#paint();
  }

  status(rows: readonly MemberStatus[]): void {
    this.#table = tableLines(rows);
    this.#paint();
  }

  finished({ name, ok, ms, detail }: StepResult): void {
    this.#step = '';
    const mark = ok ? this.#style('green', 'ok  ') : this.#style('red', 'FAIL');
    this.#results = [...this.#results, `${mark}  ${name}  ${duration(ms)}  ${detail}`];
    this.#paint();
  }

  release(): void {
    this.#isReleased = true;
    this.#paintedLines = 0;
    this.#results = [];
  }

  #paint(): void {
    const [heading = '', ...rows] = this.#isReleased ? [] : this.#table;
    const table = heading === '' ? [] : [this.#style('bold', heading), ...rows, ''];
    const step = this.#step === '' ? [] : [`${this.#style('yellow', '…   ')}  ${this.#step}`];
    // A line that wraps would make two, and one that scrolled away is out of the cursor's reach: the next painting would
    // start too low.
    const columns = (this.#terminal.columns || COLUMNS_DEFAULT) - 1;
    const rowsMax = (this.#terminal.rows || ROWS_DEFAULT) - 1;
    const results = this.#results.flatMap((line) => wrapped(line, columns));
    const lines = [...table, ...results, ...step].map((line) => cut(line, columns)).slice(-rowsMax);
    const rewind = `${CURSOR_UP.repeat(this.#paintedLines)}\r${CLEAR_BELOW}`;
    this.#terminal.write(`${rewind}${lines.map((line) => `${line}\n`).join('')}`);
    this.#paintedLines = lines.length;
  }

  #style(format: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
    return this.#isColoured ? styleText(format, text) : text;
  }
}

/** Breaks between words; further lines are indented. Styled text stands only at a line's begin, and is never broken. */
function wrapped(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current.trim() !== '' && stripVTControlCharacters(longer).length > columns) {
      lines.push(current);
      current = `      ${word}`;
    } else current = longer;
  }
  return [...lines, current];
}

function cut(line: string, columns: number): string {
  return stripVTControlCharacters(line).length <= columns
    ? line
    : stripVTControlCharacters(line).slice(0, columns);
}
