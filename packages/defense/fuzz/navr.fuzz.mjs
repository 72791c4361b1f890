// Encoded challenges: what was not made here is never believed, whatever it says, and nothing throws.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodeChallenge, encodeChallenge, NAVR } from '../dist/index.js';

/** So hard that no solution fits by chance. */
const DIFFICULTY = 28;
const NOW_MS = 1_800_000_000_000;

const navr = new NAVR({ difficulty: DIFFICULTY });
const encoded = (peerId, scope) => encodeChallenge(navr.createChallenge(peerId, { scope }, NOW_MS));
const genuine = [
  encoded('alice', '192.0.2.1'),
  encoded('日本', ''),
  encoded('p'.repeat(255), 's'.repeat(255)),
];
const texts = new Set(genuine.map((bytes) => bytes.join()));
const guess = new Uint8Array(40);

export default target({
  name: 'challenges',
  samples: () => genuine,
  decoders: {
    decodeChallenge: (bytes) => {
      const challenge = decodeChallenge(bytes);
      if (challenge === undefined) return;
      must(encodeChallenge(challenge).join() === bytes.join(), 'one challenge has one encoding');
    },
  },
  covers: ['parseChallenge'],
  check: (bytes, _, random) => {
    const challenge = decodeChallenge(bytes);
    const { code } = navr.explain(challenge, guess, {}, NOW_MS);
    const isBelieved = code === 'NAVR_BAD_SOLUTION';
    must(isBelieved === texts.has(bytes.join()), 'a challenge is believed if and only if it was made here');
    const field = ['peerId', 'scope', 'difficulty', 'minute', 'nonce', 'seed'][random(6)];
    const values = [bytes, Buffer.from(bytes).toString('latin1'), bytes.length, null, undefined];
    const odd = { ...decodeChallenge(genuine[0]), ...challenge, [field]: values[random(values.length)] };
    must(navr.verify(odd, guess, {}, NOW_MS) === false, 'no guess is accepted');
    must(navr.verify(challenge, bytes, {}, NOW_MS) === false, 'no solution of random bytes is accepted');
  },
});
