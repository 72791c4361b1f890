// REOPEN, REANSWER and RECONFIRM of PROTOCOL.md's section 12, beside the full handshake that may answer a REOPEN.
//
// A ticket is { id, psk }; at the end that it is shown to also { peer }, and { isChosen } where the attacker may choose it.
import { initiator, responder, RULES } from './handshake.mjs';
import {
  carried,
  earlyOf,
  frames,
  network,
  proofEvent,
  record,
  schedule,
  sealedEvent,
  sessionOf,
} from './schedule.mjs';
import { encapsulate, hash, identity, kemKey, open, secret, tuple, variable } from './terms.mjs';

export const RESUMPTION_RULES = Object.freeze({
  ...RULES,
  /** B takes a ticket only from whoever has its psk. */
  binder: true,
  /** A ticket serves once. */
  once: true,
  /** The psk is in the keys, and not just in the binder. */
  psk: true,
  /** The KEM's secret is in the keys. */
  kem: true,
  /** No rule but what is assumed: without it the attacker has the ticket from the start, and the ends do not know. */
  unstolen: true,
});

/** REOPEN: the fields of an OPEN, which ticket, and the binder over all of that. */
function reopening(rules, responderId, fields, { id, psk }) {
  const bound = tuple(open('REOPEN'), ...fields, id);
  const key = hash('binder key', earlyOf(rules, responderId, psk));
  return tuple(
    open('REOPEN'),
    ...fields,
    id,
    rules.binder ? hash('binder of', key, bound) : open('no binder'),
  );
}

/** Keys of a handshake that resumes. */
function resumed(rules, { shared, psk, ...rest }) {
  const inputs = { shared: rules.kem ? shared : undefined, psk: rules.psk ? psk : undefined };
  return schedule(rules, { ...rest, ...inputs });
}

/** Params, and a fin over them. */
function shortProof(rules, { fk }, th, params) {
  return tuple(params, rules.fin ? hash('fin of', fk, hash('short digest', th, params)) : open('no fin'));
}

/** Claims about a ticket's other end are made as long as the attacker has not its psk. */
const heldBy = (rules, { psk }) => (rules.unstolen ? { held: psk } : {});

/** What an initiator does with a ticket. */
export const callerWith = (rules, ticket) => ({
  opening: (called, fields) => reopening(rules, called, fields, ticket),

  /** What it claims with the REOPEN. */
  events: (own, called, opening) => [
    { kind: 'running', name: 'B takes a ticket', terms: [own, called, opening] },
  ],

  reanswered({ run, own, called, sid, params, data, ephemeral, opening }) {
    const [sidB, nonceB, shared, paramsB] = ['sidB', 'nonceB', 'shared', 'paramsB'].map((field) =>
      variable(`${field} ${run} short`),
    );
    const clear = tuple(open('REANSWER'), sid, sidB, nonceB, encapsulate(kemKey(ephemeral), shared));
    const keys = resumed(rules, { responder: called, opening, clear, shared, psk: ticket.psk });
    const proofB = shortProof(rules, keys.r, keys.th1, paramsB);
    const th2 = hash('th2', keys.th1, proofB);
    const proofA = shortProof(rules, keys.i, th2, params);
    const head = tuple(open('RECONFIRM'), sidB);
    const { th3, root, ticket: left } = sessionOf(rules, keys, th2, proofA);
    const agreed = [own, called, th3, root];
    const firstRecord = record(rules, root, 'i', 0, frames(data));
    const held = heldBy(rules, ticket);
    return {
      receive: [clear, carried(rules, keys.r, clear, proofB)],
      unequal: [[sid, sidB]],
      memory: { root, agreed, left, held },
      send: [head, carried(rules, keys.i, head, proofA), firstRecord.sealed],
      events: [
        { kind: 'commit', name: 'A accepts a reanswer', terms: [own, called, th2], ...held },
        { kind: 'secret', name: "A's resumed root", terms: [root], ...held },
        { kind: 'secret', name: "A's data", terms: [data, root], ...held },
        { kind: 'running', name: 'B accepts A again', terms: agreed },
        { kind: 'session', name: 'A', terms: [root, own, called] },
        proofEvent('RECONFIRM', keys.i, proofA),
        sealedEvent(firstRecord),
      ],
    };
  },
});

function reanswering(rules, self, ticket) {
  const { own, sid, nonce, params, shared, sidA, privateKey, fields } = self;
  const opening = reopening(rules, own, fields, ticket);
  const clear = tuple(open('REANSWER'), sidA, sid, nonce, encapsulate(kemKey(privateKey), shared));
  const keys = resumed(rules, { responder: own, opening, clear, shared, psk: ticket.psk });
  const proofB = shortProof(rules, keys.r, keys.th1, params);
  const th2 = hash('th2', keys.th1, proofB);
  const held = heldBy(rules, ticket);
  return {
    receive: [opening, ...(ticket.isChosen ? [ticket.psk] : [])],
    memory: { keys, th2, ticket },
    takes: rules.once ? [tuple(own, ticket.id)] : [],
    send: [clear, carried(rules, keys.r, clear, proofB)],
    events: [
      { kind: 'commit', name: 'B takes a ticket', terms: [ticket.peer, own, opening], ...held },
      { kind: 'running', name: 'A accepts a reanswer', terms: [ticket.peer, own, th2] },
      proofEvent('REANSWER', keys.r, proofB),
    ],
  };
}

