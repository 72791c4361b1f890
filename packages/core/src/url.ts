/**
 * The URL that a text is, or undefined. Not `URL.canParse`: once Node 20 has optimized it, it reads Latin-1 text as UTF-8, so that it refuses
 * good URLs and calls good what `new URL` then throws for.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
