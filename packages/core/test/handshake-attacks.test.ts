import { beforeAll, expect, test } from '@jest/globals';
import { concatBytes, mlKem768, utf8ToBytes, type NodeId } from '@yakmesh/crypto';
import type { CryptoJobs } from '../src/crypto-job.js';
import { INITIATOR_CONTEXT } from '../src/handshake/initiator.js';
import { networkHash, type NetworkName } from '../src/network-hash.js';
import {
  handshake,
  initiatorOf,
  responderOf,
  shake,
  type HandshakeResult,
  type Wire,
} from './support/handshake-pair.js';
import { NETWORK, OTHER_NETWORK, party, SUITE, type Party } from './support/parties.js';
import {
  fin,
  hash512,
  open,
  seal,
  secondSchedule,
  type SecondSchedule,
} from './support/second-key-schedule.js';

let a: Party;
let b: Party;
let mallory: Party;
let good: HandshakeResult;

beforeAll(async () => {
  [a, b, mallory] = await Promise.all([party('alice'), party('bob'), party('mallory')]);
  good = await shake(a, b);
});

const WELCOME_CLEAR_BYTES = 1_192;
const CONFIRM_CLEAR_BYTES = 24;

/** A responder or initiator that knows the shared secret and puts something else into its sealed field. */
interface Session {
  readonly schedule: SecondSchedule;
  readonly welcome: Uint8Array;
}

/** Runs a handshake of a dishonest initiator: `forge` makes the CONFIRM of what it knows. */
async function dishonestInitiator(
  initiator: Party,
  forge: (session: Session) => Promise<Uint8Array>,
): Promise<HandshakeResult> {
  let secret = new Uint8Array(0);
  const jobs: CryptoJobs = async (job, signal) => {
    const result = await initiator.jobs(job, signal);
    if (result.type === 'decapsulate') secret = result.sharedSecret.slice();
    return result;
  };
  const seen: Uint8Array[] = [];
  let forged: Uint8Array | undefined;
  // The machine waits for its CONFIRM to be signed: there the forgery is made.
  const forging: CryptoJobs = async (job, signal) => {
    const result = await jobs(job, signal);
    const [hello, welcome] = seen;
    if (job.type === 'sign' && hello !== undefined && welcome !== undefined) {
      const schedule = secondSchedule(NETWORK, hello, welcome.slice(0, WELCOME_CLEAR_BYTES), secret);
      forged = await forge({ schedule, welcome });
    }
    return result;
  };
  const wire: Wire = ({ bytes }, index) => {
    seen.push(bytes);
    return index === 2 ? forged : bytes;
  };
  return handshake(initiatorOf(initiator), responderOf(b), { initiator: forging, responder: b.jobs }, wire);
}

function transcript2({ schedule, welcome }: Session): Uint8Array {
  const clear = welcome.slice(0, WELCOME_CLEAR_BYTES);
  return hash512(schedule.th1, open(schedule.responder, welcome.slice(WELCOME_CLEAR_BYTES), clear));
}

function confirmOf(session: Session, plaintext: Uint8Array): Uint8Array {
  const clear = concatBytes(
    Uint8Array.of(0x59, 0x4c, 1, 4, 0, 1, 0x15, 0x15),
    session.welcome.slice(24, 24 + 16),
  );
  return concatBytes(clear, seal(session.schedule.initiator, plaintext, clear));
}

/** CONFIRM as an honest initiator makes it, but for what `parts` replaces. */
async function confirmWith(
  session: Session,
  signer: Party,
  parts: { publicKey?: Uint8Array; context?: Uint8Array; finOver?: Uint8Array; signed?: Uint8Array } = {},
): Promise<Uint8Array> {
  const th2 = transcript2(session);
  const { params } = signer.self;
  const publicKey = parts.publicKey ?? signer.identity.publicKey;
  const message = parts.signed ?? hash512(th2, publicKey, params);
  const signature = await signer.identity.sign(message, { context: parts.context ?? INITIATOR_CONTEXT });
  const mac = fin(session.schedule.initiator, th2, parts.finOver ?? publicKey, params, signature);
  return confirmOf(session, concatBytes(publicKey, params, signature, mac));
}

