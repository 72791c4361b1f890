// A fuzz target of this package: a decoder that must survive whatever damage is done to good encodings.
import { target } from '../../../tools/fuzz-target.mjs';

export { must } from '../../../tools/fuzz-target.mjs';

/** A target that calls `check(bytes)`; `samples` makes good encodings to damage. */
export function decoderTarget({ name, samples, check, cost }) {
  const prepare = async () => ({ samples: await samples() });
  return target({ name, prepare, check: (bytes) => check(bytes), ...(cost !== undefined && { cost }) });
}
