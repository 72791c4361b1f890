import type { MeshNetwork } from '@yakmesh/core';
import {
  codeOf,
  delay,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Random,
} from '@yakmesh/core/transport';
import type { JoinState } from '../control/control-protocol.js';

/** Wait before the second dial; each further one may be twice as long. */
const WAIT_MS_MIN = 1_000;
/** The longest wait: an entry point that returns is found within a minute. */
const WAIT_MS_MAX = 60_000;
/** Failures that no further dial would mend. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  'LINK_SELF',
  'MESH_BAD_ENDPOINT',
  'MESH_STOPPED',
  'MESH_NETWORK_MISMATCH',
  'MESH_VERSION_MISMATCH',
]);

export interface JoinerOptions {
  readonly mesh: Pick<MeshNetwork, 'connect'>;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** Dials the endpoints that a node is to join until each has answered once; from then on the mesh sees to it. */
export class Joiner {
  readonly #options: JoinerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #states = new Map<string, JoinState>();
  #joins: Promise<unknown> = Promise.resolve();

  constructor(options: JoinerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  get states(): readonly JoinState[] {
    return [...this.#states.values()];
  }

  start(endpoints: readonly string[]): void {
    this.#joins = Promise.all([...new Set(endpoints)].map((endpoint) => this.#join(endpoint)));
  }

  /** Ends all dials. Twice is fine. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#joins;
  }

  async #join(endpoint: string): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const code = await this.#dial(endpoint, signal);
      if (code === undefined) return this.#become({ endpoint, state: 'joined' });
      const isFinal = FINAL_CODES.has(code);
      this.#become({ endpoint, state: isFinal ? 'given up' : 'dialling', code });
      if (isFinal) return;
      await delay(this.#clock, this.#waitMs(failures), signal).catch(() => undefined);
    }
  }

  async #dial(endpoint: string, signal: AbortSignal): Promise<string | undefined> {
    const code = this.#states.get(endpoint)?.code;
    this.#states.set(endpoint, { endpoint, state: 'dialling', code });
    try {
      await this.#options.mesh.connect(endpoint, { signal });
      return undefined;
    } catch (error) {
      return codeOf(error) ?? 'UNEXPECTED';
    }
  }

  /** Full jitter: nodes that start together do not dial together. */
  #waitMs(failures: number): number {
    const longest = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** failures);
    return WAIT_MS_MIN / 2 + this.#random.unit() * longest;
  }

  #become(state: JoinState): void {
    this.#states.set(state.endpoint, state);
    if (this.#stop.signal.aborted || state.state === 'joined') return;
    const { endpoint, code } = state;
    if (state.state === 'given up')
      this.#options.log.warn({ endpoint, code }, 'An endpoint is not joined: dialling again would not help.');
    else this.#options.log.info({ endpoint, code }, 'An endpoint did not let us in; it is dialled again.');
  }
}
