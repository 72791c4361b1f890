import { SeededRandom } from '../seeded-random.js';
import { RouteModel } from './route-model.js';

export interface RandomGraphOptions {
  readonly nodes: number;
  /** Mean number of links of a node. */
  readonly degree: number;
  readonly seed: string | number;
}

/** Routing machines on a connected random graph whose links have latencies of 5 to 125 ms. */
export function randomGraph({ nodes, degree, seed }: RandomGraphOptions): RouteModel {
  const random = new SeededRandom(`graph ${seed}`);
  const latencies = new Map<number, number>();
  const model = new RouteModel({
    nodes,
    seed,
    latencyMs: (a, b, draw) => {
      const link = Math.min(a, b) * nodes + Math.max(a, b);
      const latencyMs = latencies.get(link) ?? 5 + 120 * random.unit() * random.unit();
      latencies.set(link, latencyMs);
      return latencyMs * (1 + draw.unit() / 10);
    },
  });
  for (let node = 1; node < nodes; node += 1) model.link(node, random.below(node));
  for (let count = nodes - 1; count < (nodes * degree) / 2;) {
    const [a, b] = [random.below(nodes), random.below(nodes)];
    if (a === b || model.node(a).links.has(b)) continue;
    model.link(a, b);
    count += 1;
  }
  return model;
}

/** The least number of links from a node to each. */
export function linksFrom(model: RouteModel, from: number): readonly number[] {
  const links = new Array<number>(model.nodes.length).fill(Infinity);
  links[from] = 0;
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of model.node(at).links) {
      if (links[next] !== Infinity) continue;
      links[next] = (links[at] ?? 0) + 1;
      queue.push(next);
    }
  }
  return links;
}
