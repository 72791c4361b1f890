import type { NodeId } from '@yakmesh/crypto';
import type { Random } from '../transport/index.js';
import type { Summary } from './comparisons.js';
import type { Entry, TreeMessage } from './messages.js';
import type { Lacking } from './missing.js';

/** What the machine wants done. */
export type TreeAction =
  | { readonly type: 'send'; readonly to: NodeId; readonly message: TreeMessage }
  /** A neighbour asks for messages that may be kept here: `graft` along the tree, `want` as a repair. */
  | {
      readonly type: 'supply';
      readonly to: NodeId;
      readonly kind: 'graft' | 'want';
      readonly sinceMs: number;
      readonly entries: readonly Entry[];
    }
  | { readonly type: 'count'; readonly name: string; readonly count: number };

export interface TreeMachineOptions {
  /** This node's id. */
  readonly self: Uint8Array;
  readonly random: Random;
  /** What of an entry this node has never seen; nothing of its own messages. */
  readonly lacking: Lacking;
  /** All that is kept here. */
  readonly holdings: () => readonly Entry[];
  /** Over what is kept here and was signed some time before `untilMs`. */
  readonly digest: (untilMs: number) => Uint8Array;
  /** Messages signed by then are refused here, whoever sends them. */
  readonly refusedUntilMs: () => number;
  /** Wall clock. */
  readonly wallMs: () => number;
  /** Messages of one origin that this node takes in a second; 0 for no limit. */
  readonly messagesPerSecond: number;
  readonly retentionMs: number;
}

/** What a neighbour is told of what is kept here. */
export function told(to: NodeId, summary: Summary | undefined): TreeAction[] {
  if (summary === undefined) return [];
  const actions: TreeAction[] = summary.messages.map((message) => ({ type: 'send', to, message }));
  return summary.isCut ? [...actions, count('tree:summary-cut')] : actions;
}

/** Looks for what a neighbour asks for. A graft without entries only takes a place in the tree. */
export function supply(
  to: NodeId,
  { type, sinceMs, entries }: Extract<TreeMessage, { type: 'graft' | 'want' }>,
): TreeAction[] {
  const isEmpty = entries.length === 0 && type === 'graft';
  return isEmpty ? [] : [{ type: 'supply', to, kind: type, sinceMs, entries }];
}

/** One for the counters. */
export function count(name: string, by = 1): TreeAction {
  return { type: 'count', name, count: by };
}
