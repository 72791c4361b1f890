import { must, target } from '../../../tools/fuzz-target.mjs';
import {
  decodeSlot,
  encodeSlot,
  equalBytes,
  Identity,
  randomBytes,
  SlotSigner,
  verifySlot,
} from '../dist/index.js';

const netFp = new Uint8Array(32);
const leafMessage = new Uint8Array(9);
const identity = await Identity.generate();
const sign = (message, context) => identity.sign(message, { context });
const signer = new SlotSigner({ identity, netFp, sign, now: Date.now, randomBytes });
const good = await signer.add('link', leafMessage);
// Nothing but the genuine slot may lead as far as the signature with head and signature unchanged.
const verify = async (_publicKey, head, signature) =>
  equalBytes(head, good.subarray(0, 112)) && equalBytes(signature, good.subarray(112, 3421));

export default target({
  name: 'slots',
  samples: () => [good],
  decoders: {
    decodeSlot: (bytes) => {
      const slot = decodeSlot(bytes);
      if (slot !== undefined) must(equalBytes(encodeSlot(slot), bytes), 'one slot has one encoding');
    },
  },
  check: async (bytes) => {
    const expectation = { use: 'link', netFp, publicKey: identity.publicKey, leafMessage, verify };
    must(
      (await verifySlot(bytes, expectation)) === equalBytes(bytes, good),
      'only the genuine slot verifies',
    );
  },
});
