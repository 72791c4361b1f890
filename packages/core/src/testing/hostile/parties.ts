import { Identity, sha256, utf8ToBytes } from '@yakmesh/crypto';
import type { HandshakeSelf } from '../../handshake/actions.js';
import { encodeParams } from '../../handshake/params.js';
import { CREDIT_BYTES_MIN } from '../../link/link-limits.js';
import { systemRandom } from '../../transport/index.js';

/** Everyone in the suite: mallory is a stranger, and a neighbour under as many names as she is blamed for faults. */
export type PartyName = 'victim' | 'alice' | 'bob' | 'carol' | 'mallory' | `mallory ${number}`;

/** A real identity, and what its handshake says. */
export interface Party {
  readonly identity: Identity;
  readonly self: HandshakeSelf;
}

const parties = new Map<PartyName, Promise<Party>>();

/** The identity that a name stands for, the same in every run: keys cost milliseconds. */
export function party(name: PartyName): Promise<Party> {
  const known = parties.get(name) ?? make(name);
  parties.set(name, known);
  return known;
}

async function make(name: PartyName): Promise<Party> {
  const identity = await Identity.fromSeed(sha256(utf8ToBytes(`hostile suite: ${name}`)));
  const { nodeId, nodeIdBytes, publicKey } = identity;
  return { identity, self: { nodeId, nodeIdBytes, publicKey, params: freshParams() } };
}

/** The params of a process that has just started. */
export function freshParams(): Uint8Array {
  return encodeParams({
    bootId: systemRandom.bytes(16),
    creditBytes: CREDIT_BYTES_MIN,
    messagesPerSecond: 0,
  });
}
