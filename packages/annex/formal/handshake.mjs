// OPEN, ANSWER, CONFIRM and the first records, as PROTOCOL.md has them. `rules` says which of its checks are in force.
import {
  carried,
  frames,
  network,
  proofEvent,
  record,
  schedule,
  sealedEvent,
  sessionOf,
} from './schedule.mjs';
import { encapsulate, hash, identity, kemKey, open, secret, sign, tuple, variable } from './terms.mjs';

/** Every check and binding that the protocol has; runs of `npm run formal` drop them one by one, or a few together. */
export const RULES = Object.freeze({
  /** The slot is verified, and sigA. */
  slot: true,
  signature: true,
  /** Signatures have a context or label of their use. */
  contexts: true,
  /** What is signed holds the transcript, and not just key and params. */
  transcriptSigned: true,
  /** The proofs travel in an AEAD field. */
  sealed: true,
  fin: true,
  /** root_0 depends on th3 and not just on th1. */
  root: true,
  /** The prologue holds B's id. */
  prologue: true,
  /** A looks whether the proven id is the one it calls. */
  peerChecked: true,
  /** A verifies B before it shows itself. */
  verifiedFirst: true,
  /** ekA is used once, and its private key erased. */
  ephemeral: true,
  /** The roles have keys of their own in the handshake. */
  roles: true,
  /** The directions have chains of their own. */
  directions: true,
  /** A session that is done never begins again. */
  tombstones: true,
  /** An initiator that has confirmed answers no other ANSWER. */
  onceConfirmed: true,
});

const LINK = open('mbs/1 link');
const PARAMS = { named: open('named'), anonymous: open('anonymous') };

const contextOf = (rules, context) => (rules.contexts ? context : open('any use'));
const leafOf = (rules, label, digest) => (rules.contexts ? tuple(open(label), digest) : digest);

/** What a side signs and puts under its fin: H(th ‖ pk ‖ params), and the latter with the signature behind it. */
function digestOf(rules, th, key, params, ...signature) {
  const isBound = rules.transcriptSigned || signature.length > 0;
  return hash('digest', ...(isBound ? [th] : []), key, params, ...signature);
}

const finOf = (rules, fk, ...parts) =>
  rules.fin ? hash('fin of', fk, digestOf(rules, ...parts)) : open('no fin');

/**
 * The initiator: step 1 takes an ANSWER and sends CONFIRM and a first record, step 2 takes HS_DONE. `leaks` lets the attacker
 * have the session's root. With `ticket` (resumption.mjs) it sends REOPEN, and step 1 takes a REANSWER too.
 */
