// What benchmarks report: the median of an odd number of runs, and how far the runs lay apart.

/** Enough that one disturbed run does not move the median, few enough to repeat after each change. */
export const BENCH_RUNS = 5;

export function median(values) {
  if (values.length === 0) throw new RangeError('The median of no values: the benchmark measured nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** (largest − smallest) / median, as a fraction: 0.1 says that the runs lay within a tenth of the median. */
export function spread(values) {
  const centre = median(values);
  return centre === 0 ? 0 : (Math.max(...values) - Math.min(...values)) / Math.abs(centre);
}

/** The nearest-rank quantile of the values: `quantile(values, 0.99)`. */
export function quantile(values, fraction) {
  if (values.length === 0) throw new RangeError('A quantile of no values: the benchmark measured nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1)];
}
