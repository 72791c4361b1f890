// What the benchmarks of core share: the Nodes to run on, and how a row is made of several runs.
export function nodes(context) {
  const here = { label: `Node ${process.versions.node}`, path: process.execPath };
  return context.newestNode === undefined
    ? [here]
    : [here, { label: 'newest Node (native)', path: context.newestNode }];
}

export function row(context, name, label, values, unit) {
  return { name: `${name}, ${label}`, value: context.median(values), unit, spread: context.spread(values) };
}
