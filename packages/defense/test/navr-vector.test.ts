import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { systemRandom } from '@yakmesh/core/transport';
import { bytesToHex, HashPuzzleSolver, hexToBytes, sha256 } from '@yakmesh/crypto';
import { decodeChallenge, encodeChallenge, NAVR } from '../src/index.js';

const protocol = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');

/** A value of the vector in PROTOCOL.md: `name  value`, hex perhaps over several lines. */
function vector(name: string): string {
  const [, value = ''] =
    new RegExp(`^    ${name} {2,}(\\S+(?:\\n {8,}[0-9a-f]+)*)$`, 'm').exec(protocol) ?? [];
  return value.replace(/\s/g, '');
}

const NOW_MS = Number(vector('time'));

/** The bytes 00 01 02 … for secrets, f0 f1 f2 … for nonces. */
const counting = {
  ...systemRandom,
  bytes: (length: number) =>
    Uint8Array.from({ length }, (_, index) => (length === 32 ? index : 0xf0 + index)),
};

function server(): NAVR {
  return new NAVR({ difficulty: 12, random: counting });
}

test('the vector of PROTOCOL.md: secret and nonce give this challenge', () => {
  const challenge = server().createChallenge(vector('peer'), { scope: vector('scope') }, NOW_MS);
  expect(challenge.nonce).toBe(vector('nonce'));
  expect(challenge.seed).toBe(vector('seed'));
  expect(bytesToHex(encodeChallenge(challenge))).toBe(vector('challenge'));
});

test('the vector of PROTOCOL.md: the smallest numbers that solve it are these, and they are accepted', () => {
  const bytes = hexToBytes(vector('challenge'));
  const prefix = sha256(bytes);
  expect(bytesToHex(prefix)).toBe(vector('prefix'));
  const solution = new HashPuzzleSolver(prefix, 12).work(1_000_000) ?? new Uint8Array();
  expect(bytesToHex(solution)).toBe(vector('solution'));
  const challenge = decodeChallenge(bytes);
  const navr = server();
  navr.createChallenge('anybody', {}, NOW_MS);
  expect(challenge !== undefined && navr.verify(challenge, solution, {}, NOW_MS)).toBe(true);
});