test('the hand-made CONFIRM is accepted while nothing in it is false', async () => {
  const { responder } = await dishonestInitiator(mallory, (session) => confirmWith(session, mallory));
  expect(responder.outcome?.nodeId).toBe(mallory.self.nodeId);
});

test('H1: someone else’s key under one’s own signature is refused: a node id must be proven', async () => {
  const { responder } = await dishonestInitiator(mallory, (session) =>
    confirmWith(session, mallory, { publicKey: a.identity.publicKey }),
  );
  expect(responder.code).toBe('LINK_SIGNATURE');
});

test('key and signature of one identity with the MAC of another are refused', async () => {
  const { responder } = await dishonestInitiator(mallory, (session) =>
    confirmWith(session, mallory, { finOver: a.identity.publicKey }),
  );
  expect(responder.code).toBe('LINK_FIN');
});

test('H2: a proof that the victim gave in another run is refused, whoever relays it', async () => {
  // The victim really signed this, for a handshake with mallory.
  let captured = new Uint8Array(0);
  const victim: CryptoJobs = async (job, signal) => {
    const result = await a.jobs(job, signal);
    if (result.type === 'sign') captured = result.signature.slice();
    return result;
  };
  await handshake(initiatorOf(a), responderOf(mallory), { initiator: victim, responder: mallory.jobs });
  const { responder } = await dishonestInitiator(mallory, async (session) => {
    const { publicKey, params } = a.self;
    const mac = fin(session.schedule.initiator, transcript2(session), publicKey, params, captured);
    return confirmOf(session, concatBytes(publicKey, params, captured, mac));
  });
  expect(responder.code).toBe('LINK_SIGNATURE');
});

test.each(['link/1 r', 'link/1 transcript', 'mbs/1 link', ''])(
  'a CONFIRM signed in the context "%s" is refused',
  async (context) => {
    const { responder } = await dishonestInitiator(mallory, (session) =>
      confirmWith(session, mallory, { context: utf8ToBytes(context) }),
    );
    expect(responder.code).toBe('LINK_SIGNATURE');
  },
);

test('a CONFIRM whose signature leaves out the transcript is refused', async () => {
  const { responder } = await dishonestInitiator(mallory, (session) =>
    confirmWith(session, mallory, { signed: hash512(mallory.self.publicKey, mallory.self.params) }),
  );
  expect(responder.code).toBe('LINK_SIGNATURE');
});

test('unknown key share: who relays HELLO and WELCOME cannot put its own identity into CONFIRM', async () => {
  // The relay has no shared secret; the best it can do is seal its proof under keys of its own making.
  const result = await shake(a, b, ({ bytes }, index) => {
    if (index !== 2) return bytes;
    const guessed = secondSchedule(NETWORK, bytes, bytes, new Uint8Array(32));
    const clear = bytes.slice(0, CONFIRM_CLEAR_BYTES);
    const plaintext = concatBytes(mallory.self.publicKey, new Uint8Array(5_373 - 16 - 1_952));
    return concatBytes(clear, seal(guessed.initiator, plaintext, clear));
  });
  expect(result.responder).toMatchObject({ outcome: undefined, code: 'LINK_DECRYPT' });
});

test('unknown key share: a relay that finishes as itself does not make the initiator believe in it', async () => {
  const expected: NodeId = b.self.nodeId;
  const { initiator } = await shake(a, mallory, undefined, { expected });
  expect(initiator).toMatchObject({ outcome: undefined, code: 'LINK_PEER_MISMATCH' });
});

test('a WELCOME whose slot another node signed is refused', async () => {
  const stolen: CryptoJobs = (job, signal) =>
    job.type === 'sign-slot' ? mallory.jobs(job, signal) : b.jobs(job, signal);
  const { initiator, sent } = await handshake(initiatorOf(a), responderOf(b), {
    initiator: a.jobs,
    responder: stolen,
  });
  expect(initiator.code).toBe('LINK_SIGNATURE');
  expect(sent).toHaveLength(2);
});

