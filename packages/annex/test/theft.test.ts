import type { KemKeyPair } from '@yakmesh/crypto';
import { beforeAll, expect, test } from '@jest/globals';
import type { CryptoJobs } from '../src/crypto-job.js';
import { channelSecrets } from '../src/handshake/key-schedule.js';
import type { Ticket } from '../src/handshake/resumption.js';
import { shake } from './support/handshake-pair.js';
import { party, SUITE, type Party } from './support/parties.js';
import { recomputed, type Heard } from './support/recomputed.js';

const PSK = new Uint8Array(64).fill(3);
let alice: Party;
let bob: Party;

beforeAll(async () => {
  [alice, bob] = await Promise.all([party('alice'), party('bob')]);
});

const ticketFor = (peer: Party): Ticket => {
  return { id: new Uint8Array(16).fill(1), psk: PSK.slice(), peer: peer.self, endMs: 2_000 };
};

/** A handshake with what its ends had of their own in it: KEM keys, and each shared secret, as it was and as it is left. */
async function watched(isResumed: boolean) {
  const pairs: KemKeyPair[] = [];
  const shared: { readonly was: Uint8Array; readonly left: Uint8Array }[] = [];
  const watch =
    (jobs: CryptoJobs): CryptoJobs =>
    async (job) => {
      const result = await jobs(job);
      if (result.type === 'generate') pairs.push(result.keyPair);
      if (result.type === 'encapsulate' || result.type === 'decapsulate')
        shared.push({ was: result.sharedSecret.slice(), left: result.sharedSecret });
      return result;
    };
  const tickets = [ticketFor(bob), ticketFor(alice)] as const;
  const { sent, initiator } = await shake(alice, bob, undefined, {
    initiator: { ticket: isResumed ? tickets[0] : undefined },
    responder: { ticket: isResumed ? tickets[1] : undefined },
    jobs: { initiator: watch(alice.jobs), responder: watch(bob.jobs) },
  });
  const [open, answer, confirm] = sent.map(({ bytes }) => bytes);
  if (open === undefined || answer === undefined || confirm === undefined) throw new Error('no handshake');
  return { heard: { open, answer, confirm }, root: initiator.outcome?.secrets.root, pairs, shared, tickets };
}

/** root_0 from what was on the wire, the KEM's secret and the ticket's psk; undefined where the first tag does not fit. */
function rootOf(heard: Heard, sharedSecret: Uint8Array, psk?: Uint8Array): Uint8Array | undefined {
  const found = recomputed(bob, heard, sharedSecret.slice(), psk);
  if (found?.confirmProof === undefined) return undefined;
  return channelSecrets(found.secrets, found.transcript2, found.confirmProof).root;
}

test.each([
  ['a full handshake', false],
  ['one from a ticket', true],
] as const)(
  'acceptance 8: the recording of %s opens with its KEM secret, and not with everything that is left after it',
  async (_, isResumed) => {
    const { heard, root, pairs, shared, tickets } = await watched(isResumed);
    const psk = isResumed ? PSK : undefined;
    // The thief's arithmetic is right: with what is erased it gives the session.
    expect(shared).toHaveLength(2);
    for (const { was } of shared) expect(rootOf(heard, was, psk)).toEqual(root);
    // What is left of the ephemeral secrets are zeros, and keys that decapsulate nothing.
    for (const { left } of shared) expect(left).toEqual(new Uint8Array(32));
    for (const { psk: left } of isResumed ? tickets : []) expect(left).toEqual(new Uint8Array(64));
    const ciphertext = heard.answer.slice(72, 72 + SUITE.ciphertextBytes);
    for (const pair of pairs)
      await expect(pair.decapsulate(ciphertext)).rejects.toMatchObject({ code: 'IDENTITY_DESTROYED' });
    // Both identities, which can sign anything, and the psk stay: neither is an input that gives the KEM's secret.
    const own = await SUITE.generate();
    const guesses = [new Uint8Array(32), await own.decapsulate(ciphertext)];
    for (const guess of guesses) expect(rootOf(heard, guess, psk)).toBeUndefined();
  },
);

test('acceptance 8: the KEM secret of a resumed handshake without the psk of its ticket opens nothing either', async () => {
  const { heard, shared } = await watched(true);
  for (const { was } of shared) expect(rootOf(heard, was)).toBeUndefined();
});
