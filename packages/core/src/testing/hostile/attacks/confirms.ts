import type { CryptoJob } from '../../../crypto-job.js';
import type { RogueServer } from '../rogue-server-node.js';
import type { Attack } from '../attack.js';
import type { ConfirmLies } from '../handshake-attacker.js';
import type { HostileWorld } from '../hostile-world.js';
import type { RawAttacker } from '../raw-attacker-node.js';
import { answerHandshakes } from '../responder-attacker.js';

const CONFIRM_CLEAR_BYTES = 24;

/** Sends what `forge` makes as CONFIRM, and answers the victim's code. */
async function refusalOf(
  world: HostileWorld,
  forge: (handshake: Awaited<ReturnType<HostileWorld['handshake']>>) => Promise<Uint8Array>,
): Promise<string> {
  const before = world.refusals.length;
  const raw = await world.raw();
  const handshake = await world.handshake();
  raw.send(await handshake.hello());
  await handshake.read(await raw.next());
  raw.send(await forge(handshake));
  await raw.ended;
  return (await world.refused(before + 1)).at(-1) ?? '';
}

const lying =
  (lies: ConfirmLies) =>
  (handshake: Awaited<ReturnType<HostileWorld['handshake']>>): Promise<Uint8Array> =>
    handshake.confirm(lies);

/** Proofs that prove nothing. */
export const confirmAttacks: readonly Attack[] = [
  {
    trap: 'H1',
    title: 'an honest peer’s key under a signature of one’s own is refused, and that peer keeps its link',
    run: async (world, expect) => {
      const { publicKey } = (await world.party('alice')).self;
      expect(await refusalOf(world, lying({ publicKey }))).toBe('LINK_SIGNATURE');
      expect(world.victim.getPeers().length).toBe(2);
    },
  },
  {
    trap: 'H4',
    title: 'a key that differs from the signer’s in its last byte only is another node, and unproven',
    run: async (world, expect) => {
      const publicKey = (await world.party('mallory')).self.publicKey.slice();
      publicKey[publicKey.length - 1] = (publicKey.at(-1) ?? 0) ^ 1;
      expect(await refusalOf(world, lying({ publicKey }))).toBe('LINK_SIGNATURE');
    },
  },
  {
    trap: 'H1',
    title: 'a signature over anything but this handshake is refused',
    run: async (world, expect) => {
      expect(await refusalOf(world, lying({ message: new Uint8Array(64) }))).toBe('LINK_SIGNATURE');
      expect(await refusalOf(world, lying({ signature: new Uint8Array(3_309) }))).toBe('LINK_SIGNATURE');
    },
  },
  {
    trap: 'H2',
    title: 'a wrong MAC is refused before the signature is looked at',
    run: async (world, expect) => {
      expect(await refusalOf(world, lying({ fin: new Uint8Array(32) }))).toBe('LINK_FIN');
    },
  },
  {
    trap: 'H2',
    title: 'the victim’s own key as an initiator’s is refused as itself',
    run: async (world, expect) => {
      const { publicKey } = (await world.party('victim')).self;
      expect(await refusalOf(world, lying({ publicKey }))).toBe('LINK_SELF');
    },
  },
  {
    trap: 'H2',
    title: 'a CONFIRM for another session, or of another length, is refused unopened',
    run: async (world, expect) => {
      expect(await refusalOf(world, lying({ session: new Uint8Array(16) }))).toBe('LINK_BAD_MESSAGE');
      const shorter = await refusalOf(world, async (handshake) => (await handshake.confirm()).slice(0, -1));
      expect(shorter).toBe('LINK_BAD_MESSAGE');
    },
  },
  {
    trap: 'H2',
    title: 'a CONFIRM before WELCOME, and one without HELLO, end the connection',
    run: async (world, expect) => {
      const captured: Uint8Array[] = [];
      await refusalOf(world, async (handshake) => {
        captured.push(await handshake.confirm({ fin: new Uint8Array(32) }));
        return captured[0] ?? new Uint8Array(0);
      });
      const [confirm = new Uint8Array(0)] = captured;
      const alone = await world.raw();
      alone.send(confirm);
      await alone.ended;
      const early = await world.raw();
      early.send(await (await world.handshake()).hello());
      early.send(confirm);
      await early.ended;
      expect((await world.refused(3)).slice(1)).toEqual(['PEER_NOT_HANDSHAKE', 'LINK_UNEXPECTED']);
    },
  },
  {
    trap: 'H2',
    title: 'a flood of CONFIRMs that nobody could seal ends at the first, without a verification',
    run: async (world, expect) => {
      const raw = await world.raw();
      const handshake = await world.handshake();
      raw.send(await handshake.hello());
      await handshake.read(await raw.next());
      const garbage = (await handshake.confirm({ signature: new Uint8Array(3_309) })).fill(
        0xa5,
        CONFIRM_CLEAR_BYTES,
      );
      for (let sent = 0; sent < 1_000; sent += 1) raw.send(garbage);
      await raw.ended;
      expect(await world.refused()).toEqual(['LINK_DECRYPT']);
    },
  },
  {
    trap: 'H2',
    title: 'a HELLO captured from an honest dialler and sent on registers nobody: its secret is not known',
    run: async (world, expect) => {
      const captured = await capturedHello(world);
      const raw = await world.raw();
      raw.send(captured);
      const welcome = (await raw.next()) ?? new Uint8Array(0);
      expect(welcome.length).toBe(7_001);
      const own = await world.handshake();
      await own.hello();
      const forged = new Uint8Array(5_397);
      forged.set(welcome.slice(0, 8));
      new DataView(forged.buffer).setUint16(6, forged.length);
      forged[3] = 4;
      forged.set(welcome.slice(24, 40), 8);
      raw.send(forged);
      await raw.ended;
      expect(await world.refused()).toEqual(['LINK_DECRYPT']);
      expect(world.victim.isConnectedTo((await world.party('carol')).self.nodeId)).toBe(false);
    },
  },
  {
    trap: 'H2',
    title: 'a proof that an honest dialler gave to the attacker is no proof to the victim',
    run: async (world, expect) => {
      // Carol proved herself in a handshake with mallory: her signature is genuine, and over that handshake.
      const { publicKey, signature } = await proofGiven(world);
      expect(publicKey).toEqual((await world.party('carol')).self.publicKey);
      expect(await refusalOf(world, lying({ publicKey, signature }))).toBe('LINK_SIGNATURE');
    },
  },
  {
    trap: 'H2',
    title: 'a whole handshake that was recorded is worth nothing later',
    run: async (world, expect) => {
      const recorded: Uint8Array[] = [];
      const relay = await relayTo(world, recorded);
      expect(await world.dialAs('carol', relay.url)).toBe('no error');
      const [hello, confirm, ...records] = recorded;
      const raw = await world.raw();
      raw.send(hello ?? '');
      await raw.next();
      for (const message of [confirm, ...records]) raw.send(message ?? '');
      await raw.ended;
      expect(await world.refused()).toEqual(['LINK_BAD_MESSAGE']);
      const again = await world.raw();
      for (const message of recorded) again.send(message);
      await again.ended;
      expect((await world.refused(2))[1]).toBe('LINK_UNEXPECTED');
    },
  },
  {
    trap: 'H2',
    title: 'a man in the middle that changes one bit of any handshake message gets no link',
    run: async (world, expect) => {
      for (const position of [0, 1]) {
        const relay = await relayTo(world, [], position);
        expect((await world.dialAs('carol', relay.url)) === 'no error').toBe(false);
      }
      expect(world.victim.getPeers().length).toBe(2);
    },
  },
];

