import { SeededRandom } from '../seeded-random.js';
import { RouteModel, type RouteModelOptions } from './route-model.js';

export interface RouteChurnOptions {
  readonly seed: string | number;
  /** Links that come or go. */
  readonly changes: number;
  /** @default 24 */
  readonly nodes?: number | undefined;
  readonly skewMs?: RouteModelOptions['skewMs'];
  readonly destinationsMax?: RouteModelOptions['destinationsMax'];
}

/** What a churn has shown. */
export interface RouteChurnResult {
  readonly changes: number;
  /** Times that ways were followed, after each change of a node's ways. */
  readonly checks: number;
  readonly loops: number;
  readonly found: number;
  readonly arrived: number;
}

const DEGREE = 3.5;

/**
 * Links of a random graph come and go while nodes search, send and answer over delayed messages. After each change of a node's ways
 * to a destination, every way that it and all others have is followed.
 */
export function routeChurn(options: RouteChurnOptions): RouteChurnResult {
  const { seed, changes, nodes = 24, skewMs, destinationsMax } = options;
  const random = new SeededRandom(`churn ${seed}`);
  const result = { checks: 0, loops: 0 };
  const model = new RouteModel({
    nodes,
    seed,
    skewMs,
    destinationsMax,
    latencyMs: (_a, _b, draw) => 1 + 60 * draw.unit() * draw.unit(),
    changed: (node, key) => {
      result.checks += 1;
      if (model.hasLoop(node, key)) result.loops += 1;
    },
  });
  const wanted = (DEGREE * nodes) / 2;
  const links: [number, number][] = [];
  for (let change = 0; change < changes; change += 1) {
    const isRemoval = links.length > 0 && random.unit() < links.length / (2 * wanted);
    const at = random.below(Math.max(1, links.length));
    const known = isRemoval ? links[at] : undefined;
    if (known !== undefined) {
      model.unlink(...known);
      links[at] = links[links.length - 1] ?? known;
      links.pop();
    } else {
      const [a, b] = [random.below(nodes), random.below(nodes)];
      if (a !== b && !model.node(a).links.has(b)) {
        model.link(a, b);
        links.push([a, b]);
      }
    }
    // Few destinations, so that many ways to each exist at once.
    if (random.unit() < 0.3) model.discover(random.below(nodes), random.below(4));
    for (let count = random.below(3); count > 0; count -= 1) {
      const isFromFew = random.unit() < 0.7;
      model.send(random.below(isFromFew ? 4 : nodes), random.below(nodes));
      model.send(random.below(nodes), random.below(4));
    }
    model.run(model.nowMs + 40 * random.unit());
  }
  const { found, arrived } = model.outcomes;
  return { changes, ...result, found, arrived };
}
