// Every vector file as plain functions, so that jest, the newest Node and the browser run the very same checks.
// `subject` is what is tested: the package's API and one complete provider. What no API of ours offers (expanded keys,
// deterministic signing, pre-hashing, external mu) is checked on noble itself, for its code is what stands behind ours.
import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js';
import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';

/** The number of cases in each file: fewer means that a file is damaged. */
export const VECTOR_FILES = {
  'wycheproof-mldsa_65_verify': 210,
  'wycheproof-mldsa_65_sign_seed': 105,
  'wycheproof-mlkem_768': 193,
  'wycheproof-mlkem_768_encaps': 265,
  'wycheproof-mlkem_768_keygen_seed': 100,
  'wycheproof-mlkem_768_semi_expanded_decaps': 9,
  'wycheproof-aes_gcm': 316,
  'wycheproof-chacha20_poly1305': 325,
  'wycheproof-hkdf_sha256': 86,
  'wycheproof-hkdf_sha512': 83,
  'wycheproof-x25519': 518,
  'acvp-ML-KEM-keyGen-FIPS203': 25,
  'acvp-ML-KEM-encapDecap-FIPS203': 55,
  'acvp-ML-DSA-keyGen-FIPS204': 25,
  'acvp-ML-DSA-sigGen-FIPS204': 120,
  'acvp-ML-DSA-sigVer-FIPS204': 60,
  'xwing-draft': 3,
};

const SHAKE128_OID = Uint8Array.of(0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x0b);
const SHAKE256_OID = Uint8Array.of(0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x0c);
const PRE_HASHES = {
  'SHA2-224': [sha224.oid, sha224],
  'SHA2-256': [sha256.oid, sha256],
  'SHA2-384': [sha384.oid, sha384],
  'SHA2-512': [sha512.oid, sha512],
  'SHA2-512/224': [sha512_224.oid, sha512_224],
  'SHA2-512/256': [sha512_256.oid, sha512_256],
  'SHA3-224': [sha3_224.oid, sha3_224],
  'SHA3-256': [sha3_256.oid, sha3_256],
  'SHA3-384': [sha3_384.oid, sha3_384],
  'SHA3-512': [sha3_512.oid, sha3_512],
  'SHAKE-128': [SHAKE128_OID, (message) => shake128(message, { dkLen: 32 })],
  'SHAKE-256': [SHAKE256_OID, (message) => shake256(message, { dkLen: 64 })],
};

/**
 * @param {object} subject { api, provider }
 * @param {(file: string) => any | Promise<any>} load parses one vector file
 * @returns {{ name: string, run: () => Promise<number> }[]} run answers the number of cases it checked
 */
