// From what the processes tell to the figures of a phase, and from these to the verdict on each goal.
const HONEST_LATENCY_RATIO_MAX = 3;
const RESIDENT_GROWTH_MEBIBYTES_MAX = 64;
const DELAY_P99_MS_MAX = 50;

/** The value below which that share of the values lies. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** A phase's first seconds, in which an attacker is not banned yet. */
const FIRST_MS = 5_000;

/** What became of the honest messages of a phase: each is to be heard once by every node but its speaker. */
export function talk(reports, startedMs) {
  const sent = Object.assign({}, ...reports.map((report) => report.sent));
  const hearers = reports.flatMap((report) => report.heard);
  const total = Object.values(sent).reduce((sum, count) => sum + count, 0);
  const expected = hearers.reduce((sum, { number }) => sum + total - (sent[number] ?? 0), 0);
  const received = hearers.reduce((sum, { count }) => sum + count, 0);
  const latencies = hearers.flatMap(({ latencies: own }) => own);
  const early = hearers.flatMap(({ latencies: own, sentMs }) =>
    own.filter((_, index) => sentMs[index] < startedMs + FIRST_MS),
  );
  return {
    sent: total,
    lost: expected - received,
    repeated: hearers.reduce((sum, { repeated }) => sum + repeated, 0),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    earlyP99Ms: percentile(early, 0.99),
    maxMs: percentile(latencies, 1),
  };
}

/** The four goals, each with its value and whether it was held. */
export function verdicts(idle, attack) {
  const ratio = attack.p99Ms / idle.p99Ms;
  const growth = attack.meters.residentMax - idle.meters.residentMedian;
  const { delayP99Ms } = attack.meters;
  return [
    verdict('honest messages lost', attack.lost, 0, `${attack.lost}`, '0'),
    verdict(
      'honest p99 latency',
      ratio,
      HONEST_LATENCY_RATIO_MAX,
      `${ratio.toFixed(2)} × idle`,
      '≤ 3 × idle',
    ),
    verdict(
      'resident memory growth',
      growth,
      RESIDENT_GROWTH_MEBIBYTES_MAX,
      `${growth.toFixed(1)} MiB`,
      '≤ 64 MB',
    ),
    verdict('event-loop delay p99', delayP99Ms, DELAY_P99_MS_MAX, `${delayP99Ms.toFixed(1)} ms`, '≤ 50 ms'),
  ];
}

function verdict(name, value, most, shown, goal) {
  return { name, shown, goal, isHeld: value <= most };
}

/** Two columns of equal width and more, for a terminal and for Markdown alike. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => String(cell).padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)];
}
