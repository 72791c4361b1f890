import { ByteWriter, sha256, utf8ToBytes } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import { nameBytes } from './record-name.js';

/** What the index needs of an entry. */
export interface Indexed {
  readonly name: string;
  /** 16 bytes that no two versions share. */
  readonly id: Uint8Array;
}

/** What two nodes compare of a range. */
export interface RangeSummary {
  readonly count: number;
  /** First 16 bytes of SHA-256("sync/1 range" ‖ 0x00 ‖ count u32 ‖ sum of the entries' hashes mod 2²⁵⁶). */
  readonly fingerprint: Uint8Array;
}

export const FINGERPRINT_BYTES = 16;
/** A sum has 256 bits: its cheapest known forgery, a birthday attack on many lists, takes about 2³¹ hashes and 2¹⁶ records in one range. */
const LANES = 8;
const NONE = -1;
const FIRST_CAPACITY = 64;
const RANGE_DOMAIN = utf8ToBytes('sync/1 range\0');

/**
 * Entries in the order of their names, in a treap whose nodes know count and sum of what is below them: all operations, the summary of any range
 * among them, take O(log n). Nodes lie in typed arrays, some 100 bytes each beside the entry.
 */
export class RangeIndex<Entry extends Indexed> {
  readonly #random: Random;
  #entries: (Entry | undefined)[] = [];
  #left = new Int32Array(FIRST_CAPACITY);
  #right = new Int32Array(FIRST_CAPACITY);
  #priority = new Uint32Array(FIRST_CAPACITY);
  #count = new Uint32Array(FIRST_CAPACITY);
  #own = new Uint32Array(FIRST_CAPACITY * LANES);
  #sum = new Uint32Array(FIRST_CAPACITY * LANES);
  readonly #free: number[] = [];
  #root = NONE;

