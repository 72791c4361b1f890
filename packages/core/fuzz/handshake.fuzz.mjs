// Damaged messages of a real handshake, at every state of both machines. Verifications answer true: even then only the
// genuine bytes may complete a handshake, because the tags and MACs hold.
import { equalBytes } from '@yakmesh/crypto';
import { encodeChallenge, encodeRefuse } from '../dist/handshake/messages.js';
import { must, target } from './mutation.mjs';
import { goOn, initiatorOf, NOW_MS, party, record, responderOf } from './transcript.mjs';

const isDone = (actions) => actions.some(({ type }) => type === 'done');

const challengeOf = (session) =>
  encodeChallenge({ suite: 1, session, seed: new Uint8Array(32), bits: 4, count: 8, expirySeconds: 60 });

async function prepare() {
  const [a, b] = [await party(11), await party(12)];
  const { sent, results, freshKeyPair } = await record(a, b);
  const session = sent[0].slice(16, 32);
  const samples = [...sent, encodeRefuse({ suite: 1, session, code: 2 }), challengeOf(session)];
  return { a, b, sent, results, freshKeyPair, samples };
}

async function check(bytes, { a, b, sent, results, freshKeyPair }, random) {
  const [hello, , confirm] = sent;
  const fresh = responderOf(b, random(4) === 0 ? 4 : 0);
  goOn(fresh, fresh.receive(bytes, NOW_MS), results);
  must(!isDone(fresh.receive(bytes, NOW_MS)), 'no single message links');
  fresh.destroy();
  const confirming = responderOf(b);
  goOn(confirming, confirming.receive(hello, NOW_MS), results);
  const linked = isDone(goOn(confirming, confirming.receive(bytes, NOW_MS), results));
  must(linked === equalBytes(bytes, confirm), 'a responder links by the genuine CONFIRM only');
  confirming.destroy();
  // The initiator decapsulates for real: its key pair is destroyed with it.
  const initiator = initiatorOf(a);
  const withKey = { ...results, generate: { type: 'generate', keyPair: await freshKeyPair() } };
  goOn(initiator, initiator.start(), withKey);
  const confirmed = isDone(goOn(initiator, initiator.receive(bytes), withKey));
  must(!confirmed || equalBytes(bytes, sent[1]), 'an initiator links by the genuine WELCOME only');
  initiator.destroy();
}

export default target({
  name: 'handshake machines',
  prepare,
  check,
  expensive: {
    runs: 100_000,
    why: 'each is given to three machines, which derive keys and open what they get',
  },
});
