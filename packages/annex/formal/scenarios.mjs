// The scenarios that are searched: who calls, answers, signs and is robbed, and what the attacker has.
import { initiator, otherUses, responder, RULES, theft } from './handshake.mjs';
import { needhamSchroeder } from './needham-schroeder.mjs';
import { ratchetEnd, RATCHET_RULES, stolen } from './ratchet.mjs';
import {
  answererWith,
  answersTwice,
  callerWith,
  callsTwice,
  overheard,
  RESUMPTION_RULES,
} from './resumption.mjs';
import { hash, identity, secret, variable } from './terms.mjs';

const [alice, bob, eve] = ['Alice', 'Bob', 'Eve'].map(secret);
const everybody = [eve, ...[alice, bob, eve].map((key) => identity(key))];

const calls = (rules, run, more = {}) => initiator({ rules, run, key: alice, peer: bob, ...more });
const callsEve = (rules, run, more = {}) => initiator({ rules, run, key: alice, peer: eve, ...more });
const answers = (rules, run, more = {}) => responder({ rules, run, key: bob, ...more });
const scenario = (make, known = everybody) => ({
  make: (rules) => ({ threads: make(rules), known }),
  rules: RULES,
});

/** Handshakes. Eve is an identity of the attacker's, who may call and be called like anybody. */
export const SCENARIOS = {
  'Alice calls Bob': scenario((rules) => [calls(rules, 1), answers(rules, 2)]),
  'two calls, two answers': scenario((rules) => [
    calls(rules, 1),
    calls(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
  ]),
  'Alice calls Bob and Eve': scenario((rules) => [
    calls(rules, 1),
    callsEve(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
  ]),
  'both call at once': scenario((rules) => [
    calls(rules, 1),
    answers(rules, 2),
    initiator({ rules, run: 3, key: bob, peer: alice }),
    responder({ rules, run: 4, key: alice }),
  ]),
  'she calls both, and keys are stolen at some moment': scenario((rules) => [
    calls(rules, 1),
    callsEve(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
    theft(alice, bob),
  ]),
  'she calls both, and Bob signs elsewhere too': scenario((rules) => [
    calls(rules, 1),
    callsEve(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
    otherUses({ rules, key: bob }),
  ]),
  'Alice calls herself': scenario((rules) => [
    initiator({ rules, run: 1, key: alice, peer: alice }),
    responder({ rules, run: 2, key: alice }),
    answers(rules, 4),
  ]),
  'the identities sign elsewhere too': scenario((rules) => [
    calls(rules, 1),
    answers(rules, 2),
    otherUses({ rules, key: alice }),
    otherUses({ rules, key: bob }),
  ]),
  'all identity keys are stolen at some moment': scenario((rules) => [
    calls(rules, 1),
    answers(rules, 2),
    theft(alice, bob),
    ...(rules.ephemeral ? [] : [theft(secret('KEM key of Alice'))]),
  ]),
  "Alice's key is stolen from the start": scenario(
    (rules) => [calls(rules, 1), calls(rules, 3), answers(rules, 2)],
    [alice, ...everybody],
  ),
  "Bob's key is stolen from the start": scenario(
    (rules) => [calls(rules, 1), answers(rules, 2), answers(rules, 4)],
    [bob, ...everybody],
  ),
  'another session is given away': scenario((rules) => [
    calls(rules, 1, { leaks: true }),
    calls(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
  ]),
  'an anonymous call beside a named one': scenario((rules) => [
    calls(rules, 1, { isAnonymous: true }),
    calls(rules, 3),
    answers(rules, 2),
    answers(rules, 4),
  ]),
  'messages come again': scenario((rules) => [calls(rules, 1), answers(rules, 2, { isRepeated: true })]),
  'the attacker does not know whom Bob answers as': scenario(
    (rules) => [answers(rules, 2, { hidesIdentity: true })],
    [eve, identity(eve), identity(alice)],
  ),
  'the attacker does not know who calls Bob': scenario(
    (rules) => [calls(rules, 1, { hidesIdentity: true }), answers(rules, 2)],
    [eve, identity(eve), identity(bob)],
  ),
};

/** Tickets: of Alice and Bob, of Alice and Eve, and of Bob and Eve, which she may have chosen to fit another. */
const theirs = { id: secret('ticket'), psk: secret('psk') };
const evesAtAlice = { id: secret("Eve's ticket"), psk: secret("Eve's psk") };
const evesAtBob = {
  id: variable("Eve's ticket at Bob"),
  psk: variable("Eve's psk at Bob"),
  peer: identity(eve),
  isChosen: true,
};
const reopens = (rules, run, more = {}) => calls(rules, run, { ticket: callerWith(rules, theirs), ...more });
const answersTo = (rules, run, tickets = [{ ...theirs, peer: identity(alice) }], more = {}) =>
  answers(rules, run, { tickets: answererWith(rules, tickets), ...more });
const resumption = (make, known = []) => ({
  make: (rules) => ({
    threads: make(rules),
    known: [...everybody, ...known, ...(rules.unstolen ? [] : [theirs.psk])],
  }),
  rules: RESUMPTION_RULES,
});

Object.assign(SCENARIOS, {
  'a ticket, and its REOPEN comes again': resumption((rules) => [
    reopens(rules, 1),
    answersTo(rules, 2),
    answersTo(rules, 4),
  ]),
  'a ticket beside a full call': resumption((rules) => [
    reopens(rules, 1),
    calls(rules, 3),
    answersTo(rules, 2),
    answersTo(rules, 4),
  ]),
  'both call with one ticket': resumption((rules) => {
    const atAlice = answererWith(rules, [{ ...theirs, peer: identity(bob) }]);
    return [
      reopens(rules, 1),
      initiator({ rules, run: 3, key: bob, peer: alice, ticket: callerWith(rules, theirs) }),
      answersTo(rules, 2),
      responder({ rules, run: 4, key: alice, tickets: atAlice }),
    ];
  }),
  'Eve has tickets of both': resumption(
    (rules) => [
      reopens(rules, 1),
      callsEve(rules, 3, { ticket: callerWith(rules, evesAtAlice) }),
      answersTo(rules, 2, [{ ...theirs, peer: identity(alice) }, evesAtBob]),
    ],
    Object.values(evesAtAlice),
  ),
  'a ticket, and it and all identity keys are stolen at some moment': resumption((rules) => [
    reopens(rules, 1),
    answersTo(rules, 2),
    theft(alice, bob, theirs.psk),
  ]),
  'a ticket, with all identity keys stolen from the start': resumption(
    (rules) => [reopens(rules, 1), answersTo(rules, 2)],
    [alice, bob],
  ),
  'the ticket is stolen from the start': resumption(
    (rules) => [reopens(rules, 1), calls(rules, 3), answersTo(rules, 2)],
    [theirs.psk],
  ),
  'a session, and one from its ticket, and all identity keys are stolen at some moment': resumption(
    (rules) => [
      callsTwice({ rules, runs: [1, 3], key: alice, peer: bob }),
      answersTwice({ rules, runs: [2, 4], key: bob }),
      theft(alice, bob),
    ],
  ),
  'a session with Eve, and one from its ticket': resumption((rules) => [
    callsTwice({ rules, runs: [1, 3], key: alice, peer: eve }),
    answersTwice({ rules, runs: [2, 4], key: bob }),
  ]),
  'who has the ticket only listens': {
    rules: RESUMPTION_RULES,
    make: (rules) => overheard(rules, alice, bob, theirs),
  },
});

const turns = (rules, session, epochs = 2) => [
  ratchetEnd({ rules, session, key: alice, peer: bob, role: 'i', epochs }),
  ratchetEnd({ rules, session, key: bob, peer: alice, role: 'r', epochs }),
];
const ratchet = (make, known) => ({ ...scenario(make, [...everybody, ...known]), rules: RATCHET_RULES });
const chain = [hash('chain', secret('root'))];
for (let generation = 1; generation <= 2; generation += 1) chain.push(hash('next', chain[generation - 1]));

Object.assign(SCENARIOS, {
  'session state is stolen, then two turns': ratchet((rules) => turns(rules, 1), stolen(1)),
  'two sessions are stolen, then a turn in each': ratchet(
    (rules) => [...turns(rules, 1, 1), ...turns(rules, 2, 1)],
    [...stolen(1), ...stolen(2)],
  ),
  'two turns, and all identity keys are stolen at some moment': ratchet(
    (rules) => [...turns(rules, 1), theft(alice, bob)],
    stolen(1),
  ),
  'a chain is stolen': {
    rules: { erased: true },
    make: ({ erased }) => ({
      threads: [],
      known: erased ? [chain[2], hash('derived', secret('root'))] : [chain[0]],
      events: [chain[0], hash('key', chain[0]), hash('key', chain[1])].map((term, at) => ({
        kind: 'secret',
        name: ['ck_0', 'the keys of generation 0', 'the keys of generation 1'][at],
        terms: [term],
      })),
    }),
  },
  'Needham and Schroeder, with the answerer named': {
    rules: { isNamed: true },
    make: needhamSchroeder,
  },
});
