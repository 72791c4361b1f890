import { mlKem768, ML_KEM_768_PUBLIC_KEY_BYTES } from '@yakmesh/crypto';
import { encodeRefuse, RefuseCode } from '../../../handshake/messages.js';
import { networkHash, type NetworkName } from '../../../network-hash.js';
import type { Attack } from '../attack.js';
import { answerName } from '../answers.js';
import { HandshakeAttacker } from '../handshake-attacker.js';
import type { HostileWorld } from '../hostile-world.js';

/** What the victim answers to one message: the code of its REFUSE, the name of another answer, or silence and the end. */
async function answerTo(world: HostileWorld, ...messages: readonly Uint8Array[]): Promise<string> {
  const raw = await world.raw();
  for (const message of messages) raw.send(message);
  const answer = answerName(await raw.next());
  if (answer !== 'WELCOME') await raw.ended;
  return answer;
}

async function helloOf(world: HostileWorld, name: NetworkName): Promise<Uint8Array> {
  const mallory = await world.party('mallory');
  return new HandshakeAttacker(mallory, networkHash(1, name)).hello();
}

/** First messages that are almost true. */
export const helloAttacks: readonly Attack[] = [
  {
    trap: 'H3',
    title: 'a HELLO without the network’s fingerprint is refused as one with a wrong fingerprint is',
    run: async (world, expect) => {
      for (const networkFingerprint of [null, 'another', ''])
        expect(
          await answerTo(world, await helloOf(world, { networkId: 'hostile', networkFingerprint })),
        ).toBe('NETWORK');
      expect(await world.refused(3)).toEqual(Array.from({ length: 3 }, () => 'MESH_NETWORK_MISMATCH'));
    },
  },
  {
    trap: 'H3',
    title: 'a HELLO with a fingerprint is refused by a node that has none',
    options: { networkFingerprint: null },
    run: async (world, expect) => {
      for (const networkFingerprint of ['suite', ''])
        expect(
          await answerTo(world, await helloOf(world, { networkId: 'hostile', networkFingerprint })),
        ).toBe('NETWORK');
      expect(await world.refused(2)).toEqual(['MESH_NETWORK_MISMATCH', 'MESH_NETWORK_MISMATCH']);
    },
  },
  {
    trap: 'H3',
    title: 'a HELLO of another network, or of none, is refused',
    run: async (world, expect) => {
      for (const networkId of [null, 'hostile2', ''])
        expect(await answerTo(world, await helloOf(world, { networkId, networkFingerprint: 'suite' }))).toBe(
          'NETWORK',
        );
    },
  },
  {
    trap: 'H7',
    title: 'a HELLO of another version or suite is told so once, and costs no key operation',
    run: async (world, expect) => {
      const hello = await (await world.handshake()).hello();
      const version = hello.slice();
      version[2] = 2;
      const suite = hello.slice();
      suite.set([0xff, 0xff], 4);
      const weaker = new HandshakeAttacker(await world.party('mallory'), world.network, mlKem768);
      for (const message of [version, suite, await weaker.hello()])
        expect(await answerTo(world, message)).toBe('VERSION');
      expect(await world.refused(3)).toEqual(Array.from({ length: 3 }, () => 'MESH_VERSION_MISMATCH'));
    },
  },
  {
    trap: 'H1',
    title: 'messages that only the accepting side sends are no HELLO',
    run: async (world, expect) => {
      const { session } = await world.handshake();
      const refuse = encodeRefuse({ suite: 1, session, code: RefuseCode.BUSY });
      expect(await answerTo(world, refuse)).toBe('end');
      expect(await world.refused()).toEqual(['PEER_NOT_HANDSHAKE']);
    },
  },
  {
    trap: 'H2',
    title: 'an encapsulation key beyond ML-KEM’s modulus is refused before anything is answered',
    run: async (world, expect) => {
      const handshake = await world.handshake();
      const encapsulationKey = new Uint8Array(1_216).fill(0xff);
      expect(await answerTo(world, await handshake.hello({ encapsulationKey }))).toBe('end');
      expect(await world.refused()).toEqual(['LINK_DECRYPT']);
    },
  },
  {
    trap: 'H2',
    title: 'X25519 points of low order are refused before anything is answered',
    run: async (world, expect) => {
      const points = [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1)];
      for (const point of points) {
        const handshake = await world.handshake();
        await handshake.hello();
        const honest = (await (await world.handshake()).hello()).slice(64, 64 + 1_216);
        honest.set(point, ML_KEM_768_PUBLIC_KEY_BYTES);
        expect(await answerTo(world, await handshake.hello({ encapsulationKey: honest }))).toBe('end');
      }
      expect(await world.refused(points.length)).toEqual(points.map(() => 'LINK_DECRYPT'));
    },
  },
  {
    trap: 'H2',
    title: 'a second HELLO on one connection ends it',
    run: async (world, expect) => {
      const hello = await (await world.handshake()).hello();
      await answerTo(world, hello, hello);
      expect(await world.refused()).toEqual(['LINK_UNEXPECTED']);
      const raw = await world.raw();
      raw.send(hello);
      await raw.next();
      raw.send(hello);
      await raw.ended;
      expect(await world.refused(2)).toEqual(['LINK_UNEXPECTED', 'LINK_BAD_MESSAGE']);
    },
  },
  {
    trap: 'H6',
    title: 'a HELLO that is shorter or longer than its header says is none',
    run: async (world, expect) => {
      const hello = await (await world.handshake()).hello();
      for (const message of [hello.slice(0, -1), Uint8Array.of(...hello, 0)])
        expect(await answerTo(world, message)).toBe('end');
      const padded = Uint8Array.of(...hello, 0);
      new DataView(padded.buffer).setUint16(6, padded.length);
      expect(await answerTo(world, padded)).toBe('end');
      expect(await world.refused(3)).toEqual([
        'PEER_NOT_HANDSHAKE',
        'PEER_NOT_HANDSHAKE',
        'LINK_BAD_MESSAGE',
      ]);
    },
  },
];
