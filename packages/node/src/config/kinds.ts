import { isNodeId } from '@yakmesh/crypto';
import { trustedProxies } from '@yakmesh/defense';

/** How values of a setting are read. Undefined is whatever cannot be used. */
export interface Kind<Value> {
  /** Completes "… is" in what a person is told. */
  readonly what: string;
  /** From the environment or a flag. */
  fromText(text: string): Value | undefined;
  /** From JSON, where types are stated. */
  fromJson(value: unknown): Value | undefined;
}

/** Characters of a text, path or URL: no file system or URL of ours takes more. */
export const TEXT_LENGTH_MAX = 4_096;
/** Endpoints that are joined at the start: each is dialled until it answers. */
export const LIST_LENGTH_MAX = 64;

/** A whole number. */
export function whole(least: number, most: number): Kind<number> {
  const check = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
  return {
    what: `a whole number from ${least} to ${most}`,
    fromText: (text) => (/^\d+$/.test(text) ? check(Number(text)) : undefined),
    fromJson: check,
  };
}

/** Any text that is not empty and that `isFit` finds fit. */
export function text(what: string, isFit: (text: string) => boolean = () => true): Kind<string> {
  const check = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' && value.length <= TEXT_LENGTH_MAX && isFit(value)
      ? value
      : undefined;
  return { what, fromText: check, fromJson: check };
}

/** One of a few words. */
export function choice<Word extends string>(...words: readonly Word[]): Kind<Word> {
  const check = (value: unknown): Word | undefined => words.find((word) => word === value);
  return { what: `one of ${words.join(', ')}`, fromText: check, fromJson: check };
}

/** Several texts: an array in JSON, separated by commas or blanks elsewhere. */
export function list(what: string, isFit: (text: string) => boolean): Kind<readonly string[]> {
  const check = (value: unknown): readonly string[] | undefined => {
    if (!Array.isArray(value) || value.length > LIST_LENGTH_MAX) return undefined;
    const texts = value.filter((each): each is string => typeof each === 'string' && isFit(each));
    return texts.length === value.length ? texts : undefined;
  };
  return {
    what: `at most ${LIST_LENGTH_MAX} of: ${what}`,
    fromText: (given) => check(given.split(/[\s,]+/).filter((each) => each !== '')),
    fromJson: check,
  };
}

/** Where a node can be dialled: a WebSocket URL, perhaps with the expected node as its fragment. */
export function isEndpoint(value: string): boolean {
  const url = urlOf(value);
  if (url === undefined || (url.protocol !== 'ws:' && url.protocol !== 'wss:')) return false;
  return url.username === '' && url.password === '' && (url.hash === '' || isNodeId(url.hash.slice(1)));
}

/** What others are told to dial: a host name, an address, or a whole WebSocket URL. */
export function isPublicHost(value: string): boolean {
  if (/^wss?:/.test(value)) return isEndpoint(value);
  const host = value.includes(':') && !value.startsWith('[') ? `[${value}]` : value;
  const url = urlOf(`ws://${host}/`);
  return url !== undefined && url.port === '' && url.pathname === '/' && !/[/?#@]/.test(value);
}

/** A block of addresses that the guard of @yakmesh/defense takes. */
export function isAddressBlock(value: string): boolean {
  try {
    trustedProxies([value]);
    return true;
  } catch {
    return false;
  }
}

/** Not `URL.canParse`, which is wrong on Node 20 once it is optimized. */
function urlOf(value: string): URL | undefined {
  try {
    return new URL(value);
  } catch {
    return undefined;
  }
}
