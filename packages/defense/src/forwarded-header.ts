// Readers of what reverse proxies say about their clients. Each walks from the right, because what stands on the left was
// there before the proxy added its part, and may be anything.

const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/** A place in a header that is being read from the right. */
interface Cut {
  /** What stands right of the separator. */
  readonly part: string;
  /** What stands left of it; undefined when there was none. */
  readonly rest: string | undefined;
}

/** The elements of X-Forwarded-For, the last one first. */
export function* forwardedForHops(header: string): Generator<string> {
  for (let rest: string | undefined = header; rest !== undefined;) {
    const commaAt: number = rest.lastIndexOf(',');
    yield rest.slice(commaAt + 1);
    rest = commaAt === -1 ? undefined : rest.slice(0, commaAt);
  }
}

/** The `for` values of Forwarded (RFC 7239 §4), the last one first; an empty text where an element has none. */
export function* forwardedHops(header: string): Generator<string> {
  for (let rest: string | undefined = header; rest !== undefined;) {
    const cut: Cut = cutLast(rest, ',');
    yield forValueOf(cut.part);
    rest = cut.rest;
  }
}

/** The address of a hop without port, quotes, and brackets of IPv6; whatever else it is comes back as it stands. */
export function hopAddress(hop: string): string {
  const trimmed = hop.trim();
  const plain = trimmed.startsWith('"') ? unquoted(trimmed) : trimmed;
  if (plain.startsWith('[')) {
    const endAt = plain.indexOf(']');
    return /^(:[\w.-]{1,16})?$/.test(plain.slice(endAt + 1)) ? plain.slice(1, endAt) : '';
  }
  const colonAt = plain.indexOf(':');
  // One colon parts address and port, more belong to an IPv6 address.
  return colonAt !== -1 && colonAt === plain.lastIndexOf(':') ? plain.slice(0, colonAt) : plain;
}

function forValueOf(element: string): string {
  for (let rest: string | undefined = element; rest !== undefined;) {
    const cut: Cut = cutLast(rest, ';');
    const pair = cut.part.trim();
    if (pair.slice(0, 4).toLowerCase() === 'for=') return pair.slice(4);
    rest = cut.rest;
  }
  return '';
}

// The last separator that is not inside quotes. Quotes right of it are in pairs, since a proxy that we trust wrote them.
function cutLast(text: string, separator: string): Cut {
  let isQuoted = false;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text.charCodeAt(at) === QUOTE && !isEscaped(text, at)) isQuoted = !isQuoted;
    else if (!isQuoted && text[at] === separator)
      return { part: text.slice(at + 1), rest: text.slice(0, at) };
  }
  return { part: text, rest: undefined };
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}

function unquoted(text: string): string {
  return text.length > 1 && text.endsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : '';
}
