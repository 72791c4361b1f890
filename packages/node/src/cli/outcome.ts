import { codeOf } from '@yakmesh/core/transport';

/** How the command ends: 0 done, 1 failed, 2 used wrongly, 130 broken off. */
export const EXIT = Object.freeze({ done: 0, failed: 1, usage: 2, brokenOff: 130 });

/** One line for people: the code first, so that scripts find it. */
export function failureLine(error: unknown): string {
  const code = codeOf(error) ?? 'UNEXPECTED';
  const message = error instanceof Error ? error.message : String(error);
  return `yakmesh: ${code}: ${message.replace(/\s+/g, ' ').trim()}`;
}
