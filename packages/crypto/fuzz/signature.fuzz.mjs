// The input is signature 3,309 ‖ public key 1,952: anything but the genuine pair is false, and nothing throws.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { concatBytes, equalBytes, Identity, verifySignature } from '../dist/index.js';

const message = new Uint8Array(5);
const context = Uint8Array.of(1);
const identity = await Identity.generate();
const good = concatBytes(await identity.sign(message, { context }), identity.publicKey);

export default target({
  name: 'verifySignature',
  expensive: { runs: 100_000, why: 'one of the right length takes a verification, 2 ms' },
  samples: () => [good],
  check: async (bytes) => {
    const valid = await verifySignature(bytes.subarray(3309), message, bytes.subarray(0, 3309), context);
    must(valid === equalBytes(bytes, good), 'only the genuine signature and key verify');
  },
});
