// What neighbours say of members, and the list of known peers that a store gives back.
import { decodeKnownPeers } from '../dist/membership/known-peers.js';
import {
  SHUFFLE_ENTRIES_MAX,
  WALK_TTL_MAX,
  decodeMember,
  encodeMember,
} from '../dist/membership/messages.js';
import { must, target } from './mutation.mjs';

const entry = { id: new Uint8Array(32).fill(7), endpoint: 'ws://192.0.2.1:9001/' };
const messages = [
  { type: 'state', degree: 4, isHeld: true },
  { type: 'forward-join', ttl: 6, entry },
  { type: 'shuffle', ttl: 6, id: 'abcdefgh', entries: [entry, { ...entry, endpoint: '' }] },
  { type: 'shuffle-reply', id: 'abcdefgh', entries: [entry] },
];

export default target({
  name: 'members',
  samples: () => messages.map(encodeMember),
  decoders: {
    decodeMember: (bytes) => {
      const message = decodeMember(bytes);
      if (message === undefined) return;
      must((message.ttl ?? 0) <= WALK_TTL_MAX, 'no walk is longer than walks are');
      must((message.entries?.length ?? 0) <= SHUFFLE_ENTRIES_MAX, 'no sample is larger than samples are');
      must(encodeMember(message).length <= bytes.length, 'what is read is no longer than what was written');
    },
    decodeKnownPeers: (bytes) => {
      for (const { lastMs } of decodeKnownPeers(bytes))
        must(Number.isSafeInteger(lastMs), 'times are whole numbers');
    },
  },
});
