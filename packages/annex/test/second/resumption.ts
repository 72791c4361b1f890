// The second implementation's resumption, written from PROTOCOL.md §12 alone: both ends of one run, each wrong thing throws.
import {
  header,
  must,
  Schedule,
  type InitiatorInput,
  type ResponderInput,
  type Session,
} from './handshake.js';
import { EMPTY, equal, extract, H, hmac, join, KEMS, text, XL, zeros, type Bytes } from './primitives.js';

export interface SecondTicket {
  readonly id: Bytes;
  readonly psk: Bytes;
  readonly peerId: Bytes;
}

const SEALED_BYTES = 112;

function binder(netFp: Bytes, responderId: Bytes, psk: Bytes, bound: Bytes): Bytes {
  const es = extract(H(text('ANNEX/1'), netFp, responderId), psk);
  return hmac(XL(es, 'binder', EMPTY, 64), bound).slice(0, 32);
}

export class SecondReopener {
  readonly #input: Omit<InitiatorInput, 'filler'>;
  readonly #ticket: SecondTicket;
  readonly #secretKey: Bytes;
  readonly reopen: Bytes;

  constructor(input: Omit<InitiatorInput, 'filler'>, ticket: SecondTicket) {
    const { suite, netFp, sid, nonce, kemSeed, peerId } = input;
    const { publicKey, secretKey } = KEMS[suite].kem.keygen(kemSeed);
    this.#input = input;
    this.#ticket = ticket;
    this.#secretKey = secretKey;
    const head = header(6, suite, 152 + publicKey.length);
    const bound = join(head, netFp.subarray(0, 8), sid, nonce, publicKey, zeros(40), ticket.id);
    this.reopen = join(bound, binder(netFp, peerId, ticket.psk, bound));
  }

  confirm(reanswer: Bytes): { readonly reconfirm: Bytes; readonly session: Session } {
    const { suite, netFp, params, sid, peerId } = this.#input;
    const { kem, ctBytes } = KEMS[suite];
    const clear = reanswer.subarray(0, 72 + ctBytes);
    const sidB = clear.slice(24, 40);
    must(equal(reanswer.subarray(0, 24), join(header(7, suite, clear.length + SEALED_BYTES), sid)), 'header');
    must(reanswer.length === clear.length + SEALED_BYTES && !equal(sid, sidB), 'length or session id');
    const shared = kem.decapsulate(clear.subarray(72), this.#secretKey);
    const schedule = new Schedule(netFp, peerId, this.reopen, clear, shared, this.#ticket.psk);
    const proof = schedule.role('r').open(clear, reanswer.subarray(clear.length));
    const fin = schedule.role('r').fin(schedule.th1, proof.subarray(0, 64));
    must(equal(proof.subarray(64), fin), 'fin');
    schedule.answered(proof);
    const own = join(params, schedule.role('i').fin(schedule.th2, params));
    const head = join(header(8, suite, 136), sidB);
    const reconfirm = join(head, schedule.role('i').seal(head, own));
    return { reconfirm, session: schedule.session(own, sidB, this.#ticket.peerId) };
  }
}

export class SecondReanswerer {
  readonly #input: Omit<ResponderInput, 'slot'>;
  readonly #ticket: SecondTicket;
  #run: { readonly schedule: Schedule; readonly sidA: Bytes } | undefined;

  constructor(input: Omit<ResponderInput, 'slot'>, ticket: SecondTicket) {
    this.#input = input;
    this.#ticket = ticket;
  }

  answer(reopen: Bytes): Bytes {
    const { suite, netFp, self, params, sid, nonce, kemRandomness } = this.#input;
    const { id, psk } = this.#ticket;
    const { kem, ekBytes, ctBytes } = KEMS[suite];
    must(reopen.length === 152 + ekBytes, 'length');
    must(
      equal(reopen.subarray(0, 16), join(header(6, suite, reopen.length), netFp.subarray(0, 8))),
      'header',
    );
    const bound = reopen.subarray(0, -32);
    must(equal(bound.subarray(-16), id), 'ticket');
    must(equal(reopen.subarray(-32), binder(netFp, self.id, psk, bound)), 'binder');
    const sidA = reopen.slice(16, 32);
    const { cipherText, sharedSecret } = kem.encapsulate(reopen.subarray(64, 64 + ekBytes), kemRandomness);
    const clear = join(header(7, suite, 72 + ctBytes + SEALED_BYTES), sidA, sid, nonce, cipherText);
    const schedule = new Schedule(netFp, self.id, reopen, clear, sharedSecret, psk);
    const proof = join(params, schedule.role('r').fin(schedule.th1, params));
    schedule.answered(proof);
    this.#run = { schedule, sidA };
    return join(clear, schedule.role('r').seal(clear, proof));
  }

  finish(reconfirm: Bytes): Session {
    const { suite, sid } = this.#input;
    if (this.#run === undefined) throw new Error('no run');
    const { schedule, sidA } = this.#run;
    const head = reconfirm.subarray(0, 24);
    must(reconfirm.length === 136 && equal(head, join(header(8, suite, 136), sid)), 'header');
    const proof = schedule.role('i').open(head, reconfirm.subarray(24));
    must(equal(proof.subarray(64), schedule.role('i').fin(schedule.th2, proof.subarray(0, 64))), 'fin');
    return schedule.session(proof, sidA, this.#ticket.peerId);
  }
}
