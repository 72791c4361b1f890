import { nodeIdBytesOf } from '@yakmesh/crypto';
import { encodeChallenge, encodeRefuse, decodeHello, RefuseCode } from '../../../handshake/messages.js';
import { codeOf } from '../../../transport/index.js';
import type { Attack } from '../attack.js';
import type { HostileWorld } from '../hostile-world.js';
import type { RawAttacker } from '../raw-attacker-node.js';
import { answerHandshakes } from '../responder-attacker.js';

/** A short patience for servers that never answer. */
const DIAL_MS = 400;

/** The code with which the victim's own dial of a server fails. */
async function dialCode(
  world: HostileWorld,
  url: string,
  options: Parameters<HostileWorld['victim']['connect']>[1] = {},
): Promise<string> {
  try {
    await world.victim.connect(url, { timeoutMs: 5_000, ...options });
    return 'no error';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

/** A server that answers the first message with others. */
async function answering(
  world: HostileWorld,
  answers: (hello: Uint8Array) => readonly Uint8Array[],
): Promise<string> {
  const server = await world.server({
    accept: (socket: RawAttacker) => {
      socket.onMessage = (hello) => {
        for (const answer of answers(hello)) socket.send(answer);
      };
    },
  });
  return dialCode(world, server.url);
}

function challenge(hello: Uint8Array, bits: number, count = 8): Uint8Array {
  const session = decodeHello(hello)?.session ?? new Uint8Array(16);
  const seed = new Uint8Array(32);
  return encodeChallenge({ suite: 1, session, seed, bits, count, expirySeconds: 60 });
}

/** Servers that the victim is made to dial. */
export const diallingAttacks: readonly Attack[] = [
  {
    trap: 'H5',
    title: 'a server that never answers the upgrade, or the HELLO, is given up in time',
    run: async (world, expect) => {
      const silent = await world.server({});
      expect(await dialCode(world, silent.url, { timeoutMs: DIAL_MS })).toBe('MESH_TIMEOUT');
      const mute = await world.server({ accept: () => undefined });
      expect(await dialCode(world, mute.url, { timeoutMs: DIAL_MS })).toBe('MESH_TIMEOUT');
    },
  },
  {
    trap: 'H5',
    title: 'a server that hangs up midway ends the dial with a code',
    run: async (world, expect) => {
      const server = await world.server({
        accept: (socket) => {
          socket.onMessage = () => socket.terminate();
        },
      });
      expect(await dialCode(world, server.url)).toBe('LINK_CLOSED');
    },
  },
  {
    trap: 'H1',
    title: 'another peer than the expected one is refused, with a true key of its own',
    run: async (world, expect) => {
      const mallory = await world.party('mallory');
      const server = await world.server({
        accept: (socket) => answerHandshakes(socket, mallory, world.network),
      });
      const expected = (await world.party('carol')).self.nodeId;
      expect(await dialCode(world, server.url, { expected })).toBe('LINK_PEER_MISMATCH');
    },
  },
  {
    trap: 'H1',
    title: 'a server that shows another node’s key cannot sign for it',
    run: async (world, expect) => {
      const [mallory, carol] = [await world.party('mallory'), await world.party('carol')];
      const server = await world.server({
        accept: (socket) => answerHandshakes(socket, mallory, world.network, { self: carol.self }),
      });
      expect(nodeIdBytesOf(carol.self.publicKey)).toEqual(carol.self.nodeIdBytes);
      const { nodeId: expected } = carol.self;
      expect(await dialCode(world, server.url, { expected })).toBe('LINK_SIGNATURE');
    },
  },
  {
    trap: 'H2',
    title: 'a WELCOME with any part changed does not open',
    run: async (world, expect) => {
      const mallory = await world.party('mallory');
      for (const [at, code] of [
        [9, 'LINK_BAD_MESSAGE'],
        [30, 'LINK_DECRYPT'],
        [100, 'LINK_DECRYPT'],
        [6_900, 'LINK_DECRYPT'],
      ] as const) {
        const alter = (bytes: Uint8Array): Uint8Array =>
          bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
        const server = await world.server({
          accept: (socket) => answerHandshakes(socket, mallory, world.network, { alter }),
        });
        expect(await dialCode(world, server.url)).toBe(code);
      }
    },
  },
  {
    trap: 'D4',
    title: 'a puzzle beyond 20 bits is not worked on, nor a second one, nor one of other sub-puzzles',
    run: async (world, expect) => {
      expect(await answering(world, (hello) => [challenge(hello, 21)])).toBe('MESH_PUZZLE');
      expect(await answering(world, (hello) => [challenge(hello, 255)])).toBe('MESH_PUZZLE');
      expect(await answering(world, (hello) => [challenge(hello, 4, 255)])).toBe('LINK_BAD_MESSAGE');
      expect(await answering(world, (hello) => [challenge(hello, 4)])).toBe('LINK_BAD_MESSAGE');
      const twice = await answering(world, (hello) => [challenge(hello, 16), challenge(hello, 16)]);
      expect(twice).toBe('LINK_UNEXPECTED');
    },
  },
  {
    trap: 'H7',
    title: 'a REFUSE for another session is none, and a true one is not retried at once',
    run: async (world, expect) => {
      const refuse = (session: Uint8Array): Uint8Array =>
        encodeRefuse({ suite: 1, session, code: RefuseCode.NETWORK });
      expect(await answering(world, () => [refuse(new Uint8Array(16))])).toBe('LINK_BAD_MESSAGE');
      const server = await world.server({
        accept: (socket) => {
          socket.onMessage = (hello) => socket.send(refuse(decodeHello(hello)?.session ?? hello));
        },
      });
      expect(await dialCode(world, server.url)).toBe('MESH_NETWORK_MISMATCH');
      await world.pass(DIAL_MS);
      expect(server.connections).toBe(1);
    },
  },
  {
    trap: 'H7',
    title: 'a server that redirects the dial elsewhere is not followed',
    run: async (world, expect) => {
      const inner = await world.server({ accept: () => undefined });
      const server = await world.server({
        answer: (_request, response) => {
          response.writeHead(302, { Location: inner.url }).end();
        },
      });
      expect(await dialCode(world, server.url)).toBe('MESH_CONNECT_FAILED');
      expect(inner.connections).toBe(0);
    },
  },
  {
    trap: 'M7',
    title: 'a server that answers with too much is cut off',
    run: async (world, expect) => {
      const code = await answering(world, () => [new Uint8Array(8_193)]);
      expect(code).toBe('MESH_CONNECT_FAILED');
      expect(await answering(world, () => [new Uint8Array(1_048_576)])).toBe('LINK_CLOSED');
    },
  },
  {
    trap: 'H7',
    title: 'a victim that is made to dial itself, straight or through a relay, knows itself',
    run: async (world, expect) => {
      expect(await dialCode(world, world.url)).toBe('LINK_SELF');
      const server = await world.server({
        accept: (socket) => {
          const early: Uint8Array[] = [];
          socket.onMessage = (bytes) => void early.push(bytes);
          void world.raw().then((inner) => {
            for (const bytes of early) inner.send(bytes);
            socket.onMessage = (bytes) => inner.send(bytes);
            inner.onMessage = (bytes) => socket.send(bytes);
          });
        },
      });
      expect(await dialCode(world, server.url)).toBe('LINK_SELF');
      expect(world.victim.getPeers().length).toBe(2);
    },
  },
];
