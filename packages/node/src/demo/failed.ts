import { NodeError } from '../errors.js';

/** Why a step of the demo does not hold. */
export function failed(why: string): NodeError {
  return new NodeError('DEMO_FAILED', why);
}
