// What two providers must agree on, as plain functions: seeds, keys, signatures and ciphertexts interchange.
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';

/**
 * @param {object} subject { api, here, there } with two complete providers, and the number of random rounds
 * @returns {{ name: string, run: () => Promise<void> }[]}
 */
export function crossCases({ api, here, there, rounds }) {
  const { randomBytes, equalBytes, utf8ToBytes } = api;
  const must = (condition, claim) => {
    if (!condition) throw new Error(`broken: ${claim}`);
  };
  const repeat = async (work) => {
    for (let round = 0; round < rounds; round++) await work(round);
  };
  const kems = (make) => [make(async () => here), make(async () => there)];

  const kemCase = (name, make) => ({
    name: `${name}: one seed gives one key, and secrets agree both ways`,
    run: () =>
      repeat(async () => {
        const [ours, theirs] = kems(make);
        const seed = randomBytes(ours.seedBytes);
        const [pairHere, pairThere] = [await ours.fromSeed(seed), await theirs.fromSeed(seed)];
        must(equalBytes(pairHere.publicKey, pairThere.publicKey), 'public keys are equal');
        for (const kem of [ours, theirs]) {
          const { ciphertext, sharedSecret } = await kem.encapsulate(pairHere.publicKey);
          must(equalBytes(await pairHere.decapsulate(ciphertext), sharedSecret), 'decapsulated here');
          must(equalBytes(await pairThere.decapsulate(ciphertext), sharedSecret), 'decapsulated there');
          ciphertext[0] ^= 1;
          const [here2, there2] = [
            await pairHere.decapsulate(ciphertext),
            await pairThere.decapsulate(ciphertext),
          ];
          must(equalBytes(here2, there2), 'implicit rejection yields the same secret');
          must(!equalBytes(here2, sharedSecret), 'a changed ciphertext yields another secret');
        }
      }),
  });

  return [
    {
      name: 'ML-DSA-65: one seed gives one key, and signatures verify both ways under their context alone',
      run: () =>
        repeat(async (round) => {
          const seed = randomBytes(32);
          const [keyHere, keyThere] = [
            await here.mlDsa65.importSeed(seed),
            await there.mlDsa65.importSeed(seed),
          ];
          must(equalBytes(keyHere.publicKey, keyThere.publicKey), 'public keys are equal');
          const message = randomBytes(round * 37);
          const context = round === 0 ? new Uint8Array(0) : randomBytes(Math.min(255, round * 11));
          const other = utf8ToBytes('another context');
          for (const key of [keyHere, keyThere]) {
            const signature = await key.sign(message, context);
            for (const { mlDsa65 } of [here, there]) {
              must(await mlDsa65.verify(key.publicKey, message, signature, context), 'verifies');
              must(
                !(await mlDsa65.verify(key.publicKey, message, signature, other)),
                'fails in another context',
              );
              const changed = signature.slice();
              changed[round] ^= 1;
              must(!(await mlDsa65.verify(key.publicKey, message, changed, context)), 'fails when changed');
            }
          }
        }),
    },
    kemCase('ML-KEM-768', api.mlKem768With),
    kemCase('X-Wing', api.xWingWith),
    {
      name: "X-Wing: equals noble's own both ways",
      run: () =>
        repeat(async () => {
          for (const kem of kems(api.xWingWith)) {
            const seed = randomBytes(32);
            const noble = ml_kem768_x25519.keygen(seed);
            const pair = await kem.fromSeed(seed);
            must(equalBytes(pair.publicKey, noble.publicKey), 'public keys are equal');
            const ours = await kem.encapsulate(noble.publicKey);
            const opened = ml_kem768_x25519.decapsulate(ours.ciphertext, noble.secretKey);
            must(equalBytes(opened, ours.sharedSecret), 'noble opens ours');
            const theirs = ml_kem768_x25519.encapsulate(pair.publicKey);
            must(
              equalBytes(await pair.decapsulate(theirs.cipherText), theirs.sharedSecret),
              "we open noble's",
            );
          }
        }),
    },
    {
      name: 'X25519: agreement is the same both ways',
      run: () =>
        repeat(async () => {
          const [mine, yours] = [randomBytes(32), randomBytes(32)];
          const a = await here.x25519.importPrivateKey(mine);
          const b = await there.x25519.importPrivateKey(yours);
          must(equalBytes(await a.agree(b.publicKey), await b.agree(a.publicKey)), 'secrets are equal');
        }),
    },
    {
      name: 'malformed input is refused alike: false for signatures, one code for KEM keys and ciphertexts',
      run: async () => {
        for (const provider of [here, there]) {
          const key = await provider.mlDsa65.importSeed(randomBytes(32));
          const [message, context] = [randomBytes(9), randomBytes(9)];
          const signature = await key.sign(message, context);
          const verify = provider.mlDsa65.verify;
          must(!(await verify(key.publicKey.subarray(1), message, signature, context)), 'short key');
          must(!(await verify(key.publicKey, message, signature.subarray(1), context)), 'short signature');
          must(
            !(await verify(key.publicKey, message, new Uint8Array(3309).fill(0xff), context)),
            'no signature',
          );
          must(!(await verify(key.publicKey, message, signature, new Uint8Array(256))), 'long context');
          key.destroy();
          must((await codeOf(() => key.sign(message, context))) === 'IDENTITY_DESTROYED', 'destroyed');
          for (const make of [api.xWingWith, api.mlKem768With]) {
            const kem = make(async () => provider);
            const pair = await kem.generate();
            const badKey = () => kem.encapsulate(new Uint8Array(kem.publicKeyBytes).fill(0xff));
            must((await codeOf(badKey)) === 'CRYPTO_BAD_KEM_KEY', 'coefficients above the modulus');
            const shortKey = () => kem.encapsulate(pair.publicKey.subarray(1));
            must((await codeOf(shortKey)) === 'CRYPTO_BAD_KEM_KEY', 'short key');
            const short = () => pair.decapsulate(new Uint8Array(kem.ciphertextBytes - 1));
            must((await codeOf(short)) === 'CRYPTO_BAD_CIPHERTEXT', 'short ciphertext');
            if (kem.name === 'X-Wing') {
              const low = () => pair.decapsulate(new Uint8Array(kem.ciphertextBytes));
              must((await codeOf(low)) === 'CRYPTO_BAD_CIPHERTEXT', 'low-order point in the ciphertext');
              const lowKey = pair.publicKey.slice();
              lowKey.fill(0, 1184);
              must(
                (await codeOf(() => kem.encapsulate(lowKey))) === 'CRYPTO_BAD_KEM_KEY',
                'low-order point in the key',
              );
            }
            pair.destroy();
            const after = () => pair.decapsulate(new Uint8Array(kem.ciphertextBytes).fill(9));
            must((await codeOf(after)) === 'IDENTITY_DESTROYED', 'destroyed');
          }
        }
      },
    },
  ];
}

async function codeOf(work) {
  try {
    await work();
  } catch (error) {
    return error.code;
  }
  return undefined;
}
