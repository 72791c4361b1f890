// The KEM ratchet, one turn of each role, between ends that have root_0 and th3. The attacker has root_0 too: whatever the
// records hide, it reads, and it writes records of its own. Frames are therefore shown as if nothing sealed them.
import { encapsulate, hash, identity, kemKey, open, seal, secret, sign, tuple, variable } from './terms.mjs';

export const RATCHET_RULES = Object.freeze({
  /** RATCHET_EK and RATCHET_CT are signed and verified. */
  keySigned: true,
  textSigned: true,
  /** What is signed holds th'_e, the epoch, and whether it is EK or CT. */
  transcript: true,
  epoch: true,
  kind: true,
  /** The shared secret goes into the next root. */
  fresh: true,
  /** The initiator is not anonymous; or it is, and the responder claims nothing of it. */
  named: true,
  claimed: true,
});

/** An anonymous initiator signs nothing, and nothing of it is verified. */
const signs = (rules, role) => rules.named || role === 'r';
const signatureOf = (rules, role, key, message) =>
  signs(rules, role) ? sign(key, CONTEXT, message) : open('zeros');
const claimsOf = (rules, peerRole, events) =>
  signs(rules, peerRole) || rules.claimed ? events : events.filter(({ kind }) => kind === 'running');

const CONTEXT = open('annex/1 ratchet');

function signedFrame(rules, kind, { transcript, epoch, role }, ...kem) {
  return tuple(
    ...(rules.kind ? [open(kind)] : []),
    ...(rules.transcript ? [transcript] : []),
    ...(rules.epoch ? [open(`epoch ${epoch}`)] : []),
    open(role),
    ...kem,
  );
}

const frame = (kind, epoch, ...parts) => tuple(open(`RATCHET_${kind}`), open(`epoch ${epoch}`), ...parts);

/** root_{e+1} and th'_{e+1}. */
function nextEpoch(rules, { root, transcript }, ek, ct, shared) {
  const next = hash("th'", transcript, ek, ct);
  const extracted = hash('extract', hash('derived', root), ...(rules.fresh ? [shared] : []));
  return { root: hash('root', extracted, next), transcript: next };
}

/** The first record under a root, which the decapsulator sends. */
const ping = (root) => seal(hash('rec', root, open('ping')), open('sequence 0'), open('PING'));

/** Whoever has the turn: sends RATCHET_EK, takes RATCHET_CT, switches and sends a PING. */
function takeTurn(rules, { run, key, peer, epoch, role, peerRole }) {
  const ephemeral = secret(`ephemeral ${run} ${epoch} ${role}`);
  const ek = kemKey(ephemeral);
  const propose = (memory) => {
    const signature = signatureOf(rules, role, key, signedFrame(rules, 'EK', { ...memory, epoch, role }, ek));
    const events = [
      { kind: 'running', name: 'an EK is taken', terms: [open(`epoch ${epoch}`), memory.transcript, ek] },
    ];
    return [{ memory, events, send: [frame('EK', epoch, ek, signature)] }];
  };
  const conclude = (memory) => {
    const [shared, any] = ['shared', 'signature'].map((name) => variable(`${name} ${run} ${epoch} ${role}`));
    const ct = encapsulate(ek, shared);
    const signature = sign(
      peer,
      CONTEXT,
      signedFrame(rules, 'CT', { ...memory, epoch, role: peerRole }, ek, ct),
    );
    const next = nextEpoch(rules, memory, ek, ct, shared);
    const peerId = identity(peer);
    return [
      {
        receive: [frame('CT', epoch, ct, rules.textSigned && signs(rules, peerRole) ? signature : any)],
        memory: next,
        send: [ping(next.root)],
        events: claimsOf(rules, peerRole, [
          { kind: 'commit', name: 'a turn is concluded', terms: [next.root, next.transcript], peer: peerId },
          { kind: 'secret', name: `the root of epoch ${epoch}`, terms: [next.root], peer: peerId },
          { kind: 'running', name: 'a turn is confirmed', terms: [next.root, next.transcript] },
        ]),
      },
    ];
  };
  return [propose, conclude];
}

/** The other end: takes RATCHET_EK, sends RATCHET_CT, and switches with the first record under the new root. */
function answerTurn(rules, { run, key, peer, epoch, role, peerRole }) {
  const answer = (memory) => {
    const [ephemeral, any] = ['ephemeral', 'signature'].map((name) =>
      variable(`${name} ${run} ${epoch} ${role}`),
    );
    const shared = secret(`shared ${run} ${epoch} ${role}`);
    const ek = kemKey(ephemeral);
    const ct = encapsulate(ek, shared);
    const verified = sign(peer, CONTEXT, signedFrame(rules, 'EK', { ...memory, epoch, role: peerRole }, ek));
    const signature = signatureOf(
      rules,
      role,
      key,
      signedFrame(rules, 'CT', { ...memory, epoch, role }, ek, ct),
    );
    const next = nextEpoch(rules, memory, ek, ct, shared);
    return [
      {
        receive: [frame('EK', epoch, ek, rules.keySigned && signs(rules, peerRole) ? verified : any)],
        memory: next,
        send: [frame('CT', epoch, ct, signature)],
        events: claimsOf(rules, peerRole, [
          {
            kind: 'commit',
            name: 'an EK is taken',
            terms: [open(`epoch ${epoch}`), memory.transcript, ek],
            peer: identity(peer),
          },
          { kind: 'running', name: 'a turn is concluded', terms: [next.root, next.transcript] },
          { kind: 'secret', name: `the root of epoch ${epoch}`, terms: [next.root], peer: identity(peer) },
        ]),
      },
    ];
  };
  const confirm = (memory) => [
    {
      receive: [ping(memory.root)],
      memory,
      // Says nothing, but the next turn may begin: its EK is the next step's.
      events: claimsOf(rules, peerRole, [
        {
          kind: 'commit',
          name: 'a turn is confirmed',
          terms: [memory.root, memory.transcript],
          peer: identity(peer),
        },
      ]),
    },
  ];
  return [answer, confirm];
}

/** One end of a session through epochs 1 and 2. The initiator has the odd turns. */
export function ratchetEnd({ rules = RATCHET_RULES, session, key, peer, role, epochs = 2 }) {
  const peerRole = role === 'i' ? 'r' : 'i';
  const steps = Array.from({ length: epochs }, (_, at) => {
    const turn = { run: session, key, peer, epoch: at + 1, role, peerRole };
    return ((at + 1) % 2 === 1) === (role === 'i') ? takeTurn(rules, turn) : answerTurn(rules, turn);
  });
  const memory = {
    root: secret(`root of session ${session}`),
    transcript: secret(`th3 of session ${session}`),
  };
  return { name: `${key.name} ratchets as ${role} (${session})`, memory, steps: steps.flat() };
}

/** What the attacker stole of a session: everything but the identities. */
export const stolen = (session) => [
  secret(`root of session ${session}`),
  secret(`th3 of session ${session}`),
];
