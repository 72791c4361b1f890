import { must, target } from '../../../tools/fuzz-target.mjs';
import { decodeIdentityFile, Identity, IDENTITY_FILE_BYTES } from '../dist/index.js';

const MEMORY_BYTES_MAX = 268_435_456;

export default target({
  name: 'sealed identities',
  samples: async () => [await (await Identity.generate()).seal('passphrase')],
  decoders: {
    decodeIdentityFile: (bytes) => {
      const file = decodeIdentityFile(bytes);
      if (file === undefined) return;
      const { log2N, r, p } = file.cost;
      must(bytes.length === IDENTITY_FILE_BYTES, 'only one length is read');
      must(128 * r * (2 ** log2N + p) <= MEMORY_BYTES_MAX, 'no file asks for more memory than is allowed');
      must(log2N <= 20 && r <= 16 && p <= 4, 'no file asks for more time than is allowed');
    },
  },
});