/** What a responder does with its tickets. One that it does not find, which it may do at any time, is answered in full. */
export const answererWith = (rules, tickets) => ({
  answered(self, answered) {
    const [id, binder] = ['ticket', 'binder'].map((field) => variable(`${field} ${self.run}`));
    return [
      answered(tuple(open('REOPEN'), ...self.fields, id, binder)),
      ...tickets.map((ticket) => reanswering(rules, self, ticket)),
    ];
  },

  confirmed({ run, own, sid, data }, { keys, th2, ticket }) {
    const paramsA = variable(`paramsA ${run} short`);
    const proofA = shortProof(rules, keys.i, th2, paramsA);
    const head = tuple(open('RECONFIRM'), sid);
    const { th3, root, ticket: left } = sessionOf(rules, keys, th2, proofA);
    const agreed = [ticket.peer, own, th3, root];
    const doneRecord = record(rules, root, 'r', 0, frames(data));
    const held = heldBy(rules, ticket);
    return {
      receive: [head, carried(rules, keys.i, head, proofA)],
      memory: { keys, th2, root, left, peer: ticket.peer },
      send: [doneRecord.sealed],
      events: [
        { kind: 'commit', name: 'B accepts A again', terms: agreed, ...held },
        { kind: 'secret', name: "B's resumed root", terms: [root], ...held },
        { kind: 'secret', name: "B's data", terms: [data, root], ...held },
        { kind: 'running', name: 'A is established', terms: agreed },
        { kind: 'session', name: 'B', terms: [root, ticket.peer, own] },
        sealedEvent(doneRecord),
      ],
    };
  },
});

/** An initiator that calls in full, and once it is established again, with the ticket that this has left. */
export function callsTwice({ rules, runs: [first, second], key, peer }) {
  const begun = initiator({ rules, run: first, key, peer });
  const again = (ticket) => initiator({ rules, run: second, key, peer, ticket: callerWith(rules, ticket) });
  const [answered, established] = begun.steps;
  const reopened = (memory) =>
    established(memory).map((choice) => {
      const { first: send, events } = again(choice.memory.left);
      return { ...choice, send, events: [...choice.events, ...events] };
    });
  const reanswered = ({ left }) => again(left).steps[0]({ left });
  const steps = [answered, reopened, reanswered, initiator({ rules, run: second, key, peer }).steps[1]];
  return { ...begun, name: `${begun.name}, then again`, steps };
}

/** A responder that answers in full, then once more, also to the ticket that this has left. */
export function answersTwice({ rules, runs: [first, second], key }) {
  const begun = responder({ rules, run: first, key });
  const again = ({ left, peer }) =>
    responder({
      rules,
      run: second,
      key,
      tickets: answererWith(rules, left === undefined ? [] : [{ ...left, peer }]),
    });
  const steps = [...begun.steps, (memory) => again(memory).steps[0](memory), again({}).steps[1]];
  return { ...begun, name: `${begun.name}, then again`, steps };
}

/** A resumed handshake of two honest ends as somebody sees it who has their ticket and does nothing but listen. */
export function overheard(rules, caller, answerer, { id, psk }) {
  const [own, called] = [identity(caller), identity(answerer)];
  const [sidA, nonceA, ephemeral, sidB, nonceB, shared, paramsA, paramsB, data] = [
    'sidA',
    'nonceA',
    'ephemeral',
    'sidB',
    'nonceB',
    'shared',
    'paramsA',
    'paramsB',
    'data',
  ].map((name) => secret(`${name} overheard`));
  const opening = reopening(rules, called, [network, sidA, nonceA, kemKey(ephemeral)], { id, psk });
  const clear = tuple(open('REANSWER'), sidA, sidB, nonceB, encapsulate(kemKey(ephemeral), shared));
  const keys = resumed(rules, { responder: called, opening, clear, shared, psk });
  const proofB = shortProof(rules, keys.r, keys.th1, paramsB);
  const th2 = hash('th2', keys.th1, proofB);
  const proofA = shortProof(rules, keys.i, th2, paramsA);
  const head = tuple(open('RECONFIRM'), sidB);
  const { root, ticket } = sessionOf(rules, keys, th2, proofA);
  const firstRecord = record(rules, root, 'i', 0, frames(data)).sealed;
  const secrets = { 'the root': root, 'the next psk': ticket.psk, 'the data': data };
  return {
    threads: [],
    known: [
      ...[own, called, id, psk, opening, clear, head, firstRecord],
      ...[carried(rules, keys.r, clear, proofB), carried(rules, keys.i, head, proofA)],
    ],
    events: Object.entries(secrets).map(([name, term]) => ({ kind: 'secret', name, terms: [term] })),
  };
}