test('a WELCOME slot of another run is refused', async () => {
  let slot = new Uint8Array(0);
  const keeping: CryptoJobs = async (job, signal) => {
    const result = await b.jobs(job, signal);
    if (result.type === 'sign-slot') slot = result.slot.slice();
    return result;
  };
  await handshake(initiatorOf(mallory), responderOf(b), { initiator: mallory.jobs, responder: keeping });
  const replaying: CryptoJobs = async (job, signal) =>
    job.type === 'sign-slot' ? { type: 'sign-slot', slot } : b.jobs(job, signal);
  const { initiator } = await handshake(initiatorOf(a), responderOf(b), {
    initiator: a.jobs,
    responder: replaying,
  });
  expect(initiator.code).toBe('LINK_SIGNATURE');
});

test('who dialled another peer than it finds ends with LINK_PEER_MISMATCH and sends no CONFIRM', async () => {
  const { initiator, sent } = await shake(a, b, undefined, { expected: mallory.self.nodeId });
  expect(initiator.code).toBe('LINK_PEER_MISMATCH');
  expect(sent).toHaveLength(2);
});

test('a node does not link with itself: the initiator notices first', async () => {
  const { initiator, sent } = await shake(a, a);
  expect(initiator.code).toBe('LINK_SELF');
  expect(sent).toHaveLength(2);
});

test('the responder too refuses its own identity in a CONFIRM', async () => {
  const { responder } = await dishonestInitiator(mallory, (session) => confirmWith(session, b));
  expect(responder.code).toBe('LINK_SELF');
});

test('a denied peer is refused by either side, before its signature is looked at', async () => {
  const deny = () => 'LINK_DENIED' as const;
  const byInitiator = await shake(a, b, undefined, { initiator: { deny } });
  expect(byInitiator.initiator.code).toBe('LINK_DENIED');
  const byResponder = await shake(a, b, undefined, { responder: { deny } });
  expect(byResponder.responder.code).toBe('LINK_DENIED');
});

test('a reflected HELLO and a WELCOME that reuses the initiator’s session id are refused', async () => {
  const reflected = await shake(a, b, ({ bytes, from }, index) => {
    if (index === 1 && from === 'responder') return good.sent[0]?.bytes;
    return bytes;
  });
  expect(reflected.initiator.code).toBe('LINK_BAD_MESSAGE');
  const same = await shake(a, b, ({ bytes }, index) => {
    if (index !== 1) return bytes;
    const changed = bytes.slice();
    changed.copyWithin(24, 8, 24);
    return changed;
  });
  expect(same.initiator.code).toBe('LINK_BAD_MESSAGE');
});

test('a WELCOME sent back to the responder is no CONFIRM', async () => {
  const { responder } = await shake(a, b, ({ bytes }, index) => (index === 2 ? good.sent[1]?.bytes : bytes));
  expect(responder).toMatchObject({ outcome: undefined, code: 'LINK_BAD_MESSAGE' });
});

test('a CONFIRM of another run is refused, even with this run’s session id', async () => {
  const foreign = await shake(mallory, b, undefined, {});
  const confirm = foreign.sent[2]?.bytes ?? new Uint8Array(0);
  const asItIs = await shake(a, b, ({ bytes }, index) => (index === 2 ? confirm : bytes));
  expect(asItIs.responder.outcome).toBeUndefined();
  const adapted = await shake(a, b, ({ bytes }, index) =>
    index === 2 ? concatBytes(bytes.slice(0, 24), confirm.slice(24)) : bytes,
  );
  expect(adapted.responder).toMatchObject({ outcome: undefined, code: 'LINK_DECRYPT' });
});

test('a captured HELLO relayed to another node registers nobody there', async () => {
  const hello = good.sent[0]?.bytes ?? new Uint8Array(0);
  const confirm = good.sent[2]?.bytes ?? new Uint8Array(0);
  // The attacker replays all that the initiator ever sent; the responder's ciphertext is new, so no key fits.
  const replay: Wire = ({ bytes }, index) => [hello, bytes, confirm][index];
  const { responder } = await shake(mallory, b, replay);
  expect(responder.outcome).toBeUndefined();
});

