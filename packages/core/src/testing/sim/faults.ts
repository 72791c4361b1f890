import type { Clock } from '../../transport/index.js';
import type { MemoryNetwork } from '../memory-network.js';
import type { SimNode } from './sim-node.js';

/** Nodes of a simulation that die or fall silent, and cuts of its network, as long as they last. */
export class Faults {
  readonly #network: MemoryNetwork;
  readonly #clock: Clock;
  readonly #cuts = new Set<() => void>();
  readonly #silenced = new Map<SimNode, () => void>();

  constructor(network: MemoryNetwork, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  /** Processes die; their systems live on and reset their connections. */
  kill(nodes: readonly SimNode[]): void {
    for (const node of nodes) if (died(node)) this.#network.kill(node.name);
  }

  /** Hosts vanish: nothing is reset, and nothing that is sent to them is answered. */
  silence(nodes: readonly SimNode[]): void {
    for (const node of nodes) if (died(node)) this.#silenced.set(node, this.#network.partition([node.name]));
  }

  /** A dead node's host is there again, without anything of its process. */
  revive(node: SimNode): void {
    this.#silenced.get(node)?.();
    this.#silenced.delete(node);
    this.#network.kill(node.name);
  }

  /** A process stands still for so long, and its peers' data waits in its kernel. */
  pause({ name, clock }: SimNode, durationMs: number): void {
    clock.pause();
    this.#network.setPaused(name, true);
    this.#clock.setTimer(durationMs, () => {
      this.#network.setPaused(name, false);
      clock.resume();
    });
  }

  /** Nothing passes between two groups, or between one and all others. */
  cut(groupA: readonly SimNode[], groupB: readonly SimNode[] | undefined): void {
    this.#cuts.add(this.#network.partition(names(groupA), groupB && names(groupB)));
  }

  cutOneWay(from: readonly SimNode[], to: readonly SimNode[] | undefined): void {
    this.#cuts.add(this.#network.partitionOneWay(names(from), to && names(to)));
  }

  /** Ends all cuts. */
  heal(): void {
    for (const heal of this.#cuts) heal();
    this.#cuts.clear();
  }
}

/** False for a node that was dead already. */
function died(node: SimNode): boolean {
  if (!node.isAlive) return false;
  node.isAlive = false;
  node.clock.kill();
  return true;
}

function names(nodes: readonly SimNode[]): string[] {
  return nodes.map(({ name }) => name);
}
