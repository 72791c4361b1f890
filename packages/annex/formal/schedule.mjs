// The key schedule, proofs and records of PROTOCOL.md, as terms. `rules` says which bindings are in force.
import { hash, open, seal, tuple } from './terms.mjs';

export const network = open('net_fp');
export const frames = (content) => tuple(open('frames'), content);

/** ES: of the prologue, and of the ticket's psk where there is one. */
export function earlyOf(rules, responder, psk) {
  const prologue = tuple(open('ANNEX/1'), network, ...(rules.prologue ? [responder] : []));
  return hash('ES', prologue, ...(psk === undefined ? [] : [psk]));
}

/** th1, key_r and key_i, fk_r and fk_i, and what later steps take from HS. */
export function schedule(rules, { responder, opening, clear, shared, psk }) {
  const prologue = tuple(open('ANNEX/1'), network, ...(rules.prologue ? [responder] : []));
  const th1 = hash('th1', prologue, opening, clear);
  const hs = hash('HS', earlyOf(rules, responder, psk), ...(shared === undefined ? [] : [shared]));
  const ofRole = (role) => {
    const s = hash(rules.roles ? `${role} hs` : 'hs', hs, th1);
    return { key: hash('key', s), fk: hash('fin', s) };
  };
  return { th1, hs, r: ofRole('r'), i: ofRole('i') };
}

/** How a proof travels after `clear`. */
export const carried = (rules, role, clear, proof) => (rules.sealed ? seal(role.key, clear, proof) : proof);

/** What both ends have after the proof of the initiator: th3, root_0, and the ticket for the next session. */
export function sessionOf(rules, { hs, th1 }, th2, proof) {
  const th3 = hash('th3', th2, proof);
  const master = hash('MS', hs);
  const ticket = { id: hash('rid', master, th3), psk: hash('res', master, th3) };
  return { th3, root: hash('root', master, rules.root ? th3 : th1), ticket };
}

/** A record: sequence number, and content under the chain of its direction. */
export function record(rules, root, direction, sequence, content) {
  const key = hash('rec', root, open(rules.directions ? direction : 'both'));
  const nonce = open(`sequence ${sequence}`);
  return { key, nonce, content, sealed: seal(key, nonce, content) };
}

export const sealedEvent = ({ key, nonce, content }) => ({
  kind: 'sealed',
  name: 'record',
  terms: [key, nonce, content],
});

/** The event of a key of the handshake, which seals one proof. */
export const proofEvent = (name, { key }, proof) => ({
  kind: 'sealed',
  name,
  terms: [key, open('the only one'), proof],
});
