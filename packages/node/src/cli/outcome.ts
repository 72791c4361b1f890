import { codeOf } from '@yakmesh/core/transport';
import { ConfigError } from '../errors.js';

/** How the command ends: 0 done, 1 failed, 2 used or configured wrongly, 3 no node runs, 130 broken off. */
export const EXIT = Object.freeze({ done: 0, failed: 1, usage: 2, notRunning: 3, brokenOff: 130 });

/** One line for people, or one for each problem of a configuration: the code first, so that scripts find it. */
export function failureLines(error: unknown): string {
  const code = codeOf(error) ?? 'UNEXPECTED';
  const message = error instanceof Error ? error.message : String(error);
  const sentences = error instanceof ConfigError ? error.problems : [message];
  return sentences.map((sentence) => `yakmesh: ${code}: ${sentence.replace(/\s+/g, ' ').trim()}\n`).join('');
}

/** The exit code that a failure deserves. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === 'NODE_BAD_CONFIG') return EXIT.usage;
  return code === 'NODE_NOT_RUNNING' ? EXIT.notRunning : EXIT.failed;
}