test('another network is refused with a code on both sides', async () => {
  const { initiator, responder, sent } = await shake(a, b, undefined, {
    initiator: { networkHash: OTHER_NETWORK },
  });
  expect(sent.map(({ bytes }) => bytes.length)).toEqual([1_320, 28]);
  expect(initiator.code).toBe('MESH_NETWORK_MISMATCH');
  expect(responder.code).toBe('MESH_NETWORK_MISMATCH');
});

test('H3: a fingerprint against none, and none against one, is refused like a wrong one', async () => {
  const names: NetworkName[] = [null, 'build 1', 'build 2'].map((networkFingerprint) => ({
    networkId: 'tests',
    networkFingerprint,
  }));
  for (const ours of names) {
    for (const theirs of names) {
      const { initiator, responder } = await shake(
        a,
        b,
        ({ bytes }, index) => (index > 1 ? undefined : bytes),
        {
          initiator: { networkHash: networkHash(SUITE.suite, ours) },
          responder: { networkHashes: [networkHash(SUITE.suite, theirs)] },
        },
      );
      const expected = ours === theirs ? undefined : 'MESH_NETWORK_MISMATCH';
      expect(initiator.code).toBe(expected);
      expect(responder.code).toBe(expected);
    }
  }
});

test('a network whose prefix collides fails at the tag', async () => {
  const twin = NETWORK.slice();
  twin[31] = (twin[31] ?? 0) ^ 1;
  const { initiator, responder } = await shake(a, b, undefined, { initiator: { networkHash: twin } });
  expect(initiator.code).toBe('LINK_DECRYPT');
  expect(responder.outcome).toBeUndefined();
});

test('another suite is refused with VERSION and nothing weaker is tried', async () => {
  const hash = networkHash(mlKem768.suite, { networkId: 'tests', networkFingerprint: null });
  const { initiator, responder, sent } = await shake(a, b, undefined, {
    initiator: { kem: mlKem768, networkHash: hash },
  });
  expect(sent.map(({ bytes }) => bytes.length)).toEqual([1_288, 28]);
  expect(initiator.code).toBe('MESH_VERSION_MISMATCH');
  expect(responder.code).toBe('MESH_VERSION_MISMATCH');
});

test('another version is refused with VERSION, whatever else it says', async () => {
  const { initiator, responder, sent } = await shake(a, b, ({ bytes }, index) => {
    if (index !== 0) return bytes;
    const changed = bytes.slice();
    changed[2] = 2;
    return changed;
  });
  expect(sent).toHaveLength(2);
  expect(initiator.code).toBe('MESH_VERSION_MISMATCH');
  expect(responder.code).toBe('MESH_VERSION_MISMATCH');
});

test('a suite edited in flight makes no link, in whichever message', async () => {
  for (const edited of [0, 1, 2]) {
    const { responder, sent } = await shake(a, b, ({ bytes }, index) => {
      if (index !== edited) return bytes;
      const changed = bytes.slice();
      changed[5] = 2;
      return changed;
    });
    expect(responder.outcome).toBeUndefined();
    expect(sent.length).toBeLessThanOrEqual(3);
  }
});

test('a REFUSE for another session id is not believed', async () => {
  const { initiator } = await shake(
    a,
    b,
    ({ bytes }, index) => {
      if (index !== 1) return bytes;
      const changed = bytes.slice();
      changed[8] = (changed[8] ?? 0) ^ 1;
      return changed;
    },
    { responder: { admit: () => 'MESH_BUSY' } },
  );
  expect(initiator.code).toBe('LINK_BAD_MESSAGE');
});

test('a responder without room answers REFUSE(BUSY), which the initiator reports as MESH_BUSY', async () => {
  const { initiator, responder } = await shake(a, b, undefined, { responder: { admit: () => 'MESH_BUSY' } });
  expect([initiator.code, responder.code]).toEqual(['MESH_BUSY', 'MESH_BUSY']);
});

test('a responder that is asked too often answers REFUSE(RATE), which makes an honest initiator wait', async () => {
  const responder = { admit: () => 'MESH_RATE_LIMITED' as const };
  const result = await shake(a, b, undefined, { responder });
  expect([result.initiator.code, result.responder.code]).toEqual(['MESH_RATE_LIMITED', 'MESH_RATE_LIMITED']);
});
