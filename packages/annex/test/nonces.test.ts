import { sha256, bytesToHex } from '@yakmesh/crypto';
import { SeededRandom } from '@yakmesh/core/testing';
import { expect, test } from '@jest/globals';
import { firstChain, generationOf, nextChain } from '../src/record/generations.js';
import { decodeRecordHeader } from '../src/record/header.js';
import { RecordSealer } from '../src/record/sealer.js';

const RECORDS = 1_000_000;

test('acceptance 12: no key and nonce come twice in a million records of sessions, epochs, generations and restarts', () => {
  const random = new SeededRandom('nonces');
  const content = new Uint8Array(1);
  const seen = new Set<string>();
  let records = 0;
  let nowMs = 0;
  while (records < RECORDS) {
    // A restart, another tab, another session: other roots.
    const root = random.bytes(64);
    const role = random.below(2) === 0 ? 'initiator' : 'responder';
    const sealer = new RecordSealer({ role, root, peerSession: new Uint8Array(16), nowMs });
    let current = root;
    for (let epoch = 0; epoch < 3; epoch += 1) {
      const count = random.below(60_000);
      const chains = [bytesToHex(sha256(firstChain(current, role, epoch)))];
      let chain = firstChain(current, role, epoch);
      for (let at = 0; at < count && records < RECORDS; at += 1) {
        nowMs += random.below(1_000) === 0 ? 10_001 : 0;
        const { bytes, sequence } = sealer.seal(content, nowMs);
        sealer.acknowledged(epoch, sequence);
        const header = decodeRecordHeader(bytes);
        const generation = generationOf(sequence);
        while (chains.length <= generation) {
          chain = nextChain(chain);
          chains.push(bytesToHex(sha256(chain)));
        }
        // The key and the iv are functions of the generation's chain, and the nonce of the iv and the sequence.
        seen.add(`${chains[generation]?.slice(0, 16)} ${header?.sequence}`);
        records += 1;
      }
      current = random.bytes(64);
      sealer.nextEpoch(current, nowMs);
    }
  }
  expect(seen.size).toBe(RECORDS);
}, 240_000);
