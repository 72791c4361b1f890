import { xWing } from '@yakmesh/crypto';
import type { CryptoJob } from '../../crypto-job.js';
import type { HandshakeAction, HandshakeSelf } from '../../handshake/actions.js';
import { PuzzleIssuer } from '../../handshake/puzzle.js';
import { ResponderMachine } from '../../handshake/responder.js';
import { MeshCrypto } from '../../mesh-crypto.js';
import { systemClock, systemRandom } from '../../transport/index.js';
import type { Party } from './parties.js';
import type { RawAttacker } from './raw-attacker-node.js';
import { worldPool } from './shared-pool.js';

/** What an accepting side does that is not honest. */
export interface ResponderLies {
  /** What it says of itself. @default the truth */
  readonly self?: HandshakeSelf | undefined;
  /** Told of each job before it is done: a verification shows what the dialler proved. */
  readonly watch?: ((job: CryptoJob) => void) | undefined;
  /** Changes what is sent. */
  readonly alter?: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

/** Answers handshakes of whoever dials a rogue server, with a true key unless it lies. */
export function answerHandshakes(
  socket: RawAttacker,
  party: Party,
  network: Uint8Array,
  lies: ResponderLies = {},
): void {
  const never = new AbortController().signal;
  const crypto = new MeshCrypto({
    identity: party.identity,
    clock: systemClock,
    random: systemRandom,
    pool: worldPool,
    headsScale: 1,
  });
  const jobs = crypto.jobs('hostile');
  const machine = new ResponderMachine({
    kem: xWing,
    networkHashes: [network],
    self: lies.self ?? party.self,
    random: systemRandom,
    deny: () => undefined,
    admit: () => undefined,
    puzzles: new PuzzleIssuer({ random: systemRandom, bits: () => 0 }),
    scope: '127.0.0.1',
  });
  const perform = (actions: readonly HandshakeAction[]): void => {
    for (const action of actions) {
      if (action.type === 'send') socket.send(lies.alter?.(action.bytes) ?? action.bytes);
      if (action.type !== 'job') continue;
      lies.watch?.(action.job);
      void jobs(action.job, never).then((result) => perform(machine.complete(action.ticket, result)));
    }
  };
  socket.onMessage = (bytes) => perform(machine.receive(bytes, Date.now()));
}
