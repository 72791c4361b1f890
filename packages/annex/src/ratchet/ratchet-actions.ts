import type { Kem } from '@yakmesh/crypto';
import type { Random } from '@yakmesh/core/transport';
import type { ChannelRole } from '../handshake/actions.js';
import type { Frame } from '../session/frames.js';
import type { TicketedJob } from './job-tries.js';

/** What a ratchet turns with. */
export interface RatchetOptions {
  readonly role: ChannelRole;
  readonly kem: Kem;
  /** root_0; only what the next root needs of it is kept. */
  readonly root: Uint8Array;
  /** th3. */
  readonly transcript: Uint8Array;
  /** The key that the other end signs with; undefined where it is anonymous. */
  readonly peerKey: Uint8Array | undefined;
  /** We are anonymous and sign nothing. */
  readonly isAnonymous: boolean;
  readonly random: Random;
  readonly nowMs: number;
}

/** What a ratchet wants done. */
export type RatchetAction =
  | TicketedJob
  | { readonly type: 'frame'; readonly frame: Frame }
  /** Records of this epoch may come from now on. */
  | { readonly type: 'ready'; readonly epoch: number; readonly root: Uint8Array }
  /** Our records bear this epoch from now on. */
  | { readonly type: 'switch' }
  | { readonly type: 'fail' };
