import * as limits from './limits.js';
import type { RangeIndex } from './range-index.js';
import { answerRange, type DifferingRange } from './range-answers.js';
import type { RecordMeta } from './record.js';
import { encodeCompare, encodeIds, GROUP_MAX, type ComparedRange, type RangeIds } from './stream-messages.js';

/** A chunk that the neighbour has asked for. */
export interface ServedChunk {
  readonly root: Uint8Array;
  readonly index: number;
}

/** What is still to be said to a neighbour. All of it is bounded: what does not fit is left to the next round. */
export class NeighbourWork {
  readonly #index: RangeIndex<RecordMeta>;
  #differing: DifferingRange[] = [];
  #wants: RangeIds[] = [];
  readonly #sends = new Set<string>();
  #sendRanges: { from: string; readonly to: string | undefined }[] = [];
  #serves: ServedChunk[] = [];
  #isIncomplete = false;

  constructor(index: RangeIndex<RecordMeta>) {
    this.#index = index;
  }

  get isEmpty(): boolean {
    const ranges = this.#differing.length + this.#wants.length + this.#sendRanges.length;
    return ranges + this.#sends.size + this.#serves.length === 0;
  }

  /** The chunk to send next. */
  get served(): ServedChunk | undefined {
    return this.#serves[0];
  }

  differ(range: DifferingRange): void {
    if (this.#hasRoom(this.#differing.length)) this.#differing.push(range);
  }

  want(range: RangeIds): void {
    for (let at = 0; at < range.ids.length; at += GROUP_MAX) {
      const ids = range.ids.slice(at, at + GROUP_MAX).map((id) => id.slice());
      if (this.#hasRoom(this.#wants.length)) this.#wants.push({ from: range.from, to: range.to, ids });
    }
  }

  send(names: readonly string[]): void {
    for (const name of names) if (this.#hasRoom(this.#sends.size)) this.#sends.add(name);
  }

  serve(root: Uint8Array, first: number, count: number): void {
    for (let at = 0; at < count && this.#serves.length < limits.SERVED_CHUNKS_MAX; at += 1)
      this.#serves.push({ root: root.slice(), index: first + at });
  }

  /** The chunk that was `served` is on its way. */
  serveNext(): void {
    this.#serves.shift();
  }

  /** The next comparisons, lists or wants; undefined where none wait. They are short and a round trip each, so they come before records. */
  nextMessages(): readonly Uint8Array[] | undefined {
    if (this.#differing.length > 0) return this.#answers();
    return this.#wants.length > 0 ? encodeIds('want', this.#wants.splice(0, GROUP_MAX)) : undefined;
  }

  /** 5. Names of the records to read next; ranges that are sent whole are walked along, so that they take no memory. */
  nextNames(): readonly string[] {
    const names: string[] = [];
    let bytes = 0;
    const isFull = (): boolean => names.length >= limits.LOAD_RECORDS_MAX || bytes >= limits.LOAD_BYTES_MAX;
    for (const name of this.#sends) {
      if (isFull()) return names;
      this.#sends.delete(name);
      names.push(name);
      bytes += this.#index.get(name)?.bytes ?? 0;
    }
    for (let range = this.#sendRanges[0]; range !== undefined; range = this.#sendRanges[0]) {
      for (const entry of this.#index.entries(range.from, range.to)) {
        if (isFull()) return names;
        names.push(entry.name);
        bytes += entry.bytes;
        range.from = `${entry.name}\0`;
      }
      this.#sendRanges.shift();
    }
    return names;
  }

  /** Whether something did not fit since the last call. */
  takeIncomplete(): boolean {
    const isIncomplete = this.#isIncomplete;
    this.#isIncomplete = false;
    return isIncomplete;
  }

  clear(): void {
    this.#differing = [];
    this.#wants = [];
    this.#sends.clear();
    this.#sendRanges = [];
    this.#serves = [];
  }

  /** 3. Ranges that differ: each is cut, listed, or sent whole. Several share a message. */
  #answers(): readonly Uint8Array[] {
    const compared: ComparedRange[] = [];
    const listed: RangeIds[] = [];
    for (const range of this.#differing.splice(0, GROUP_MAX)) {
      const answer = answerRange(this.#index, range);
      if (answer.type === 'compare') compared.push(...answer.ranges);
      else if (answer.type === 'list') listed.push(answer.range);
      else if (this.#hasRoom(this.#sendRanges.length))
        this.#sendRanges.push({ from: range.from, to: range.to });
    }
    return [...encodeCompare(compared, false), ...encodeIds('list', listed)];
  }

  #hasRoom(waiting: number): boolean {
    const hasRoom = waiting < limits.WAITING_MAX;
    if (!hasRoom) this.#isIncomplete = true;
    return hasRoom;
  }
}
