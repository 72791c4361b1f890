import { systemClock, type Logger } from '@yakmesh/core/transport';
import { pino } from 'pino';
import type { LogLevel } from '../config/settings.js';
import { prettyLine } from './pretty-line.js';

/** Lines that their reader has not taken; further ones are lost, for a slow reader must not hold up a node. */
const WAITING_BYTES_MAX = 1_048_576;
/** How long the last lines may take to leave. */
const END_MS_MAX = 1_000;
/** Should one ever get into a line: it is not said there. */
const SECRET_FIELDS = ['passphrase', 'token', 'seed', '*.passphrase', '*.token', '*.seed'];

/** How a node logs. */
export interface NodeLogOptions {
  readonly level: LogLevel;
  /** For people rather than programs. */
  readonly isPretty: boolean;
  /** A file descriptor or the path of a file. @default standard output */
  readonly destination?: number | string | undefined;
}

/** A logger that can be ended. */
export interface NodeLog extends Logger {
  /** Waits a moment for the last lines to leave. Nothing is logged afterwards. */
  end(): Promise<void>;
}

/** Logs one line for each event: a JSON object, or text for people. */
export function openLog({ level, isPretty, destination = process.stdout.fd }: NodeLogOptions): NodeLog {
  const out = pino.destination({ dest: destination, sync: false, maxLength: WAITING_BYTES_MAX });
  const stream = isPretty ? { write: (line: string) => void out.write(prettyLine(line)) } : out;
  const logger = pino(
    {
      level,
      // Process and host are for whoever collects the lines to add.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FIELDS, censor: 'hidden' },
    },
    stream,
  );
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = systemClock.setTimer(END_MS_MAX, resolve);
      out.once('close', () => {
        systemClock.clearTimer(timer);
        resolve();
      });
      logger.level = 'silent';
      out.end();
    });
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => logger.child(fields),
    end,
  };
}
