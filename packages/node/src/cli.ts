#!/usr/bin/env node
import { createProgram } from './cli/program.js';
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf, failureLines } from './cli/outcome.js';

// `yakmesh doctor | head -1`: a reader that has gone is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = EXIT.failed;
});

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (error instanceof CommanderError) {
      // Commander has said what is wrong; help and version that were asked for are no mistake.
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      return;
    }
    process.stderr.write(failureLines(error));
    process.exitCode = exitCodeOf(error);
  });
