import { withAbort } from '@yakmesh/core/transport';
import { fork } from 'node:child_process';
import { DEMO_ATTACKER_PATH } from '../package-place.js';
import type { AttackReport } from './attack.js';
import { failed } from './failed.js';
import type { Fleet } from './fleet.js';

/** Attacks the first node from another process while the mesh does something, and says in one line what came of both. */
export async function defense(
  fleet: Fleet,
  signal: AbortSignal,
  meanwhile: (fleet: Fleet, signal: AbortSignal) => Promise<string>,
): Promise<string> {
  const [victim] = fleet.members;
  if (victim === undefined) throw failed('No node has started.');
  const [report, seen] = await Promise.all([
    runAttacker(Number(new URL(victim.endpoint).port), signal),
    meanwhile(fleet, signal),
  ]);
  const { heard, refused, retryAfterSeconds } = report;
  if (refused === 0) throw failed(`node 1 read ${heard} false handshakes and banned nobody.`);
  return `an attacker's ${heard} false handshakes were refused and its address banned for ${retryAfterSeconds} s; meanwhile ${seen}`;
}

/** Forks the attacker; its process is gone when this settles. */
async function runAttacker(port: number, signal: AbortSignal): Promise<AttackReport> {
  const child = fork(DEMO_ATTACKER_PATH, [String(port)], { execArgv: [], stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  let report: AttackReport | undefined;
  child.once('message', (message) => (report = message as AttackReport));
  try {
    await withAbort(signal, gone);
  } finally {
    child.kill('SIGKILL');
  }
  if (report === undefined) throw failed('The attacker’s process died.');
  return report;
}
