/** A run of sequence numbers, both ends included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Runs in rising order that neither overlap nor touch. */
export type Spans = readonly Span[];

/** Numbers in all of the runs. */
export function countOf(spans: Spans): number {
  let count = 0;
  for (const { first, last } of spans) count += last - first + 1;
  return count;
}

/** The lowest numbers of the runs, `most` of them at most. */
export function lowest(spans: Spans, most: number): Spans {
  const taken: Span[] = [];
  let left = most;
  for (const { first, last } of spans) {
    if (left <= 0) break;
    const end = Math.min(last, first + left - 1);
    taken.push({ first, last: end });
    left -= end - first + 1;
  }
  return taken;
}

/** What is in the runs and in none of the others. */
export function without(spans: Spans, others: Spans): Spans {
  if (others.length === 0) return spans;
  const rest: Span[] = [];
  let at = 0;
  for (const span of spans) {
    let { first } = span;
    while ((others[at]?.last ?? Infinity) < first) at += 1;
    for (let next = at; first <= span.last; next += 1) {
      const other = others[next];
      if (other === undefined || other.first > span.last) {
        rest.push({ first, last: span.last });
        break;
      }
      if (other.first > first) rest.push({ first, last: other.first - 1 });
      first = Math.max(first, other.last + 1);
    }
  }
  return rest;
}

/** Whether a number is in one of the runs. */
export function includes(spans: Spans, number: number): boolean {
  return spans.some(({ first, last }) => first <= number && number <= last);
}

/** Whether any number is in both. */
export function overlaps(spans: Spans, others: Spans): boolean {
  return spans.some(({ first, last }) => others.some((other) => other.first <= last && first <= other.last));
}

/** Runs that grow and shrink. Numbers that come in order and leave in order cost the same however many there are. */
export class SpanSet {
  #spans: Span[] = [];

  constructor(spans: Spans = []) {
    for (const { first, last } of spans) this.add(first, last);
  }

  get spans(): Spans {
    return this.#spans;
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  add(first: number, last = first): void {
    const spans = this.#spans;
    let from = spans.length;
    while (from > 0 && (spans[from - 1]?.last ?? 0) + 1 >= first) from -= 1;
    let to = from;
    let merged: Span = { first, last };
    for (let span = spans[to]; span !== undefined && span.first <= last + 1; span = spans[to]) {
      merged = { first: Math.min(merged.first, span.first), last: Math.max(merged.last, span.last) };
      to += 1;
    }
    spans.splice(from, to - from, merged);
  }

  remove(spans: Spans): void {
    this.#spans = [...without(this.#spans, spans)];
  }
}
