import type { NodeId } from '@yakmesh/crypto';
import type { Priority } from '@yakmesh/core/transport';

/** How a channel behaves. */
export interface AnnexOptions {
  /** After so long without a word from the other end the channel closes with ANNEX_IDLE; the shorter of both ends' holds. 1 s to 18 h. @default 300_000 */
  readonly idleMs?: number | undefined;
  /** Says a word after so long a silence, which keeps an idle channel open and costs a record of 512 bytes each way; 0 for never. @default 0 */
  readonly keepAliveMs?: number | undefined;
  /** The largest message that `send` takes and that is received, in bytes: it is held in memory whole. @default 67_108_864 */
  readonly messageBytesMax?: number | undefined;
  /**
   * For so long after both ends have signed may the next channel to the same peer open without signatures, in ms: both then keep 100 secret bytes of it in memory,
   * with which a thief of that memory could pass for either end as long. 0 for never, at most a day; the shorter of both ends' holds. @default 86_400_000
   */
  readonly resumeMs?: number | undefined;
  /** Of the flows, 0 to 4. @default 0 */
  readonly priority?: Priority | undefined;
}

/** How a channel is opened. */
export interface AnnexChannelOptions extends AnnexOptions {
  /**
   * Shows the other end no identity: it must allow that, and its `peerId` is null. Neighbours still see that this node opened a flow. The channel heals less: a
   * thief of its keys who sits in the middle can stay there. @default false
   */
  readonly anonymous?: boolean | undefined;
}

/** How channels of others are taken. */
export interface AnnexListenerOptions extends AnnexOptions {
  /** Who may open a channel: asked once for each, when the other end has proven who it is; at most 5 s, then no. @default everybody */
  readonly access?: ((peerId: NodeId) => boolean | Promise<boolean>) | undefined;
  /** Whether somebody without an identity may open one. @default false */
  readonly allowAnonymous?: boolean | undefined;
}

/** Every option with its value. */
export type AnnexConfig = { readonly [Name in keyof AnnexOptions]-?: NonNullable<AnnexOptions[Name]> };

/** What is used where nothing is said. */
export const ANNEX_DEFAULTS: AnnexConfig = Object.freeze({
  idleMs: 300_000, // What flows of the mesh bear, too.
  keepAliveMs: 0, // An idle channel that ends frees both ends' memory.
  messageBytesMax: 67_108_864, // Four times a stream's largest window; bulk belongs in a stream.
  resumeMs: 86_400_000, // A laptop that comes back the next morning.
  priority: 0,
});

const IDLE_MS_MIN = 1_000;
/** Its field counts seconds in 16 bits. */
const IDLE_MS_MAX = 65_535_000;
/** The length field of a message. */
const MESSAGE_BYTES_LIMIT = 0xffff_fffe;
/** Revocation and stolen memory: whoever was proven longer ago signs again. */
const RESUME_MS_MAX = 86_400_000;
const PRIORITY_MAX = 4;

/** @throws TypeError for an option that is unknown; RangeError for one that cannot be used. */
export function resolveOptions(options: AnnexOptions, further: readonly string[]): AnnexConfig {
  const known = [...Object.keys(ANNEX_DEFAULTS), ...further];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`There is no option "${unknown}".`);
  const config = {
    idleMs: options.idleMs ?? ANNEX_DEFAULTS.idleMs,
    keepAliveMs: options.keepAliveMs ?? ANNEX_DEFAULTS.keepAliveMs,
    messageBytesMax: options.messageBytesMax ?? ANNEX_DEFAULTS.messageBytesMax,
    resumeMs: options.resumeMs ?? ANNEX_DEFAULTS.resumeMs,
    priority: options.priority ?? ANNEX_DEFAULTS.priority,
  };
  requireWithin('idleMs', config.idleMs, IDLE_MS_MIN, IDLE_MS_MAX);
  requireWithin('keepAliveMs', config.keepAliveMs, 0, IDLE_MS_MAX);
  requireWithin('messageBytesMax', config.messageBytesMax, 1, MESSAGE_BYTES_LIMIT);
  requireWithin('resumeMs', config.resumeMs, 0, RESUME_MS_MAX);
  requireWithin('priority', config.priority, 0, PRIORITY_MAX);
  return config;
}

function requireWithin(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} is a whole number from ${min} to ${max}, not ${value}.`);
}
