import type { MemberStatus } from './fleet.js';
import { shortId } from './text.js';

const HEADINGS = ['node', 'id', 'endpoint', 'peers', 'rtt', 'messages'];
const WIDTHS: readonly number[] = [4, 14, 22, 5, 9, 8];
/** Columns of numbers are right-aligned. */
const NUMBERS: ReadonlySet<string> = new Set(['node', 'peers', 'rtt', 'messages']);

/** The nodes as a table, one string per line, at most 72 columns. */
export function tableLines(rows: readonly MemberStatus[]): string[] {
  return [line(HEADINGS), ...rows.map((row) => line(cells(row)))];
}

function cells({ number, nodeId, endpoint, peers, messages }: MemberStatus): string[] {
  if (nodeId === undefined) return [String(number), 'starting …', '', '', '', ''];
  return [
    String(number),
    shortId(nodeId),
    endpoint ?? '',
    String(peers.length),
    medianRtt(peers),
    String(messages),
  ];
}

function medianRtt(peers: MemberStatus['peers']): string {
  const known = peers.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [rttMs])).sort((a, b) => a - b);
  const median = known[Math.floor(known.length / 2)];
  return median === undefined ? '–' : `${median.toFixed(1)} ms`;
}

function line(values: readonly string[]): string {
  const padded = values.map((value, index) => {
    const width = WIDTHS[index] ?? 0;
    return NUMBERS.has(HEADINGS[index] ?? '') ? value.padStart(width) : value.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}
