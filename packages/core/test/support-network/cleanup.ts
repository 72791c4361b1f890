import { afterEach } from '@jest/globals';

const endings: (() => Promise<unknown>)[] = [];

/** Ends something after the test, whatever becomes of it; the latest first. Answers the thing itself. */
export function ending<T extends { stop(): Promise<unknown> } | { close(): Promise<unknown> }>(thing: T): T {
  endings.push(() => ('stop' in thing ? thing.stop() : thing.close()));
  return thing;
}

afterEach(async () => {
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end();
});
