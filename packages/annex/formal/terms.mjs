// Terms of a free algebra: equal terms are one object, so comparing is `===`.

export class Term {
  constructor(id, name, args) {
    this.id = id;
    this.name = name;
    this.args = args;
    this.isVariable = name.startsWith('?');
    this.hasVariables = this.isVariable || args.some((arg) => arg.hasVariables);
  }
}

const terms = new Map();

/** The application of a function; without arguments an atom, with a name that begins with ? a variable. */
export function make(name, ...args) {
  const key = `${name}(${args.map(({ id }) => id).join()})`;
  const found = terms.get(key);
  if (found !== undefined) return found;
  const term = new Term(terms.size, name, args);
  terms.set(key, term);
  return term;
}

export const variable = (name) => make(`?${name}`);
/** Known to everybody. */
export const open = (name) => make(`'${name}'`);
/** Known to nobody but its maker. */
export const secret = (name) => make(name);
export const isOpen = ({ name }) => name.startsWith("'");

export const tuple = (...args) => make('tuple', ...args);
/** Any one-way function; its purpose tells it from the others. */
export const hash = (purpose, ...args) => make('hash', open(purpose), ...args);
/** The public key of an identity, which is also its name. */
export const identity = (signingKey) => make('identity', signingKey);
export const sign = (signingKey, context, message) => make('sign', signingKey, context, message);
/** The encapsulation key of a private key, and a shared secret encapsulated for one. */
export const kemKey = (privateKey) => make('kemKey', privateKey);
export const encapsulate = (key, shared) => make('encapsulate', key, shared);
/** AEAD. */
export const seal = (key, additional, plaintext) => make('seal', key, additional, plaintext);

/** What anybody can apply. */
export const PUBLIC_FUNCTIONS = new Set([
  'tuple',
  'hash',
  'identity',
  'sign',
  'kemKey',
  'encapsulate',
  'seal',
]);

/** A term with its variables replaced, those of the replacements too. */
export function replaced(term, bindings, memo = new Map()) {
  if (!term.hasVariables || bindings.size === 0) return term;
  const known = memo.get(term);
  if (known !== undefined) return known;
  let result = term;
  if (!term.isVariable) result = make(term.name, ...term.args.map((arg) => replaced(arg, bindings, memo)));
  else if (bindings.has(term)) result = replaced(bindings.get(term), bindings, memo);
  memo.set(term, result);
  return result;
}

/** The same for every term in arrays and plain objects. */
export function replacedAll(value, bindings, memo) {
  if (value instanceof Term) return replaced(value, bindings, memo);
  if (Array.isArray(value)) return value.map((item) => replacedAll(item, bindings, memo));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, replacedAll(item, bindings, memo)]);
  return Object.fromEntries(entries);
}

/** The most general bindings that make two terms equal, or undefined. */
export function unify(first, second) {
  const bindings = new Map();
  const walk = (term) => {
    while (term.isVariable && bindings.has(term)) term = bindings.get(term);
    return term;
  };
  const pairs = [[first, second]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [a, b] = [walk(pair[0]), walk(pair[1])];
    if (a === b) continue;
    if (!a.hasVariables && !b.hasVariables) return undefined;
    if (a.isVariable || b.isVariable) {
      const [from, to] = a.isVariable ? [a, b] : [b, a];
      if (occurs(from, to, bindings)) return undefined;
      bindings.set(from, to);
    } else {
      if (a.name !== b.name || a.args.length !== b.args.length) return undefined;
      // The first arguments are compared first: they hold the purposes, which differ most often.
      for (let at = a.args.length - 1; at >= 0; at -= 1) pairs.push([a.args[at], b.args[at]]);
    }
  }
  return bindings;
}

function occurs(variable_, term, bindings, seen = new Set()) {
  if (!term.hasVariables || seen.has(term)) return false;
  seen.add(term);
  if (term === variable_) return true;
  if (term.isVariable) return bindings.has(term) && occurs(variable_, bindings.get(term), bindings, seen);
  return term.args.some((arg) => occurs(variable_, arg, bindings, seen));
}

/** For people; deep parts are left out. */
export function show(term, depth = 4) {
  if (term.args.length === 0) return term.name;
  if (depth === 0) return '…';
  return `${term.name}(${term.args.map((arg) => show(arg, depth - 1)).join(', ')})`;
}
