import { expect, test } from '@jest/globals';
import { kemOfSuite, mlKem768, xWing } from '../src/index.js';

const kems = [xWing, mlKem768];

test('a suite number finds its KEM and no other number finds one', () => {
  expect(kemOfSuite(1)).toBe(xWing);
  expect(kemOfSuite(2)).toBe(mlKem768);
  expect([kemOfSuite(0), kemOfSuite(3), kemOfSuite(Number.NaN)]).toEqual([undefined, undefined, undefined]);
});

test.each(kems)('$name has the sizes that the wire expects', async (kem) => {
  const pair = await kem.generate();
  const { ciphertext, sharedSecret } = await kem.encapsulate(pair.publicKey);
  expect(pair.publicKey.length).toBe(kem.publicKeyBytes);
  expect(ciphertext.length).toBe(kem.ciphertextBytes);
  expect(sharedSecret.length).toBe(32);
  expect(await pair.decapsulate(ciphertext)).toEqual(sharedSecret);
  expect([xWing.publicKeyBytes, xWing.ciphertextBytes]).toEqual([1216, 1120]);
  expect([mlKem768.publicKeyBytes, mlKem768.ciphertextBytes]).toEqual([1184, 1088]);
});

test.each(kems)('two encapsulations by $name to one key share nothing', async (kem) => {
  const { publicKey } = await kem.generate();
  const [one, two] = [await kem.encapsulate(publicKey), await kem.encapsulate(publicKey)];
  expect(one.ciphertext).not.toEqual(two.ciphertext);
  expect(one.sharedSecret).not.toEqual(two.sharedSecret);
});

test.each(kems)('the seed that $name was given may be wiped afterwards', async (kem) => {
  const seed = new Uint8Array(kem.seedBytes).fill(5);
  const pair = await kem.fromSeed(seed);
  seed.fill(0);
  const { ciphertext, sharedSecret } = await kem.encapsulate(pair.publicKey);
  expect(await pair.decapsulate(ciphertext)).toEqual(sharedSecret);
});

test.each(kems)('destroying a key of $name twice is fine, and it decapsulates no more', async (kem) => {
  const pair = await kem.generate();
  const { ciphertext } = await kem.encapsulate(pair.publicKey);
  pair.destroy();
  pair.destroy();
  await expect(pair.decapsulate(ciphertext)).rejects.toMatchObject({ code: 'IDENTITY_DESTROYED' });
});

test.each(kems)('a seed of another length is a RangeError for $name', async (kem) => {
  await expect(kem.fromSeed(new Uint8Array(31))).rejects.toThrow(RangeError);
});
