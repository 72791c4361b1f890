import { combineSignals, delay, systemClock, withAbort } from '@yakmesh/core/transport';
import type { NodeId } from '@yakmesh/crypto';
import { NodeError } from '../errors.js';
import { annex } from './annex-step.js';
import { defense } from './defense-step.js';
import type { Delivery } from './deliveries.js';
import { failed } from './failed.js';
import { freshToken, type Fleet, type Member } from './fleet.js';
import { isConnected, linksOfAll, mutualLinks } from './links.js';
import { connect } from './meeting.js';
import type { NodeProcess } from './node-process.js';
import { routing } from './routing-step.js';
import { sync } from './sync-step.js';
import { duration } from './text.js';

/** How often the nodes are asked for their peers while they connect. */
const POLL_MS = 50;
/** Links beyond the first come by hints, which are followed within 200 ms; a mesh without all of them is still whole. */
const HINTS_MS_MAX = 10_000;
/** A second copy of a message would follow the first through another neighbour, so within a few round trips. */
const DUPLICATE_WAIT_MS = 250;

/** One part of the demo: does it, checks it, and says in one line what was seen. Rejects when a check fails. */
export interface Step {
  readonly name: string;
  run(fleet: Fleet, signal: AbortSignal): Promise<string>;
}

/** What the demo shows before it stops, in order. */
export const TOUR: readonly Step[] = [
  { name: 'handshake', run: handshake },
  { name: 'gossip', run: gossip },
  { name: 'direct', run: direct },
  { name: 'routing', run: routing },
  { name: 'sync', run: sync },
  { name: 'annex', run: annex },
  { name: 'defense', run: (fleet, signal) => defense(fleet, signal, gossip) },
];

/** The end of every demo. */
export const STOP: Step = { name: 'stop', run: stop };

/** All nodes start, dial the first one, and meet the others through it. */
async function handshake(fleet: Fleet, signal: AbortSignal): Promise<string> {
  await withAbort(signal, fleet.start());
  const startedMs = performance.now();
  const [first, ...others] = fleet.members;
  if (first === undefined) throw failed('No node has started.');
  const endpoint = `${first.endpoint}#${first.nodeId}`;
  await Promise.all(others.map(({ process }) => connect(process, endpoint, signal)));
  const links = await met(fleet, signal);
  const ids = fleet.members.map(({ nodeId }) => nodeId);
  if (!isConnected(ids, links)) throw failed(`the mesh is in pieces: only ${links.length} links.`);
  const took = duration(performance.now() - startedMs);
  return `${fleet.size} nodes, ${links.length} of ${linksOfAll(fleet.size)} links ${took} after the first dial`;
}

/** The links once everybody has met everybody, or hints have had their time. */
async function met(fleet: Fleet, signal: AbortSignal): Promise<(readonly [NodeId, NodeId])[]> {
  const untilMs = performance.now() + HINTS_MS_MAX;
  for (;;) {
    const links = mutualLinks(await withAbort(signal, fleet.status()));
    if (links.length === linksOfAll(fleet.size) || performance.now() > untilMs) return links;
    await delay(systemClock, POLL_MS, signal);
  }
}

/** Every node tells all others something, once. */
async function gossip(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const { members, deliveries, size } = fleet;
  const told = members.map((member) => ({ member, token: freshToken() }));
  for (const { token } of told) deliveries.expect(token);
  const sent = told.map(({ member, token }) =>
    member.process.call('broadcast', { token, text: `gossip of node ${member.number}` }),
  );
  await withAbort(signal, Promise.all(sent));
  await delivered(
    fleet,
    told.map(({ token }) => token),
    size - 1,
    signal,
  );
  for (const { member, token } of told) {
    const others = members.filter((other) => other !== member);
    checkDeliveries(deliveries.of(token), 'gossip', member, others);
  }
  return summary(
    fleet,
    told.map(({ token }) => token),
  );
}

/** Every node says something to the next one alone. */
async function direct(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const { deliveries } = fleet;
  const said = await withAbort(
    signal,
    Promise.all(fleet.members.map((member) => sayToNeighbour(fleet, member))),
  );
  const tokens = said.map(({ token }) => token);
  await delivered(fleet, tokens, 1, signal);
  for (const { member, to, token } of said) checkDeliveries(deliveries.of(token), 'direct', member, [to]);
  return summary(fleet, tokens);
}

async function sayToNeighbour(
  fleet: Fleet,
  member: Member,
): Promise<{ member: Member; to: Member; token: string }> {
  const { peers } = await member.process.call('status', {});
  const { members } = fleet;
  const after = [...members.slice(member.number), ...members.slice(0, member.number)];
  const to = after.find(({ nodeId }) => peers.some((peer) => peer.nodeId === nodeId));
  if (to === undefined) throw failed(`node ${member.number} has no neighbour.`);
  const token = freshToken();
  fleet.deliveries.expect(token);
  await member.process.call('send', { to: to.nodeId, token, text: `for node ${to.number}`, ack: false });
  return { member, to, token };
}