export function initiator({
  rules = RULES,
  run,
  key,
  peer,
  isAnonymous = false,
  hidesIdentity = false,
  leaks = false,
  ticket,
}) {
  const [own, called] = [identity(key), identity(peer)];
  const [sid, nonce, params, data] = ['sidA', 'nonceA', 'paramsA', 'data'].map((name) =>
    secret(`${name} ${run}`),
  );
  const ephemeral = secret(rules.ephemeral ? `ephemeral ${run}` : `KEM key of ${key.name}`);
  const fields = [network, sid, nonce, kemKey(ephemeral)];
  const opening = ticket === undefined ? tuple(open('OPEN'), ...fields) : ticket.opening(called, fields);
  const v = (name) => variable(`${name} ${run}`);

  /** What A takes for a proof of B: key, params, slot, fin. */
  const awaited = (keys, suffix) => {
    const [shown, signer, params_, slot, fin] = ['keyB', 'signerB', 'paramsB', 'slot', 'finB'].map((field) =>
      v(`${field}${suffix}`),
    );
    if (!rules.verifiedFirst) return [shown, params_, slot, fin];
    const [keyB, signingKey] = rules.peerChecked ? [called, peer] : [identity(signer), signer];
    const leaf = leafOf(rules, 'annex/1 r', digestOf(rules, keys.th1, keyB, params_));
    const verified = rules.slot ? sign(signingKey, contextOf(rules, LINK), leaf) : slot;
    return [keyB, params_, verified, finOf(rules, keys.r.fk, keys.th1, keyB, params_, verified)];
  };

  const proofOfOwn = (keys, th2, suffix) => {
    const shown = isAnonymous ? secret(`filler key ${run}`) : own;
    const flagged = tuple(isAnonymous ? PARAMS.anonymous : PARAMS.named, params);
    const digest = digestOf(rules, th2, shown, flagged);
    const signed = sign(key, contextOf(rules, open('annex/1 i')), digest);
    // Signatures are hedged: a second one differs, which matters only where A would make one.
    const hedged = rules.onceConfirmed ? signed : tuple(signed, secret(`hedge ${run}${suffix}`));
    const signature = isAnonymous ? secret(`filler signature ${run}`) : hedged;
    return [shown, flagged, signature, finOf(rules, keys.i.fk, th2, shown, flagged, signature)];
  };

  const answered = (suffix) => {
    const [sidB, nonceB, shared] = ['sidB', 'nonceB', 'shared'].map((field) => v(`${field}${suffix}`));
    const clear = tuple(open('ANSWER'), sid, sidB, nonceB, encapsulate(kemKey(ephemeral), shared));
    const keys = schedule(rules, { responder: called, opening, clear, shared });
    const proofB = tuple(...awaited(keys, suffix));
    const th2 = hash('th2', keys.th1, proofB);
    const proofA = tuple(...proofOfOwn(keys, th2, suffix));
    const head = tuple(open('CONFIRM'), sidB);
    const { th3, root, ticket: left } = sessionOf(rules, keys, th2, proofA);
    const ends = [isAnonymous ? PARAMS.anonymous : own, called];
    const agreed = [...ends, th3, root];
    const firstRecord = record(rules, root, 'i', 0, frames(data));
    const claims = [
      { kind: 'commit', name: 'A accepts the answer', terms: [called, th2], peer: called },
      { kind: 'secret', name: "A's root", terms: [root], peer: called },
      { kind: 'secret', name: "A's data", terms: [data, root], peer: called },
    ];
    return {
      receive: [clear, carried(rules, keys.r, clear, proofB)],
      // The id is never A's own, and sidB another than sidA.
      unequal: [[sid, sidB], ...(rules.peerChecked ? [[called, own]] : [])],
      memory: { root, agreed, left, held: { peer: called } },
      send: [head, carried(rules, keys.i, head, proofA), firstRecord.sealed],
      leak: leaks ? [root] : [],
      events: [
        ...(rules.verifiedFirst && suffix === '' ? claims : []),
        ...(hidesIdentity ? [{ kind: 'secret', name: "A's identity", terms: [own], peer: called }] : []),
        { kind: 'running', name: isAnonymous ? 'B accepts an anonymous A' : 'B accepts A', terms: agreed },
        { kind: 'session', name: 'A', terms: [root, ...ends] },
        proofEvent('CONFIRM', keys.i, proofA),
        sealedEvent(firstRecord),
      ],
    };
  };

  const established = ({ root, agreed, left, held }) => [
    {
      receive: [record(rules, root, 'r', 0, frames(v('hsDone'))).sealed],
      memory: { left },
      events: [{ kind: 'commit', name: 'A is established', terms: agreed, ...held }],
    },
  ];
  const again = () => [answered(' again')];
  const self = { run, own, called, sid, params, data, ephemeral, opening };
  const reanswered = () => (ticket === undefined ? [] : [ticket.reanswered(self)]);
  return {
    name: `${isAnonymous ? 'anonymous' : key.name} calls ${peer.name} (${run})`,
    memory: {},
    first: [opening],
    events: ticket === undefined ? [] : ticket.events(own, called, opening),
    steps: [() => [answered(''), ...reanswered()], rules.onceConfirmed ? established : again],
  };
}

/**
 * The responder: step 1 takes an OPEN and sends ANSWER, step 2 takes CONFIRM and sends HS_DONE, step 3 takes a CONFIRM again.
 * With `tickets` (resumption.mjs) it takes a REOPEN too, in full or with REANSWER.
 */
