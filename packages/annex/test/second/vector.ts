// Vectors: a whole run from fixed randomness, as the second implementation makes it. test/vectors/README.md names the fields.
import { SecondInitiator, SecondResponder, networkHash, type Session } from './handshake.js';
import { H, identityOf, join, KEMS, text, uint, zeros, type Bytes, type Suite } from './primitives.js';
import { generationKeys, nextEpoch, ratchetMessage } from './ratchets.js';
import { SecondReanswerer, SecondReopener } from './resumption.js';

export interface VectorCase {
  readonly name: string;
  readonly suite: Suite;
  readonly networkId: string | null;
  readonly networkFingerprint: string | null;
  readonly isAnonymous?: boolean;
  readonly challengeBits?: number;
}

export const VECTOR_CASES: readonly VectorCase[] = [
  { name: 'x-wing', suite: 1, networkId: 'vectors', networkFingerprint: null },
  { name: 'ml-kem-768', suite: 2, networkId: null, networkFingerprint: 'release 1' },
  { name: 'anonymous', suite: 1, networkId: 'vectors', networkFingerprint: '', isAnonymous: true },
  { name: 'challenged', suite: 1, networkId: null, networkFingerprint: null, challengeBits: 6 },
];

const TIME_MS = 1_800_000_000_000;
/** Generations of epoch 0 whose keys are listed. */
const GENERATIONS = [0, 1, 2, 17];

/** Bytes that look random and that everyone can make: SHA-512(name ‖ u32 0) ‖ SHA-512(name ‖ u32 1) ‖ … */
export function drawn(name: string, length: number): Bytes {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, at) => H(text(name), uint(at, 4)));
  return join(...blocks).slice(0, length);
}

const SEED_BYTES = { 1: 32, 2: 64 } as const;
const ENCAPSULATION_BYTES = { 1: 64, 2: 32 } as const;

/** All that is random in a case, and what is chosen. */
export function inputsOf({ name, suite, isAnonymous = false, challengeBits }: VectorCase) {
  const draw = (what: string, length: number): Bytes => drawn(`${name}: ${what}`, length);
  const paramsOf = (flags: number): Bytes =>
    join(uint(flags, 1), zeros(1), uint(300, 2), uint(4_194_304, 4), uint(1_048_576, 4), zeros(52));
  const filler = { publicKey: draw('filler key', 1_952), signature: draw('filler signature', 3_309) };
  const ratchetOf = (epoch: number) => ({
    kemSeed: draw(`ratchet seed ${epoch}`, SEED_BYTES[suite]),
    kemRandomness: draw(`ratchet encapsulation ${epoch}`, ENCAPSULATION_BYTES[suite]),
  });
  return {
    initiator: {
      identitySeed: draw('initiator', 32),
      sid: draw('sidA', 16),
      nonce: draw('nonceA', 32),
      kemSeed: draw('kem seed', SEED_BYTES[suite]),
      params: paramsOf(isAnonymous ? 1 : 0),
      ...(isAnonymous ? { filler } : {}),
    },
    responder: {
      identitySeed: draw('responder', 32),
      sid: draw('sidB', 16),
      nonce: draw('nonceB', 32),
      kemRandomness: draw('encapsulation', ENCAPSULATION_BYTES[suite]),
      params: paramsOf(0),
      slot: {
        timeMs: TIME_MS,
        batchId: draw('batch id', 32),
        index: 201,
        salt: draw('salt', 32),
        path: draw('path', 256),
      },
    },
    ...(challengeBits === undefined ? {} : { challengeSeed: draw('challenge', 32) }),
    ratchets: [1, 2].map(ratchetOf),
  };
}
export type VectorInputs = ReturnType<typeof inputsOf>;

/** Runs a case and lists everything that an implementation must come to. */
export function runCase(vectorCase: VectorCase) {
  const { suite, networkId, networkFingerprint } = vectorCase;
  const inputs = inputsOf(vectorCase);
  const netFp = networkHash(suite, networkId, networkFingerprint);
  const [a, b] = [identityOf(inputs.initiator.identitySeed), identityOf(inputs.responder.identitySeed)];
  const initiator = new SecondInitiator({ suite, netFp, self: a, peerId: b.id, ...inputs.initiator });
  const responder = new SecondResponder({ suite, netFp, self: b, ...inputs.responder });
  const firstOpen = initiator.open;
  const challenge = challengeOf(vectorCase, inputs);
  const open = challenge === undefined ? firstOpen : initiator.solve(challenge);
  const answer = responder.answer(open);
  const { confirm, session } = initiator.confirm(answer);
  const other = responder.finish(confirm);
  if (Buffer.compare(session.root, other.root) !== 0) throw new Error('the two ends differ');
  const challenged = challenge === undefined ? {} : { challenge, openAgain: open };
  const { root, transcript, exporter, id, ticketId, psk } = session;
  return {
    netFp,
    initiatorId: a.id,
    responderId: b.id,
    messages: { open: firstOpen, ...challenged, answer, confirm },
    session: { root, transcript, exporter, id, ticketId, psk },
    generations: GENERATIONS.map((generation) => ({
      generation,
      initiator: generationKeys(root, 'i', 0, generation),
      responder: generationKeys(root, 'r', 0, generation),
    })),
    ratchets: ratchetsOf(vectorCase, inputs, session),
  };
}

