import { concatBytes, type Kem } from '@yakmesh/crypto';
import { encodeOpen, NETWORK_PREFIX_BYTES, type Open } from './messages.js';
import { binderOf, type Ticket } from './resumption.js';
import { encodeReopenBound } from './resumption-messages.js';

/** Whom a first message is for. */
export interface OpeningTo {
  readonly kem: Kem;
  readonly networkHash: Uint8Array;
  readonly peer: { readonly nodeIdBytes: Uint8Array };
  readonly ticket?: Ticket | undefined;
}

/** OPEN, or REOPEN where there is a ticket. */
export function openingOf(
  { kem, networkHash, peer, ticket }: OpeningTo,
  fields: Pick<Open, 'session' | 'nonce' | 'encapsulationKey' | 'puzzle'>,
): Uint8Array {
  const open = { suite: kem.suite, networkPrefix: networkHash.subarray(0, NETWORK_PREFIX_BYTES), ...fields };
  if (ticket === undefined) return encodeOpen(kem, open);
  const bound = encodeReopenBound(kem, open, ticket.id);
  return concatBytes(bound, binderOf(networkHash, peer.nodeIdBytes, ticket.psk, bound));
}