/** Waits for so many deliveries of each, and then for any that are too many. */
async function delivered(
  fleet: Fleet,
  tokens: readonly string[],
  times: number,
  signal: AbortSignal,
): Promise<void> {
  const { deliveries } = fleet;
  try {
    await deliveries.whenDelivered(tokens, times, signal);
  } catch (error) {
    const count = tokens.reduce((sum, token) => sum + deliveries.of(token).length, 0);
    if (!(error instanceof NodeError) || error.code !== 'DEMO_TIMEOUT') throw error;
    throw new NodeError('DEMO_TIMEOUT', `${count} of ${tokens.length * times} messages arrived in time.`);
  }
  await delay(systemClock, DUPLICATE_WAIT_MS, signal);
}

/** Each of the receivers got it exactly once, in the way meant, and its signature names the sender. */
function checkDeliveries(
  deliveries: readonly Delivery[],
  kind: Delivery['kind'],
  sender: Member,
  receivers: readonly Member[],
): void {
  const of = `the message of node ${sender.number}`;
  for (const { number } of receivers) {
    const count = deliveries.filter(({ node }) => node === number).length;
    if (count !== 1) throw failed(`node ${number} received ${of} ${count} times.`);
  }
  for (const delivery of deliveries) {
    const { node, from } = delivery;
    if (!receivers.some(({ number }) => number === node)) throw failed(`${of} was not for node ${node}.`);
    if (from !== sender.nodeId) throw failed(`node ${node} sees ${from} as the origin of ${of}.`);
    if (delivery.kind !== kind) throw failed(`${of} reached node ${node} as ${delivery.kind}.`);
  }
}

function summary(fleet: Fleet, tokens: readonly string[]): string {
  const times = tokens
    .flatMap((token) => fleet.deliveries.of(token))
    .map(({ ms }) => ms)
    .sort((a, b) => a - b);
  for (const token of tokens) fleet.deliveries.forget(token);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const slowest = times[times.length - 1] ?? 0;
  return `${times.length} messages, each exactly once and signed by its origin: median ${duration(median)}, slowest ${duration(slowest)}`;
}

/** Every node stops and its process ends by itself, with code 0 and nothing left open. */
async function stop(fleet: Fleet, signal: AbortSignal): Promise<string> {
  const ends = await Promise.allSettled(
    fleet.processes.map((process) => withAbort(signal, stopProcess(process))),
  );
  const counts = { orderly: 0, early: 0 };
  const failures: string[] = [];
  for (const [index, end] of ends.entries()) {
    if (end.status === 'fulfilled') counts[end.value] += 1;
    else failures.push(messageOf(end.reason, `node ${index + 1}`));
  }
  const detail = `${counts.orderly} processes ended by themselves, with code 0 and nothing left open`;
  if (failures.length > 0) throw failed(`${detail}, but ${failures.join(' ')}`);
  return counts.early === 0 ? detail : `${detail}; Ctrl-C reached ${counts.early} before they had begun`;
}

async function stopProcess(process: NodeProcess): Promise<'orderly' | 'early'> {
  const { exited } = process;
  try {
    const { resources } = await process.call('stop', {});
    if (resources.length > 0) throw failed(`it left open: ${resources.join(', ')}.`);
  } catch (error) {
    // Ctrl-C in a terminal reaches a process before its first line has run, too: then it is gone as wished.
    if ((await settled(exited))?.signal === 'SIGINT') return 'early';
    throw error;
  }
  const { code, signal } = await exited;
  if (code !== 0) throw failed(`it ended with ${signal ?? `code ${code}`}.`);
  return 'orderly';
}

/** What a promise has settled to by the next turn of the event loop, if it has. */
async function settled<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)))]);
}

/** What went wrong, and with whom. */
function messageOf(error: unknown, who: string): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(who) ? message : `${who}: ${message}`;
}

/** Joins the wish to end with a time limit, telling the two apart by their codes. */
export function limited(
  interrupt: AbortSignal,
  timeoutMs: number,
): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const combined = combineSignals(interrupt, timeoutMs);
  combined.signal.addEventListener('abort', () => {
    const reason = interrupt.aborted
      ? new NodeError('DEMO_INTERRUPTED', 'it was asked to end.')
      : new NodeError('DEMO_TIMEOUT', `it was not done within ${duration(timeoutMs)}.`);
    controller.abort(reason);
  });
  return { signal: controller.signal, dispose: combined.dispose };
}