function challengeOf({ suite, challengeBits }: VectorCase, inputs: VectorInputs): Bytes | undefined {
  if (challengeBits === undefined || inputs.challengeSeed === undefined) return undefined;
  const head = join(text('AX'), uint(1, 1), uint(2, 1), uint(suite, 2), uint(60, 2));
  const puzzle = join(inputs.challengeSeed, uint(challengeBits, 1), uint(8, 1), uint(60, 2));
  return join(head, inputs.initiator.sid, puzzle);
}

/** Epoch 1, whose turn is the initiator's, and epoch 2, the responder's. */
function ratchetsOf({ suite, isAnonymous = false }: VectorCase, inputs: VectorInputs, session: Session) {
  let { root, transcript } = session;
  const identities = {
    i: identityOf(inputs.initiator.identitySeed),
    r: identityOf(inputs.responder.identitySeed),
  };
  return inputs.ratchets.map(({ kemSeed, kemRandomness }, at) => {
    const epoch = at + 1;
    const [from, to] = epoch % 2 === 1 ? (['i', 'r'] as const) : (['r', 'i'] as const);
    const { kem } = KEMS[suite];
    const { publicKey: ek } = kem.keygen(kemSeed);
    const { cipherText: ct, sharedSecret } = kem.encapsulate(ek, kemRandomness);
    const sign = (role: 'i' | 'r', ...kemBytes: Bytes[]): Bytes =>
      role === 'i' && isAnonymous
        ? zeros(3_309)
        : identities[role].sign(
            ratchetMessage(transcript, epoch, role, ...kemBytes),
            text('annex/1 ratchet'),
          );
    const frames = {
      ek: join(uint(epoch, 4), ek, sign(from, ek)),
      ct: join(uint(epoch, 4), ct, sign(to, ek, ct)),
    };
    ({ root, transcript } = nextEpoch(root, transcript, ek, ct, sharedSecret));
    return { epoch, ...frames, root, transcript };
  });
}

/** A run that resumes a session, with a ticket that looks random. */
export function resumedCase() {
  const vectorCase = { name: 'resumed', suite: 1, networkId: 'vectors', networkFingerprint: null } as const;
  const { initiator: first, responder: second } = inputsOf(vectorCase);
  const [a, b] = [identityOf(first.identitySeed), identityOf(second.identitySeed)];
  const netFp = networkHash(1, vectorCase.networkId, vectorCase.networkFingerprint);
  const ticket = { id: drawn('resumed: ticket id', 16), psk: drawn('resumed: psk', 64) };
  const { identitySeed, sid, nonce, kemRandomness, params } = second;
  const responder = { identitySeed, sid, nonce, kemRandomness, params };
  const caller = new SecondReopener(
    { suite: 1, netFp, self: a, peerId: b.id, ...first },
    { ...ticket, peerId: b.id },
  );
  const called = new SecondReanswerer(
    { suite: 1, netFp, self: b, ...responder },
    { ...ticket, peerId: a.id },
  );
  const reanswer = called.answer(caller.reopen);
  const { reconfirm, session } = caller.confirm(reanswer);
  if (Buffer.compare(session.root, called.finish(reconfirm).root) !== 0) throw new Error('the ends differ');
  const { root, transcript, exporter, id, ticketId, psk } = session;
  return {
    ...vectorCase,
    network: { suite: 1, networkId: vectorCase.networkId, networkFingerprint: null, netFp },
    inputs: { ticket, initiator: first, responder },
    results: {
      initiatorId: a.id,
      responderId: b.id,
      messages: { reopen: caller.reopen, reanswer, reconfirm },
      session: { root, transcript, exporter, id, ticketId, psk },
    },
  };
}

/** The run that resumes as JSON, bytes in hex. */
export function resumedText(): string {
  const { name, network, inputs, results } = resumedCase();
  return `${JSON.stringify({ name, network, inputs, results }, hex, 2)}\n`;
}

const hex = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;

/** A case with its inputs and results as JSON, bytes in hex. */
export function vectorText(vectorCase: VectorCase): string {
  const { netFp, ...results } = runCase(vectorCase);
  const { name, suite, networkId, networkFingerprint } = vectorCase;
  const network = { suite, networkId, networkFingerprint, netFp };
  return `${JSON.stringify({ name, network, inputs: inputsOf(vectorCase), results }, hex, 2)}\n`;
}
