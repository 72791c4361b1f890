/** Reports kept of one node: enough for an operator to see what it was banned for. A further one displaces the oldest of hearsay, else the oldest. */
export const EVIDENCE_MAX = 16;

/** A report as it was counted. */
export interface Evidence {
  /** What was reported, such as PEER_BAD_PAYLOAD. */
  readonly code: string;
  /** What was counted: 1, a suspicion, to 100, proof of malice. */
  readonly weight: number;
  /** When, in milliseconds since 1970. */
  readonly atMs: number;
  /** `own` for what this node saw itself, `peer` for what another one told. */
  readonly source: 'own' | 'peer';
}

/** Adds a report. What peers tell makes room first, so that no crowd of them can push out what was seen here. */
export function withEvidence(kept: readonly Evidence[], added: Evidence): readonly Evidence[] {
  if (kept.length < EVIDENCE_MAX) return [...kept, added];
  const hearsayAt = kept.findIndex(({ source }) => source === 'peer');
  if (hearsayAt === -1 && added.source === 'peer') return kept;
  return [...kept.toSpliced(Math.max(0, hearsayAt), 1), added];
}
