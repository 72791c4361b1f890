// The network, as Dolev and Yao gave it to the attacker. What a node receives is a term with variables that the attacker
// must be able to make from what it knew at that time; its choices stay open until something depends on them (Millen and
// Shmatikov 2001; the lazy intruder of Mödersheim and Viganò). Messages are thereby unbounded in size and shape.
//
// A state has `known` ({ term, time, isSpent }), `wanted` ({ term, time }) and `clock`; whatever else is in it belongs
// to the search, which gives the function that replaces variables in a whole state.
import { isOpen, make, PUBLIC_FUNCTIONS, unify } from './terms.mjs';

/** Whether the attacker can make a term whatever its open choices will be. */
export function derives(state, term, time = state.clock, memo = new Map()) {
  const cached = memo.get(term);
  if (cached !== undefined) return cached;
  const result =
    isOpen(term) ||
    state.known.some((item) => item.term === term && item.time <= time) ||
    (term.isVariable && state.wanted.some((want) => want.term === term && want.time <= time)) ||
    (PUBLIC_FUNCTIONS.has(term.name) && term.args.every((arg) => derives(state, arg, time, memo)));
  memo.set(term, result);
  return result;
}

/** All ways to make everything wanted, as states in which only variables are still wanted. */
export function* solutions(state, replace) {
  const at = state.wanted.findIndex(({ term }) => !term.isVariable);
  if (at === -1) {
    yield state;
    return;
  }
  const { term, time } = state.wanted[at];
  const rest = { ...state, wanted: state.wanted.filter((_, index) => index !== at) };
  if (derives(rest, term, time)) {
    yield* solutions(rest, replace);
    return;
  }
  // Tuples that the attacker got are taken apart, so a tuple is always put together.
  if (term.name !== 'tuple') {
    for (const item of state.known) {
      if (item.time > time || item.term.name !== term.name) continue;
      const bindings = unify(item.term, term);
      if (bindings !== undefined) yield* solutions(replace(rest, bindings), replace);
    }
  }
  if (!PUBLIC_FUNCTIONS.has(term.name)) return;
  const parts = term.args.map((arg) => ({ term: arg, time }));
  yield* solutions({ ...rest, wanted: [...parts, ...rest.wanted] }, replace);
}

/** The state after the attacker has seen a term. */
export function learn(state, term, time = state.clock) {
  if (term.name === 'tuple') return term.args.reduce((next, arg) => learn(next, arg, time), state);
  if (term.isVariable || derives(state, term, time)) return state;
  return { ...state, known: [...state.known, { term, time, isSpent: false }] };
}

/** What opens a term, and what is then seen; undefined where nothing does. */
function analysis(term) {
  if (term.name === 'seal') return { key: term.args[0], content: term.args[2] };
  if (term.name === 'sign') return { key: make("'nothing'"), content: term.args[2] };
  if (term.name === 'encapsulate' && term.args[0].name === 'kemKey')
    return { key: term.args[0].args[0], content: term.args[1] };
  return undefined;
}

/** Opens whatever can be opened, by all ways that make a difference. */
export function* opened(state, replace) {
  for (const [at, item] of state.known.entries()) {
    const found = item.isSpent ? undefined : analysis(item.term);
    if (found === undefined) continue;
    const spent = state.known.map((other, index) => (index === at ? { ...other, isSpent: true } : other));
    if (derives(state, found.key)) {
      yield* opened(learn({ ...state, known: spent }, found.content), replace);
      return;
    }
    const wanted = [...state.wanted, { term: found.key, time: state.clock }];
    for (const solved of solutions({ ...state, known: spent, wanted }, replace)) {
      const { content } = analysis(solved.known[at].term);
      yield* opened(learn(solved, content), replace);
    }
  }
  yield state;
}

/** Whether the attacker can make a term, by any choice. */
export function canDerive(state, term, replace) {
  const wanted = [...state.wanted, { term, time: state.clock }];
  return !solutions({ ...state, wanted }, replace).next().done;
}
