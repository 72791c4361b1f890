import type { NodeId } from '@yakmesh/crypto';
import {
  codeOf,
  type MeshTransport,
  type ProtocolHandlers,
  type ProtocolPort,
} from '../../transport/index.js';

/** What the suite says of a value. */
export interface ComplianceExpectation {
  /** The very same, as Object.is sees it. */
  toBe(expected: unknown): unknown;
  /** The same contents. */
  toEqual(expected: unknown): unknown;
}

/** What the suite needs of a test runner; jest's, vitest's and their like fit. */
export interface ComplianceRunner {
  /** Registers a test. */
  readonly test: (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;
  /** Throws where an expectation fails. */
  readonly expect: (actual: unknown) => ComplianceExpectation;
}

/** Nodes without links, of the implementation that is examined. Nodes are named by their index. */
export interface TransportWorld {
  readonly nodes: readonly MeshTransport[];
  /** Where a node can be dialled. */
  endpoint(node: number): string;
  /** Makes two nodes neighbours; resolves when both know it. */
  link(a: number, b: number): Promise<void>;
  /** Ends the link for good; resolves when both know it. */
  unlink(a: number, b: number): Promise<void>;
  /** Lets time pass until the promise is settled. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass. */
  pass(durationMs: number): Promise<void>;
  /** Stops all nodes. */
  stop(): Promise<void>;
}

/** An implementation of the port, to be examined. */
export interface ComplianceSubject {
  /** Begins the title of each test. */
  readonly name: string;
  /** Started nodes without links, new for each test. */
  create(nodes: number): Promise<TransportWorld>;
}

/** How long anything may take that is to happen. */
const WAIT_MS = 10_000;
const POLL_MS = 5;
/** After this long, what has not happened is taken not to happen. */
export const QUIET_MS = 300;
/** The examined protocol. */
export const PROTOCOL = 'exam/1';

/** A world with the words that the tests use. */
export class ComplianceWorld {
  readonly #world: TransportWorld;

  constructor(world: TransportWorld) {
    this.#world = world;
  }

  node(index: number): MeshTransport {
    const node = this.#world.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  id(index: number): NodeId {
    return this.node(index).nodeId;
  }

  endpoint(index: number): string {
    return this.#world.endpoint(index);
  }

  open(
    index: number,
    handlers: ProtocolHandlers = {},
    protocol: typeof PROTOCOL | 'exam/2' | 'other/1' = PROTOCOL,
  ) {
    return this.node(index).open(protocol, handlers);
  }

  /** Links each node with the next one, and waits until all know of each other's protocols. */
  async line(...indices: readonly number[]): Promise<void> {
    for (const [at, index] of indices.slice(1).entries()) await this.link(indices[at] ?? 0, index);
  }

  async link(a: number, b: number): Promise<void> {
    await this.#world.link(a, b);
  }

  async unlink(a: number, b: number): Promise<void> {
    await this.#world.unlink(a, b);
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.#world.run(promise);
  }

  pass(durationMs: number): Promise<void> {
    return this.#world.pass(durationMs);
  }

  /** Lets time pass until the condition holds. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let waitedMs = 0; !condition(); waitedMs += POLL_MS) {
      if (waitedMs > WAIT_MS) throw new RangeError(`${what}: not within ${WAIT_MS} ms`);
      await this.pass(POLL_MS);
    }
  }

  /** Lets so much time pass that whatever is on its way has arrived. */
  quiet(): Promise<void> {
    return this.pass(QUIET_MS);
  }

  /** The code, or else the name, of the error with which a promise rejects. */
  async failure(promise: Promise<unknown>): Promise<string> {
    return this.run(promise.then(() => 'no error', errorName));
  }
}

/** The code, or else the name, of the error that a call throws. */
export function thrown(call: () => unknown): string {
  try {
    call();
    return 'no error';
  } catch (error) {
    return errorName(error);
  }
}

/** Error classes of the language count by their name, also those that bear a code of the mesh. */
function errorName(error: unknown): string {
  if (error instanceof TypeError) return 'TypeError';
  if (error instanceof RangeError) return 'RangeError';
  return codeOf(error) ?? String(error);
}

/** Bytes that encode to exactly so many as CBOR. */
export function bytesEncodingTo(encodedBytes: number): Uint8Array {
  const headerBytes = encodedBytes - 3 <= 0xffff ? 3 : 5;
  return new Uint8Array(encodedBytes - headerBytes).fill(7);
}

/** Registers one test on fresh nodes. */
export type Examine = (
  name: string,
  nodes: number,
  run: (world: ComplianceWorld, expect: ComplianceRunner['expect']) => Promise<void>,
) => void;

export type { ProtocolPort };
