// Every order of the steps of a few sessions, each step with every message that the attacker can make for it.
//
// A thread is { name, memory, steps, first?, events? }. A step is a function of the memory that answers its choices, each
// { receive?, memory?, send?, events?, leak?, unequal?, takes? }: arrays of terms, but memory, which is whatever the next
// step needs. A choice whose `unequal` pairs are equal cannot be taken, nor one that `takes` what was taken before. An
// event with a `peer` is claimed while that identity is honest, one with a `held` while the attacker cannot make that.
import { canDerive, derives, learn, opened, solutions } from './intruder.mjs';
import { replacedAll, show } from './terms.mjs';

/** States of one scenario; a model that needs more is too large for `npm run formal`. */
const STATES_MAX = 1_000_000;

function replaceIn(state, bindings) {
  if (bindings.size === 0) return state;
  const memo = new Map();
  const change = (value) => replacedAll(value, bindings, memo);
  const { known, wanted, leaked, unequal, taken, events, pending } = state;
  const changed = change({ known, wanted, leaked, unequal, taken, events, pending });
  const threads = state.threads.map((thread) => ({ ...thread, memory: change(thread.memory) }));
  return { ...state, ...changed, threads };
}

/** Only an honest identity whose key is not stolen yet can be held to anything. */
function isHonest(state, peer) {
  return peer.name === 'identity' && !derives(state, peer.args[0]);
}

/** The state after what a step does once its message has come. Claims about stolen or foreign peers are not made. */
function done(state, place) {
  const { send = [], events = [], leak = [], unequal = [], takes = [], memory, receive = [] } = state.pending;
  const made = events.filter(
    ({ peer, held }) =>
      (peer === undefined || isHonest(state, peer)) && (held === undefined || !derives(state, held)),
  );
  const { name, step } = state.threads[place];
  const moved = { ...state.threads[place], step: step + 1, memory };
  const next = {
    ...state,
    pending: undefined,
    isEnding: isEnding(state, place, made),
    clock: state.clock + 1,
    threads: state.threads.map((thread, index) => (index === place ? moved : thread)),
    unequal: [...state.unequal, ...unequal],
    taken: [...state.taken, ...takes],
    leaked: [...state.leaked, ...leak],
    events: [...state.events, ...made],
    trail: [...state.trail, { name, step, receive }],
  };
  return [...send, ...leak].reduce((heard, term) => learn(heard, term), next);
}

/** Whether a step says nothing, claims nothing that could be broken later, and is its thread's last. */
function isEnding({ pending, threads }, place, made) {
  const { send = [], leak = [] } = pending;
  const isLast = threads[place].step + 1 === threads[place].steps.length;
  return isLast && send.length + leak.length === 0 && made.every(({ kind }) => kind === 'commit');
}

/** The states after one step of one thread. */
function* after(state, place) {
  const { steps, step, memory } = state.threads[place];
  for (const pending of steps[step](memory)) {
    const wanted = (pending.receive ?? []).map((term) => ({ term, time: state.clock }));
    for (const solved of solutions({ ...state, pending, wanted: [...state.wanted, ...wanted] }, replaceIn)) {
      for (const next of opened(done(solved, place), replaceIn))
        if (!next.unequal.some(([a, b]) => a === b) && new Set(next.taken).size === next.taken.length)
          yield next;
    }
  }
}

const sameTerms = (a, b) => a.terms.every((term, at) => term === b.terms[at]);

/**
 * The broken properties of a state, in words. Terms that still hold variables are compared as they are: where two of them
 * are not yet equal, the attacker can make them differ.
 */
function broken(state) {
  const checks = [brokenAgreement, brokenSecrecy, brokenShare, brokenNonce];
  return checks.map((check) => check(state)).filter((what) => what !== undefined);
}

const eventsOf = ({ events }, wanted) => events.filter(({ kind }) => kind === wanted);

function brokenAgreement(state) {
  const [running, commits] = [eventsOf(state, 'running'), eventsOf(state, 'commit')];
  for (const [at, commit] of commits.entries()) {
    // Whoever was given a session's root can say in it what it likes.
    if (commit.terms.some((term) => state.leaked.includes(term))) continue;
    const isSame = (event) => event.name === commit.name && sameTerms(event, commit);
    if (!running.some(isSame)) return `agreement: "${commit.name}" without its counterpart`;
    if (commits.slice(0, at).some(isSame)) return `injectivity: "${commit.name}" twice for one run`;
  }
  return undefined;
}

function brokenSecrecy(state) {
  // The second term is the root that the first depends on; who was given the root is expected to know both.
  const isGiven = ({ terms }) => terms.some((term) => state.leaked.includes(term));
  const lost = eventsOf(state, 'secret').find(
    (event) => !isGiven(event) && canDerive(state, event.terms[0], replaceIn),
  );
  return lost === undefined ? undefined : `secrecy: the attacker knows ${lost.name}`;
}

function brokenShare(state) {
  const isShared = pairsOf(state, 'session').some(
    ([a, b]) => a[0] === b[0] && (a[1] !== b[1] || a[2] !== b[2]),
  );
  return isShared ? 'unknown key share: two ends have one key and name different ends' : undefined;
}

function brokenNonce(state) {
  const isReused = pairsOf(state, 'sealed').some(([a, b]) => a[0] === b[0] && a[1] === b[1] && a[2] !== b[2]);
  return isReused ? 'nonce reuse: two contents under one key and nonce' : undefined;
}

/** The terms of each two events of a kind. */
function pairsOf(state, kind) {
  const found = eventsOf(state, kind).map(({ terms }) => terms);
  return found.flatMap((a, at) => found.slice(0, at).map((b) => [a, b]));
}

/**
 * Searches a scenario of `threads` for the attacker who knows their `first` messages and what is `known`. `events` are
 * claimed from the start. Answers { states, reached, found }: the claims that were ever made, and the first
 * broken property with the way to it; `only` names the one that is looked for, others are then passed over.
 */
export function search({ threads, known, events = [] }, only = '') {
  const empty = {
    known: [],
    wanted: [],
    leaked: [],
    unequal: [],
    taken: [],
    events: [...events, ...threads.flatMap((thread) => thread.events ?? [])],
    trail: [],
    clock: 0,
    isEnding: false,
  };
  const begun = { ...empty, threads: threads.map((thread) => ({ ...thread, step: 0 })) };
  const first = [...known, ...threads.flatMap((thread) => thread.first ?? [])];
  // Breadth first: what is found is found by a shortest way.
  const queue = [
    ...opened(
      first.reduce((state, term) => learn(state, term), begun),
      replaceIn,
    ),
  ];
  let states = 0;
  const reached = new Set();
  for (const state of queue) {
    states += 1;
    if (states > STATES_MAX) throw new Error(`more than ${STATES_MAX} states`);
    for (const { name } of eventsOf(state, 'commit')) reached.add(name);
    const what = broken(state).find((found) => found.startsWith(only));
    if (what !== undefined) return { states, reached, found: { what, trail: trailOf(state) } };
    for (const [place, thread] of state.threads.entries()) {
      if (thread.step === thread.steps.length) continue;
      // An ending step teaches the attacker nothing, so nothing is lost by putting it among the last.
      for (const next of after(state, place)) if (next.isEnding || !state.isEnding) queue.push(next);
    }
  }
  return { states, reached, found: undefined };
}

function trailOf({ trail }) {
  return trail.map(({ name, step, receive }) => {
    const message = receive.map((term) => show(term, 2)).join(' and ');
    return `${name}, step ${step + 1}${message === '' ? '' : `: gets ${message}`}`;
  });
}