export function vectorCases({ api, provider }, load) {
  const { hexToBytes: bytes, concatBytes, bytesToHex } = api;
  const mlKem = api.mlKem768With(async () => provider);
  const xWing = api.xWingWith(async () => provider);

  const equal = (actual, expectedHex, label) => {
    const hex = bytesToHex(actual);
    if (hex !== expectedHex.toLowerCase())
      throw new Error(`${label}: ${hex.slice(0, 32)}… is not ${expectedHex.slice(0, 32)}…`);
  };
  const same = (actual, expected, label) => {
    if (actual !== expected) throw new Error(`${label}: ${String(actual)} is not ${String(expected)}`);
  };
  const rejects = async (work, code, label) => {
    const error = await work().then(
      () => undefined,
      (reason) => reason,
    );
    if (error === undefined) throw new Error(`${label}: did not reject`);
    if (code !== undefined) same(error.code ?? error.name, code, label);
  };
  const throws = (work, label) => {
    try {
      work();
    } catch {
      return;
    }
    throw new Error(`${label}: did not throw`);
  };

  /** Calls `check(test, group, label)` on each case and counts them. */
  const each = async (file, check) => {
    const { testGroups } = await load(file);
    let count = 0;
    for (const group of testGroups) {
      for (const test of group.tests) {
        await check(test, group, `${file} ${test.tcId}`);
        count++;
      }
    }
    if (count < VECTOR_FILES[file])
      throw new Error(`${file} has ${count} cases instead of ${VECTOR_FILES[file]}`);
    return count;
  };

  const publicKeyOf = async (seed) => {
    const key = await provider.mlDsa65.importSeed(seed);
    key.destroy();
    return key.publicKey;
  };

  const preHashed = (hashAlg, message, context) => {
    const [oid, hash] = PRE_HASHES[hashAlg];
    return concatBytes(Uint8Array.of(1, context.length), context, oid, hash(message));
  };

  /** The message that FIPS 204's internal functions take in each of ACVP's interfaces. */
  const internalMessage = (group, test) => {
    if (group.signatureInterface === 'internal') return bytes(group.externalMu ? test.mu : test.message);
    const context = bytes(test.context);
    if (group.preHash === 'preHash') return preHashed(test.hashAlg, bytes(test.message), context);
    return concatBytes(Uint8Array.of(0, context.length), context, bytes(test.message));
  };

  const run = {
    'wycheproof-mldsa_65_verify': (file) =>
      each(file, async (test, group, label) => {
        const context = bytes(test.ctx ?? '');
        const valid = await provider.mlDsa65.verify(
          bytes(group.publicKey),
          bytes(test.msg),
          bytes(test.sig),
          context,
        );
        same(valid, test.result === 'valid', label);
      }),

    'wycheproof-mldsa_65_sign_seed': (file) =>
      each(file, async (test, group, label) => {
        const seed = bytes(group.privateSeed ?? '');
        const context = bytes(test.ctx ?? '');
        if (test.result !== 'valid') {
          await rejects(
            async () => (await api.Identity.fromSeed(seed, { provider })).sign(bytes(test.msg), { context }),
            'RangeError',
            label,
          );
          return;
        }
        equal(await publicKeyOf(seed), group.publicKey, label);
        const { secretKey, publicKey } = ml_dsa65.keygen(seed);
        const extraEntropy = test.rnd === undefined ? false : bytes(test.rnd);
        if (test.msg === undefined) {
          equal(
            ml_dsa65.internal.sign(bytes(test.mu), secretKey, { extraEntropy, externalMu: true }),
            test.sig,
            label,
          );
          return;
        }
        const message = bytes(test.msg);
        equal(ml_dsa65.sign(message, secretKey, { extraEntropy, context }), test.sig, label);
        same(await provider.mlDsa65.verify(publicKey, message, bytes(test.sig), context), true, label);
      }),

    'wycheproof-mlkem_768': (file) =>
      each(file, async (test, _group, label) => {
        if (test.result !== 'valid') {
          const work = async () => (await mlKem.fromSeed(bytes(test.seed))).decapsulate(bytes(test.c));
          await rejects(work, undefined, label);
          return;
        }
        const pair = await mlKem.fromSeed(bytes(test.seed));
        equal(pair.publicKey, test.ek, label);
        equal(await pair.decapsulate(bytes(test.c)), test.K, label);
      }),

    'wycheproof-mlkem_768_encaps': (file) =>
      each(file, async (test, _group, label) => {
        const publicKey = bytes(test.ek);
        if (test.result !== 'valid') {
          await rejects(() => mlKem.encapsulate(publicKey), 'CRYPTO_BAD_KEM_KEY', label);
          return;
        }
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, bytes(test.m));
        equal(cipherText, test.c, label);
        equal(sharedSecret, test.K, label);
        same((await mlKem.encapsulate(publicKey)).ciphertext.length, mlKem.ciphertextBytes, label);
      }),

    'wycheproof-mlkem_768_keygen_seed': (file) =>
      each(file, async (test, _group, label) => {
        equal((await mlKem.fromSeed(bytes(test.seed))).publicKey, test.ek, label);
        equal(ml_kem768.keygen(bytes(test.seed)).secretKey, test.dk, label);
      }),

    'wycheproof-mlkem_768_semi_expanded_decaps': (file) =>
      each(file, async (test, _group, label) => {
        const decapsulate = () => ml_kem768.decapsulate(bytes(test.c), bytes(test.dk));
        if (test.result === 'valid') equal(decapsulate(), test.K, label);
        else throws(decapsulate, label);
      }),

    'wycheproof-aes_gcm': (file) =>
      each(file, async (test, group, label) => {
        const [key, nonce, aad] = [bytes(test.key), bytes(test.iv), bytes(test.aad)];
        const sealed = bytes(test.ct + test.tag);
        if (group.keySize !== 256 || group.ivSize !== 96) {
          throws(() => api.aes256GcmOpen(key, nonce, sealed, aad), label); // Other sizes are refused, not computed.
          if (nonce.length >= 8 && test.result === 'valid')
            equal(gcm(key, nonce, aad).decrypt(sealed), test.msg, label);
          return;
        }
        const opened = api.aes256GcmOpen(key, nonce, sealed, aad);
        if (test.result !== 'valid') {
          same(opened, undefined, label);
          return;
        }
        equal(opened ?? new Uint8Array(1), test.msg, label);
        equal(api.aes256GcmSeal(key, nonce, bytes(test.msg), aad), test.ct + test.tag, label);
      }),

    // The package exports no ChaCha20: its noble code is checked for the packages that use it.
    'wycheproof-chacha20_poly1305': (file) =>
      each(file, async (test, _group, label) => {
        const open = () =>
          chacha20poly1305(bytes(test.key), bytes(test.iv), bytes(test.aad)).decrypt(
            bytes(test.ct + test.tag),
          );
        if (test.result === 'valid') equal(open(), test.msg, label);
        else throws(open, label);
      }),

    'wycheproof-hkdf_sha256': (file) => each(file, hkdfCheck('Sha256')),
    'wycheproof-hkdf_sha512': (file) => each(file, hkdfCheck('Sha512')),

    'wycheproof-x25519': (file) =>
      each(file, async (test, _group, label) => {
        const key = await provider.x25519.importPrivateKey(bytes(test.private));
        const agree = () => key.agree(bytes(test.public));
        if (/^0+$/.test(test.shared)) await rejects(agree, undefined, label);
        else equal(await agree(), test.shared, label);
        key.destroy();
      }),

    'acvp-ML-KEM-keyGen-FIPS203': (file) =>
      each(file, async (test, _group, label) => {
        const seed = bytes(test.d + test.z);
        equal((await mlKem.fromSeed(seed)).publicKey, test.expected.ek, label);
        equal(ml_kem768.keygen(seed).secretKey, test.expected.dk, label);
      }),

    'acvp-ML-KEM-encapDecap-FIPS203': (file) =>
      each(file, async (test, group, label) => {
        const expected = test.expected;
        if (group.function === 'encapsulation') {
          const { cipherText, sharedSecret } = ml_kem768.encapsulate(bytes(test.ek), bytes(test.m));
          equal(cipherText, expected.c, label);
          equal(sharedSecret, expected.k, label);
        } else if (group.function === 'decapsulation') {
          equal(ml_kem768.decapsulate(bytes(test.c), bytes(test.dk)), expected.k, label);
        } else if (group.function === 'decapsulationKeyCheck') {
          const decapsulate = () => ml_kem768.decapsulate(new Uint8Array(1088), bytes(test.dk));
          if (expected.testPassed) decapsulate();
          else throws(decapsulate, label);
        } else if (expected.testPassed) {
          await mlKem.encapsulate(bytes(test.ek));
        } else {
          await rejects(() => mlKem.encapsulate(bytes(test.ek)), 'CRYPTO_BAD_KEM_KEY', label);
        }
      }),

    'acvp-ML-DSA-keyGen-FIPS204': (file) =>
      each(file, async (test, _group, label) => {
        equal(await publicKeyOf(bytes(test.seed)), test.expected.pk, label);
        equal(ml_dsa65.keygen(bytes(test.seed)).secretKey, test.expected.sk, label);
      }),

    'acvp-ML-DSA-sigGen-FIPS204': (file) =>
      each(file, async (test, group, label) => {
        const secretKey = bytes(test.sk);
        const extraEntropy = test.rnd === undefined ? false : bytes(test.rnd);
        const options = { extraEntropy, externalMu: group.externalMu === true };
        const signature = ml_dsa65.internal.sign(internalMessage(group, test), secretKey, options);
        equal(signature, test.expected.signature, label);
        if (group.preHash !== 'pure') return;
        const [message, context] = [bytes(test.message), bytes(test.context)];
        equal(ml_dsa65.sign(message, secretKey, { extraEntropy, context }), test.expected.signature, label);
        same(
          await provider.mlDsa65.verify(ml_dsa65.getPublicKey(secretKey), message, signature, context),
          true,
          label,
        );
      }),

    'acvp-ML-DSA-sigVer-FIPS204': (file) =>
      each(file, async (test, group, label) => {
        const [publicKey, signature] = [bytes(test.pk), bytes(test.signature)];
        const externalMu = group.externalMu === true;
        const valid = ml_dsa65.internal.verify(signature, internalMessage(group, test), publicKey, {
          externalMu,
        });
        same(valid, test.expected.testPassed, label);
        if (group.preHash !== 'pure') return;
        const ours = await provider.mlDsa65.verify(
          publicKey,
          bytes(test.message),
          signature,
          bytes(test.context),
        );
        same(ours, test.expected.testPassed, label);
      }),

    'xwing-draft': async (file) => {
      const tests = await load(file);
      for (const [index, test] of tests.entries()) {
        const label = `${file} ${index}`;
        const pair = await xWing.fromSeed(bytes(test.sk));
        equal(pair.publicKey, test.pk, label);
        equal(await pair.decapsulate(bytes(test.ct)), test.ss, label);
        const theirs = ml_kem768_x25519.encapsulate(bytes(test.pk), bytes(test.eseed));
        equal(theirs.cipherText, test.ct, label);
        equal(theirs.sharedSecret, test.ss, label);
      }
      if (tests.length < VECTOR_FILES[file]) throw new Error(`${file} has only ${tests.length} cases`);
      return tests.length;
    },
  };

  function hkdfCheck(hash) {
    return async (test, _group, label) => {
      const prk = api[`hkdfExtract${hash}`](bytes(test.salt), bytes(test.ikm));
      const expand = () => api[`hkdfExpand${hash}`](prk, bytes(test.info), test.size);
      if (test.result === 'valid') equal(expand(), test.okm, label);
      else throws(expand, label);
    };
  }

  return Object.keys(VECTOR_FILES).map((file) => ({ name: file, run: () => run[file](file) }));
}
