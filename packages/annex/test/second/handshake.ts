// A second handshake, key schedule and KEM ratchet, written from PROTOCOL.md alone, for tests to compare with. Every
// wrong thing throws: there are no states here, no clocks and no repetition.
import {
  EMPTY,
  equal,
  extract,
  H,
  hmac,
  idOf,
  isSigned,
  join,
  KEMS,
  open,
  seal,
  sha256,
  text,
  uint,
  XL,
  zeros,
  type Bytes,
  type SecondIdentity,
  type Suite,
} from './primitives.js';
import { solve } from './puzzle.js';
import { isSlotOf, makeSlot, signerOf, type SlotEntropy } from './slot.js';

export interface Common {
  readonly suite: Suite;
  readonly netFp: Bytes;
  readonly self: SecondIdentity;
  readonly params: Bytes;
  readonly sid: Bytes;
  readonly nonce: Bytes;
}
export interface InitiatorInput extends Common {
  readonly peerId: Bytes;
  readonly kemSeed: Bytes;
  /** The bytes that stand for key and signature of an anonymous initiator. */
  readonly filler?: { readonly publicKey: Bytes; readonly signature: Bytes };
}
export interface ResponderInput extends Common {
  readonly kemRandomness: Bytes;
  readonly slot: SlotEntropy;
}
export interface Session {
  readonly root: Bytes;
  readonly transcript: Bytes;
  readonly exporter: Bytes;
  readonly id: Bytes;
  readonly ticketId: Bytes;
  readonly psk: Bytes;
  readonly peerSid: Bytes;
  /** Undefined for an anonymous initiator. */
  readonly peerId: Bytes | undefined;
}

/** PROTOCOL.md §1. */
export function networkHash(suite: Suite, networkId: string | null, fingerprint: string | null): Bytes {
  const part = (value: string | null): Bytes =>
    value === null ? zeros(3) : join(uint(1, 1), uint(Buffer.byteLength(value), 2), text(value));
  return sha256(text('yakmesh/netfp/1'), uint(suite, 2), part(networkId), part(fingerprint));
}

export const header = (type: number, suite: Suite, length: number): Bytes =>
  join(text('AX'), uint(1, 1), uint(type, 1), uint(suite, 2), uint(length, 2));
export const must = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what);
};
/** The four parts of a proof: key, params, slot or signature, fin. */
const partsOf = (proof: Bytes): readonly [Bytes, Bytes, Bytes, Bytes] => [
  proof.subarray(0, 1_952),
  proof.subarray(1_952, 2_016),
  proof.subarray(2_016, -32),
  proof.subarray(-32),
];

/** As a message stands in a flow. */
export const padded = (message: Bytes): Bytes =>
  join(message, zeros((message.length <= 2_048 ? 2_048 : 8_192) - message.length));

export class Schedule {
  readonly #hs: Bytes;
  readonly th1: Bytes;
  #th2: Bytes = EMPTY;

  constructor(
    netFp: Bytes,
    responderId: Bytes,
    opening: Bytes,
    answerClear: Bytes,
    shared: Bytes,
    psk: Bytes = zeros(64),
  ) {
    const prologue = join(text('ANNEX/1'), netFp, responderId);
    const es = extract(H(prologue), psk);
    this.th1 = H(prologue, opening, answerClear);
    this.#hs = extract(XL(es, 'derived', EMPTY, 64), shared);
  }

  get th2(): Bytes {
    return this.#th2;
  }