  /** Priorities are random, so that nobody who chooses names can make the tree deep. */
  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#countOf(this.#root);
  }

  get(name: string): Entry | undefined {
    return this.#entries[this.#find(name)];
  }

  /** Puts an entry in the place of the one of its name. */
  set(entry: Entry): void {
    if (this.#find(entry.name) !== NONE) this.delete(entry.name);
    const node = this.#allocate(entry);
    this.#root = this.#insert(this.#root, node, entry.name);
  }

  delete(name: string): boolean {
    const node = this.#find(name);
    if (node === NONE) return false;
    this.#root = this.#remove(this.#root, name);
    this.#entries[node] = undefined;
    this.#free.push(node);
    return true;
  }

  /** The entry with so many before it. */
  at(rank: number): Entry | undefined {
    let node = this.#root;
    let before = rank;
    while (node !== NONE) {
      const left = this.#countOf(this.#child(this.#left, node));
      if (before === left) return this.#entries[node];
      if (before < left) node = this.#child(this.#left, node);
      else {
        before -= left + 1;
        node = this.#child(this.#right, node);
      }
    }
    return undefined;
  }

  /** Entries before a bound; all without one. */
  rank(bound: string | undefined): number {
    if (bound === undefined) return this.size;
    let count = 0;
    this.#below(bound, (node) => void (count += this.#countOf(this.#child(this.#left, node)) + 1));
    return count;
  }

  /** Entries from a bound, that included, to before another; `to` undefined is the end. They may change between two steps. */
  *entries(from: string, to: string | undefined): Generator<Entry> {
    let bound = from;
    for (;;) {
      const entry = this.at(this.rank(bound));
      if (entry === undefined || (to !== undefined && entry.name >= to)) return;
      yield entry;
      bound = `${entry.name}\0`;
    }
  }

  /** The same backwards. */
  *reversed(from: string, to: string | undefined): Generator<Entry> {
    let bound = to;
    for (;;) {
      const rank = this.rank(bound);
      const entry = rank === 0 ? undefined : this.at(rank - 1);
      if (entry === undefined || entry.name < from) return;
      yield entry;
      bound = entry.name;
    }
  }

  summary(from: string, to: string | undefined): RangeSummary {
    const upper = this.#prefix(to);
    const lower = this.#prefix(from);
    subtract(upper.sum, lower.sum);
    const count = Math.max(0, upper.count - lower.count);
    return { count, fingerprint: fingerprintOf(count, upper.sum) };
  }

  #prefix(bound: string | undefined): { count: number; sum: Uint32Array } {
    const sum = new Uint32Array(LANES);
    if (bound === undefined) {
      if (this.#root !== NONE) add(sum, 0, this.#sum, this.#root * LANES);
      return { count: this.size, sum };
    }
    let count = 0;
    this.#below(bound, (node) => {
      const left = this.#child(this.#left, node);
      count += this.#countOf(left) + 1;
      if (left !== NONE) add(sum, 0, this.#sum, left * LANES);
      add(sum, 0, this.#own, node * LANES);
    });
    return { count, sum };
  }

  /** Visits the nodes that lie, each with all of its left side, before a bound. */
  #below(bound: string, visit: (node: number) => void): void {
    let node = this.#root;
    while (node !== NONE) {
      if (this.#nameOf(node) < bound) {
        visit(node);
        node = this.#child(this.#right, node);
      } else node = this.#child(this.#left, node);
    }
  }

  #find(name: string): number {
    let node = this.#root;
    while (node !== NONE) {
      const at = this.#nameOf(node);
      if (at === name) return node;
      node = this.#child(name < at ? this.#left : this.#right, node);
    }
    return NONE;
  }

  #insert(root: number, node: number, name: string): number {
    if (root === NONE) return node;
    if (this.#priorityOf(node) > this.#priorityOf(root)) {
      const [left, right] = this.#split(root, name);
      this.#left[node] = left;
      this.#right[node] = right;
      return this.#pull(node);
    }
    const side = name < this.#nameOf(root) ? this.#left : this.#right;
    side[root] = this.#insert(this.#child(side, root), node, name);
    return this.#pull(root);
  }

  #split(root: number, name: string): [number, number] {
    if (root === NONE) return [NONE, NONE];
    if (this.#nameOf(root) < name) {
      const [left, right] = this.#split(this.#child(this.#right, root), name);
      this.#right[root] = left;
      return [this.#pull(root), right];
    }
    const [left, right] = this.#split(this.#child(this.#left, root), name);
    this.#left[root] = right;
    return [left, this.#pull(root)];
  }

  #remove(root: number, name: string): number {
    const at = this.#nameOf(root);
    if (at === name) return this.#merge(this.#child(this.#left, root), this.#child(this.#right, root));
    const side = name < at ? this.#left : this.#right;
    side[root] = this.#remove(this.#child(side, root), name);
    return this.#pull(root);
  }

  #merge(left: number, right: number): number {
    if (left === NONE) return right;
    if (right === NONE) return left;
    if (this.#priorityOf(left) > this.#priorityOf(right)) {
      this.#right[left] = this.#merge(this.#child(this.#right, left), right);
      return this.#pull(left);
    }
    this.#left[right] = this.#merge(left, this.#child(this.#left, right));
    return this.#pull(right);
  }

  #pull(node: number): number {
    const left = this.#child(this.#left, node);
    const right = this.#child(this.#right, node);
    this.#count[node] = this.#countOf(left) + this.#countOf(right) + 1;
    const at = node * LANES;
    for (let lane = 0; lane < LANES; lane += 1) this.#sum[at + lane] = this.#own[at + lane] ?? 0;
    if (left !== NONE) add(this.#sum, at, this.#sum, left * LANES);
    if (right !== NONE) add(this.#sum, at, this.#sum, right * LANES);
    return node;
  }

  #allocate(entry: Entry): number {
    const node = this.#free.pop() ?? this.#entries.length;
    if (node >= this.#left.length) this.#grow();
    this.#entries[node] = entry;
    this.#left[node] = NONE;
    this.#right[node] = NONE;
    this.#priority[node] = this.#random.u32();
    const hash = sha256(entryBytes(entry));
    const view = new DataView(hash.buffer, hash.byteOffset);
    for (let lane = 0; lane < LANES; lane += 1) this.#own[node * LANES + lane] = view.getUint32(4 * lane);
    return this.#pull(node);
  }

  #grow(): void {
    const wider = <Values extends Int32Array | Uint32Array>(values: Values, into: Values): Values => {
      into.set(values);
      return into;
    };
    const capacity = 2 * this.#left.length;
    this.#left = wider(this.#left, new Int32Array(capacity));
    this.#right = wider(this.#right, new Int32Array(capacity));
    this.#priority = wider(this.#priority, new Uint32Array(capacity));
    this.#count = wider(this.#count, new Uint32Array(capacity));
    this.#own = wider(this.#own, new Uint32Array(capacity * LANES));
    this.#sum = wider(this.#sum, new Uint32Array(capacity * LANES));
  }

  #nameOf(node: number): string {
    return this.#entries[node]?.name ?? '';
  }

  #child(side: Int32Array, node: number): number {
    return side[node] ?? NONE;
  }

  #countOf(node: number): number {
    return node === NONE ? 0 : (this.#count[node] ?? 0);
  }

  #priorityOf(node: number): number {
    return this.#priority[node] ?? 0;
  }
}

/** What is summed of an entry is the hash of this: its id ‖ its name. */
function entryBytes({ id, name }: Indexed): Uint8Array {
  return new ByteWriter(id.length + name.length).bytes(id).bytes(nameBytes(name)).finish();
}

function fingerprintOf(count: number, sum: Uint32Array): Uint8Array {
  const writer = new ByteWriter(RANGE_DOMAIN.length + 4 + 4 * LANES).bytes(RANGE_DOMAIN).u32(count);
  for (const lane of sum) writer.u32(lane);
  return sha256(writer.finish()).slice(0, FINGERPRINT_BYTES);
}

/** target += source mod 2²⁵⁶, the highest lane first. */
function add(target: Uint32Array, at: number, source: Uint32Array, from: number): void {
  let carry = 0;
  for (let lane = LANES - 1; lane >= 0; lane -= 1) {
    const value = (target[at + lane] ?? 0) + (source[from + lane] ?? 0) + carry;
    target[at + lane] = value;
    carry = value > 0xffff_ffff ? 1 : 0;
  }
}

/** target -= source mod 2²⁵⁶. */
function subtract(target: Uint32Array, source: Uint32Array): void {
  let borrow = 0;
  for (let lane = LANES - 1; lane >= 0; lane -= 1) {
    const value = (target[lane] ?? 0) - (source[lane] ?? 0) - borrow;
    target[lane] = value;
    borrow = value < 0 ? 1 : 0;
  }
}
