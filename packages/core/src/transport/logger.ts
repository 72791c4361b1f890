/** Where drivers log, in pino's shape: fields first, then a sentence. Never a secret, never a payload. */
export interface Logger {
  /** For whoever looks for a fault. */
  debug(fields: object, message?: string): void;
  /** What happens in ordinary life. */
  info(fields: object, message?: string): void;
  /** Something is wrong and dealt with. */
  warn(fields: object, message?: string): void;
  /** Something is wrong and somebody should look. */
  error(fields: object, message?: string): void;
  /** A logger that adds these fields to each line. */
  child?(fields: object): Logger;
}

const silence = (): void => undefined;

/** Logs nothing: the default everywhere. */
export const silentLogger: Logger = Object.freeze({
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
});
