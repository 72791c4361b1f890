// Public keys and ciphertexts of strangers: each yields a secret or one code, never another error.
import { must, target } from '../../../tools/fuzz-target.mjs';
import { mlKem768, xWing } from '../dist/index.js';

const pairs = new Map([
  [xWing, await xWing.generate()],
  [mlKem768, await mlKem768.generate()],
]);

async function yields(work, code) {
  try {
    must((await work()).length === 32, 'a secret has 32 bytes');
  } catch (error) {
    must(error.code === code, `${code} and not ${error}`);
  }
}

export default target({
  name: 'KEM public keys and ciphertexts',
  expensive: {
    runs: 200_000,
    why: 'one of the right length takes an encapsulation and a decapsulation, 1 ms',
  },
  samples: async () => {
    const samples = [];
    for (const [kem, { publicKey }] of pairs)
      samples.push(publicKey, (await kem.encapsulate(publicKey)).ciphertext);
    return samples;
  },
  check: async (bytes) => {
    for (const [kem, pair] of pairs) {
      await yields(async () => (await kem.encapsulate(bytes)).sharedSecret, 'CRYPTO_BAD_KEM_KEY');
      await yields(() => pair.decapsulate(bytes), 'CRYPTO_BAD_CIPHERTEXT');
    }
  },
});