  role(name: 'i' | 'r') {
    const secret = XL(this.#hs, `${name} hs`, this.th1, 64);
    const [key, iv] = [XL(secret, 'key', EMPTY, 32), XL(secret, 'iv', EMPTY, 12)];
    const fk = XL(secret, 'fin', EMPTY, 64);
    return {
      seal: (head: Bytes, proof: Bytes) => seal(key, iv, head, proof),
      open: (head: Bytes, sealed: Bytes) => open(key, iv, head, sealed),
      fin: (th: Bytes, ...parts: Bytes[]) => hmac(fk, H(th, ...parts)).slice(0, 32),
    };
  }

  answered(proof: Bytes): void {
    this.#th2 = H(this.th1, proof);
  }

  session(proof: Bytes, peerSid: Bytes, peerId: Bytes | undefined): Session {
    const transcript = H(this.#th2, proof);
    const ms = extract(XL(this.#hs, 'derived', EMPTY, 64), zeros(64));
    const exporter = XL(ms, 'exp', transcript, 64);
    const root = XL(ms, 'root', transcript, 64);
    const [ticketId, psk] = [XL(ms, 'rid', transcript, 16), XL(ms, 'res', transcript, 64)];
    return { root, transcript, exporter, id: XL(ms, 'id', transcript, 16), ticketId, psk, peerSid, peerId };
  }
}

const leafOf = (th1: Bytes, publicKey: Bytes, params: Bytes): Bytes =>
  join(text('annex/1 r'), zeros(1), H(th1, publicKey, params));

export class SecondInitiator {
  readonly #input: InitiatorInput;
  readonly #secretKey: Bytes;
  #open: Bytes;

  constructor(input: InitiatorInput) {
    const { suite, netFp, sid, nonce, kemSeed } = input;
    const { publicKey, secretKey } = KEMS[suite].kem.keygen(kemSeed);
    this.#input = input;
    this.#secretKey = secretKey;
    const length = 64 + publicKey.length + 40;
    this.#open = join(header(1, suite, length), netFp.subarray(0, 8), sid, nonce, publicKey, zeros(40));
  }

  get open(): Bytes {
    return this.#open;
  }

  /** The same OPEN with the solution of a CHALLENGE. */
  solve(challenge: Bytes): Bytes {
    const { suite, sid } = this.#input;
    must(equal(challenge.subarray(0, 24), join(header(2, suite, 60), sid)), 'challenge');
    const prefix = join(challenge.subarray(24, 56), sid, sha256(this.#open.subarray(64, -40)));
    const [bits = 0, count = 0] = challenge.subarray(56, 58);
    must(bits >= 4 && bits <= 20 && count === 8, 'difficulty');
    this.#open = join(this.#open.subarray(0, -40), solve(prefix, bits, count));
    return this.#open;
  }

  confirm(answer: Bytes): { readonly confirm: Bytes; readonly session: Session } {
    const { suite, netFp, self, params, sid, peerId, filler } = this.#input;
    const { kem, ctBytes } = KEMS[suite];
    const clear = answer.subarray(0, 72 + ctBytes);
    const sidB = clear.subarray(24, 40);
    must(equal(answer.subarray(0, 8), header(3, suite, answer.length)), 'header');
    must(answer.length === clear.length + 5_809, 'length');
    must(equal(clear.subarray(8, 24), sid) && !equal(sid, sidB), 'session id');
    const shared = kem.decapsulate(clear.subarray(72), this.#secretKey);
    const schedule = new Schedule(netFp, peerId, this.#open, clear, shared);
    const [proofB, b] = [schedule.role('r').open(clear, answer.subarray(clear.length)), schedule.role('r')];
    const [pkB, paramsB, slot, finB] = partsOf(proofB);
    must(equal(signerOf(slot), idOf(pkB)), 'signer');
    must(equal(idOf(pkB), peerId) && !equal(peerId, self.id), 'peer');
    must(isSlotOf(pkB, netFp, leafOf(schedule.th1, pkB, paramsB), slot), 'slot');
    must(equal(finB, b.fin(schedule.th1, pkB, paramsB, slot)), 'fin');
    schedule.answered(proofB);
    const pkA = filler?.publicKey ?? self.publicKey;
    const signed = H(schedule.th2, pkA, params);
    const sigA = filler?.signature ?? self.sign(signed, text('annex/1 i'));
    const proofA = join(pkA, params, sigA, schedule.role('i').fin(schedule.th2, pkA, params, sigA));
    const head = join(header(4, suite, 5_397), sidB);
    const confirm = join(head, schedule.role('i').seal(head, proofA));
    return { confirm, session: schedule.session(proofA, sidB.slice(), peerId) };
  }
}

export class SecondResponder {
  readonly #input: ResponderInput;
  #run: { readonly schedule: Schedule; readonly sidA: Bytes } | undefined;

  constructor(input: ResponderInput) {
    this.#input = input;
  }

  answer(opening: Bytes): Bytes {
    const { suite, netFp, self, params, sid, nonce, kemRandomness, slot: entropy } = this.#input;
    const { kem, ekBytes, ctBytes } = KEMS[suite];
    must(equal(opening.subarray(0, 8), header(1, suite, 104 + ekBytes)), 'header');
    must(opening.length === 104 + ekBytes && equal(opening.subarray(8, 16), netFp.subarray(0, 8)), 'network');
    const sidA = opening.slice(16, 32);
    const { cipherText, sharedSecret } = kem.encapsulate(opening.subarray(64, -40), kemRandomness);
    const clear = join(header(3, suite, 5_881 + ctBytes), sidA, sid, nonce, cipherText);
    const schedule = new Schedule(netFp, self.id, opening, clear, sharedSecret);
    const slot = makeSlot(self, netFp, leafOf(schedule.th1, self.publicKey, params), entropy);
    const fin = schedule.role('r').fin(schedule.th1, self.publicKey, params, slot);
    const proof = join(self.publicKey, params, slot, fin);
    schedule.answered(proof);
    this.#run = { schedule, sidA };
    return join(clear, schedule.role('r').seal(clear, proof));
  }

  finish(confirm: Bytes): Session {
    const { suite, sid, self } = this.#input;
    if (this.#run === undefined) throw new Error('no run');
    const { schedule, sidA } = this.#run;
    const head = confirm.subarray(0, 24);
    must(confirm.length === 5_397 && equal(head, join(header(4, suite, 5_397), sid)), 'header');
    const [proof, a] = [schedule.role('i').open(head, confirm.subarray(24)), schedule.role('i')];
    const [pkA, params, sigA, finA] = partsOf(proof);
    must(equal(finA, a.fin(schedule.th2, pkA, params, sigA)), 'fin');
    if (((params[0] ?? 0) & 1) === 1) return schedule.session(proof, sidA, undefined);
    must(!equal(idOf(pkA), self.id), 'peer');
    must(isSigned(pkA, H(schedule.th2, pkA, params), sigA, text('annex/1 i')), 'signature');
    return schedule.session(proof, sidA, idOf(pkA));
  }
}
