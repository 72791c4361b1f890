import type { RecordFaultCode } from './errors.js';
import { compareTimes, type HybridTime } from './hybrid-clock.js';
import { CLAIM_OPEN_MS, VERSION_AHEAD_MS_MAX } from './limits.js';
import { compareRecords, type Ownership } from './record-order.js';
import { splitName } from './record-name.js';
import type { RecordMeta } from './record.js';

/**
 * What decides on records of a collection: `first-writer` (a key is its first writer's), `own-keys` (a key begins with its author's node id and
 * '/'), or `open` (everybody may write every key).
 */
export type CollectionRule = 'first-writer' | 'own-keys' | 'open';

export type Verdict = 'take' | 'stale' | RecordFaultCode;

/** What is known here that a record is judged by. */
export interface Standing {
  readonly current: RecordMeta | undefined;
  /** Version of the key's deletion, where its tombstone is gone already. */
  readonly grave: HybridTime | undefined;
  /** What was deleted before this is forgotten: an unknown record that is older is refused. */
  readonly floorMs: number;
  readonly rule: CollectionRule;
  readonly nowMs: number;
}

type Judged = Pick<RecordMeta, 'name' | 'version' | 'claim' | 'author' | 'id' | 'kind'>;

/** Whether a record takes the place of the one that is here. */
export function judge(record: Judged, standing: Standing): Verdict {
  const { current, grave, floorMs, rule, nowMs } = standing;
  if (record.version.timeMs > nowMs + VERSION_AHEAD_MS_MAX) return 'SYNC_FROM_FUTURE';
  if (rule === 'own-keys' && !splitName(record.name).key.startsWith(`${record.author}/`))
    return 'SYNC_NOT_OWNER';
  if (grave !== undefined && compareTimes(record.version, grave) <= 0) return 'SYNC_BURIED';
  if (current === undefined) return record.version.timeMs < floorMs ? 'SYNC_BURIED' : 'take';
  const isOwned = rule === 'first-writer';
  if (isOwned && record.author !== current.author) {
    const isEarlier = compareRecords(record, current, 'first-writer') > 0;
    // After a day it is settled whose the key is: an earlier claim could have been made up since.
    return isEarlier && current.claim.timeMs >= nowMs - CLAIM_OPEN_MS ? 'take' : 'SYNC_NOT_OWNER';
  }
  return compareRecords(record, current, ownershipOf(rule)) > 0 ? 'take' : 'stale';
}

export function ownershipOf(rule: CollectionRule): Ownership {
  return rule === 'first-writer' ? 'first-writer' : 'open';
}
