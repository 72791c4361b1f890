import type { NodeId } from '@yakmesh/crypto';

/** Characters of a message that are shown; the rest is cut, and said to be. */
const SHOWN_LENGTH_MAX = 200;
/** Control characters, lone surrogates and marks that turn the direction of text: they could repaint a terminal. */
const UNSAFE = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;

/** Enough of a node id to tell a few nodes apart, 14 characters. */
export function shortId(nodeId: NodeId): string {
  return `${nodeId.slice(0, 9)}…${nodeId.slice(-4)}`;
}

/** Text that somebody else wrote, harmless for a terminal. */
export function shown(text: string): string {
  const safe = text.replace(UNSAFE, '�');
  return safe.length <= SHOWN_LENGTH_MAX ? safe : `${safe.slice(0, SHOWN_LENGTH_MAX)}… (cut)`;
}

/** A duration for people: '0.84 ms', '12.3 ms', '1.25 s'. */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
