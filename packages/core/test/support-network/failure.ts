import { codeOf } from '../../src/transport/index.js';

/** The code with which a promise rejects; 'no error' when it does not. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => codeOf(error) ?? String(error),
  );
}

/** The code of what a call throws. */
export function thrown(call: () => unknown): string {
  try {
    call();
    return 'no error';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}