export function responder({ rules = RULES, run, key, hidesIdentity = false, isRepeated = false, tickets }) {
  const own = identity(key);
  const [sid, nonce, params, shared, data] = ['sidB', 'nonceB', 'paramsB', 'shared', 'data'].map((name) =>
    secret(`${name} ${run}`),
  );
  const v = (name) => variable(`${name} ${run}`);
  const name = `${key.name} answers (${run})`;

  const [sidA, nonceA, privateKey] = ['sidA', 'nonceA', 'ephemeral'].map(v);
  // Whoever sends an ekA to which nobody has the key only harms itself, so all have one.
  const fields = [network, sidA, nonceA, kemKey(privateKey)];
  const answered = (opening) => {
    const clear = tuple(open('ANSWER'), sidA, sid, nonce, encapsulate(kemKey(privateKey), shared));
    const keys = schedule(rules, { responder: own, opening, clear, shared });
    const digest = digestOf(rules, keys.th1, own, params);
    const slot = sign(key, contextOf(rules, LINK), leafOf(rules, 'annex/1 r', digest));
    const parts = [own, params, slot, finOf(rules, keys.r.fk, keys.th1, own, params, slot)];
    const proofB = tuple(...parts);
    const th2 = hash('th2', keys.th1, proofB);
    return {
      receive: [opening],
      memory: { keys, th2 },
      send: [clear, carried(rules, keys.r, clear, proofB)],
      events: [
        { kind: 'running', name: 'A accepts the answer', terms: [own, th2] },
        proofEvent('ANSWER', keys.r, proofB),
        ...(hidesIdentity ? [{ kind: 'secret', name: "B's identity", terms: [own] }] : []),
      ],
    };
  };
  const self = { run, own, sid, nonce, params, shared, data, sidA, nonceA, privateKey, fields };
  const answering = () => [
    answered(tuple(open('OPEN'), ...fields)),
    ...(tickets === undefined ? [] : tickets.answered(self, answered)),
  ];

  const confirming = ({ keys, th2 }, isAnonymous, suffix = '') => {
    const [signer, filler, paramsA, sigOfAny] = ['keyA', 'keyA anonymous', 'paramsA', 'sigA'].map((field) =>
      v(`${field}${suffix}`),
    );
    const shown = isAnonymous ? filler : identity(signer);
    const flagged = tuple(isAnonymous ? PARAMS.anonymous : PARAMS.named, paramsA);
    const digest = digestOf(rules, th2, shown, flagged);
    const verified = sign(signer, contextOf(rules, open('annex/1 i')), digest);
    const signature = isAnonymous || !rules.signature ? sigOfAny : verified;
    const fin = finOf(rules, keys.i.fk, th2, shown, flagged, signature);
    const proofA = tuple(shown, flagged, signature, fin);
    const head = tuple(open('CONFIRM'), sid);
    const { th3, root, ticket: left } = sessionOf(rules, keys, th2, proofA);
    const ends = [isAnonymous ? PARAMS.anonymous : shown, own];
    const agreed = [...ends, th3, root];
    const doneRecord = record(rules, root, 'r', 0, frames(secret(`${data.name}${suffix}`)));
    // A session that began again would be found by its records; its other claims are the first one's.
    const claims = [
      { kind: 'commit', name: 'B accepts A', terms: agreed, peer: shown },
      { kind: 'secret', name: "B's root", terms: [root], peer: shown },
      { kind: 'secret', name: "B's data", terms: [data, root], peer: shown },
    ];
    return {
      receive: [head, carried(rules, keys.i, head, proofA)],
      unequal: isAnonymous ? [] : [[shown, own]],
      // An anonymous session leaves no ticket.
      memory: { keys, th2, root, left: isAnonymous ? undefined : left, peer: shown },
      send: [doneRecord.sealed],
      events: [
        ...(isAnonymous || suffix !== '' ? [] : claims),
        { kind: 'running', name: 'A is established', terms: agreed },
        { kind: 'session', name: 'B', terms: [root, ...ends] },
        sealedEvent(doneRecord),
      ],
    };
  };

  const confirmed = (memory) =>
    memory.ticket === undefined
      ? [confirming(memory, false), confirming(memory, true)]
      : [tickets.confirmed(self, memory)];
  // With the tombstone the same CONFIRM gets HS_DONE in the next record of the session that there is.
  const repeated = (memory) => {
    if (!rules.tombstones) return [confirming(memory, false, ' again')];
    const next = record(rules, memory.root, 'r', 1, frames(secret(`${data.name} again`)));
    return [{ send: [next.sealed], events: [sealedEvent(next)] }];
  };
  return { name, memory: {}, steps: [answering, confirmed, ...(isRepeated ? [repeated] : [])] };
}

/** An identity that also signs links and ratchets, anything that the attacker asks for: more than those protocols do. */
export function otherUses({ rules = RULES, key }) {
  const message = variable(`message ${key.name}`);
  return {
    name: `${key.name} signs for links and ratchets`,
    memory: {},
    steps: [
      () => [
        {
          receive: [message],
          send: [
            sign(key, contextOf(rules, LINK), leafOf(rules, 'link/1 r', message)),
            sign(key, contextOf(rules, open('link/1 i')), message),
            sign(key, contextOf(rules, open('annex/1 ratchet')), message),
          ],
        },
      ],
    ],
  };
}

/** Gives keys away at any moment. */
export const theft = (...keys) => ({
  name: `theft of ${keys.map(({ name }) => name).join(' and ')}`,
  memory: {},
  steps: [() => [{ send: keys }]],
});
