// The search on a protocol whose attack everybody knows (Lowe 1995), so that its "nothing found" can be believed.
import { encapsulate, identity, kemKey, secret, tuple, variable } from './terms.mjs';

/** Public-key encryption of a message for an identity. */
const crypt = (key, ...message) => encapsulate(kemKey(key), tuple(...message));

export function needhamSchroeder({ isNamed }) {
  const [a, b, e] = ['a', 'b', 'e'].map(secret);
  const [na, nb] = ['na', 'nb'].map(secret);
  const [peerNonce, nonce] = [variable('nonceOfB'), variable('nonceOfA')];
  const name = isNamed ? (key) => [identity(key)] : () => [];
  const caller = {
    name: 'A calls E',
    memory: {},
    first: [crypt(e, na, identity(a))],
    steps: [() => [{ receive: [crypt(a, na, peerNonce, ...name(e))], send: [crypt(e, peerNonce)] }]],
  };
  const answerer = {
    name: 'B answers',
    memory: {},
    steps: [
      () => [
        {
          receive: [crypt(b, nonce, identity(a))],
          memory: { nonce },
          send: [crypt(a, nonce, nb, ...name(b))],
        },
      ],
      () => [{ receive: [crypt(b, nb)], events: [{ kind: 'secret', name: 'nonce of B', terms: [nb] }] }],
    ],
  };
  return {
    threads: [caller, answerer],
    known: [e, ...[a, b, e].flatMap((key) => [identity(key), kemKey(key)])],
  };
}