/** The HELLO of an honest node that was made to dial the attacker. */
async function capturedHello(world: HostileWorld): Promise<Uint8Array> {
  const hellos: Uint8Array[] = [];
  const server = await world.server({
    accept: (socket) => {
      socket.onMessage = (bytes) => {
        hellos.push(bytes);
        socket.terminate();
      };
    },
  });
  await world.dialAs('carol', server.url);
  return hellos[0] ?? new Uint8Array(0);
}

/** What carol signs for a server of mallory that she was made to dial. */
async function proofGiven(world: HostileWorld): Promise<{ publicKey: Uint8Array; signature: Uint8Array }> {
  const mallory = await world.party('mallory');
  const proofs: { publicKey: Uint8Array; signature: Uint8Array }[] = [];
  const watch = (job: CryptoJob): void => {
    if (job.type === 'verify')
      proofs.push({ publicKey: job.publicKey.slice(), signature: job.signature.slice() });
  };
  const server = await world.server({
    accept: (socket) => answerHandshakes(socket, mallory, world.network, { watch }),
  });
  await world.dialAs('carol', server.url, 1_500);
  const [proof] = proofs;
  if (proof === undefined) throw new RangeError('carol has proven nothing');
  return proof;
}

/** A man in the middle: hands everything on, writes down what the dialler says, and changes one of its messages if asked to. */
async function relayTo(world: HostileWorld, recorded: Uint8Array[], changed?: number): Promise<RogueServer> {
  const accept = async (dialler: RawAttacker, early: Uint8Array[]): Promise<void> => {
    const victim = await world.raw();
    const pass = (bytes: Uint8Array): void => {
      const message = bytes.slice();
      if (recorded.length === changed) message[message.length >> 1] = (message[message.length >> 1] ?? 0) ^ 1;
      recorded.push(message);
      victim.send(message);
    };
    for (const bytes of early) pass(bytes);
    dialler.onMessage = pass;
    victim.onMessage = (bytes) => dialler.send(bytes);
    void dialler.ended.then(() => victim.terminate());
    void victim.ended.then(() => dialler.terminate());
  };
  return world.server({
    accept: (dialler) => {
      const early: Uint8Array[] = [];
      dialler.onMessage = (bytes) => void early.push(bytes);
      void accept(dialler, early);
    },
  });
}
