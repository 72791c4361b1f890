import { expect, test } from '@jest/globals';
import { encodeNodeId } from '@yakmesh/crypto';
import type { HandshakeOutcome, HandshakeRole } from '../src/handshake/actions.js';
import { duplicateWinner } from '../src/mesh/peer.js';

const id = (first: number): Uint8Array => new Uint8Array(32).fill(first);

/** A link between `self` and the peer, as `self` sees it. */
function link(role: HandshakeRole, peer: Uint8Array, boot: number): HandshakeOutcome {
  return {
    role,
    nodeId: encodeNodeId(peer),
    nodeIdBytes: peer,
    publicKey: new Uint8Array(0),
    params: { bootId: new Uint8Array(16).fill(boot), creditBytes: 0, messagesPerSecond: 0 },
    secrets: { root: new Uint8Array(64), transcript: new Uint8Array(64), exporter: new Uint8Array(64) },
    networkHash: new Uint8Array(32),
  };
}

test.each([
  {
    old: 'initiator',
    oldBoot: 1,
    fresh: 'initiator',
    boot: 2,
    self: 1,
    peer: 2,
    winner: 'new',
    why: 'restarted',
  },
  {
    old: 'responder',
    oldBoot: 1,
    fresh: 'initiator',
    boot: 2,
    self: 2,
    peer: 1,
    winner: 'new',
    why: 'restarted',
  },
  {
    old: 'initiator',
    oldBoot: 1,
    fresh: 'responder',
    boot: 2,
    self: 1,
    peer: 2,
    winner: 'new',
    why: 'restarted',
  },
  {
    old: 'initiator',
    oldBoot: 1,
    fresh: 'initiator',
    boot: 1,
    self: 1,
    peer: 2,
    winner: 'new',
    why: 'dialled twice',
  },
  {
    old: 'responder',
    oldBoot: 1,
    fresh: 'responder',
    boot: 1,
    self: 1,
    peer: 2,
    winner: 'new',
    why: 'dialled twice',
  },
  {
    old: 'initiator',
    oldBoot: 1,
    fresh: 'responder',
    boot: 1,
    self: 1,
    peer: 2,
    winner: 'old',
    why: 'crossed',
  },
  {
    old: 'responder',
    oldBoot: 1,
    fresh: 'initiator',
    boot: 1,
    self: 1,
    peer: 2,
    winner: 'new',
    why: 'crossed',
  },
  {
    old: 'initiator',
    oldBoot: 1,
    fresh: 'responder',
    boot: 1,
    self: 2,
    peer: 1,
    winner: 'new',
    why: 'crossed',
  },
  {
    old: 'responder',
    oldBoot: 1,
    fresh: 'initiator',
    boot: 1,
    self: 2,
    peer: 1,
    winner: 'old',
    why: 'crossed',
  },
] as const)('of two links ($old, then $fresh; $why; self $self, peer $peer) the $winner one stays', (row) => {
  const peer = id(row.peer);
  const verdict = duplicateWinner(
    id(row.self),
    link(row.old, peer, row.oldBoot),
    link(row.fresh, peer, row.boot),
  );
  expect(verdict).toBe(row.winner);
});

test('both ends keep the same one of two crossing links, in whichever order they see them', () => {
  const [a, b] = [id(7), id(9)];
  // The link that a dialled, and the one that b dialled, as each end sees them.
  const ofA = { dialled: link('initiator', b, 1), accepted: link('responder', b, 1) };
  const ofB = { dialled: link('initiator', a, 1), accepted: link('responder', a, 1) };
  const stays = (self: Uint8Array, first: HandshakeOutcome, second: HandshakeOutcome): HandshakeOutcome =>
    duplicateWinner(self, first, second) === 'new' ? second : first;
  expect(stays(a, ofA.dialled, ofA.accepted)).toBe(ofA.dialled);
  expect(stays(a, ofA.accepted, ofA.dialled)).toBe(ofA.dialled);
  expect(stays(b, ofB.dialled, ofB.accepted)).toBe(ofB.accepted);
  expect(stays(b, ofB.accepted, ofB.dialled)).toBe(ofB.accepted);
});

test('ids are compared as bytes: the order of their texts is another', () => {
  let found = 0;
  for (let first = 0; first < 31; first += 1) {
    const [a, b] = [id(8 * first), id(8 * first + 8)];
    if (encodeNodeId(a) > encodeNodeId(b)) found += 1;
    expect(duplicateWinner(a, link('responder', b, 1), link('initiator', b, 1))).toBe('new');
  }
  expect(found).toBeGreaterThan(0);
});
