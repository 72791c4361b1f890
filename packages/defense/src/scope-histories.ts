import { BoundedMap } from '@yakmesh/core/transport';
import { addressKeys } from './address.js';
import { decayedScore } from './trust-ladder.js';

/** Address scopes whose history is kept, about 0.3 KB each; the one that was blamed longest ago is forgotten for a further one. */
export const SCOPES_MAX = 16_384;
/** Blame that a scope can gather: what it takes for the lowest start, two and a half times, so that it fades in days. */
export const SCOPE_BLAME_MAX = 400;
/** How much of a scope's blame a newcomer from it starts with. */
export const SCOPE_BLAME_SHARE = 0.25;
/** The lowest score that a newcomer starts with: suspicious, and far from banned, since neighbours behind one address may be honest. */
export const SCOPE_START_SCORE_MIN = -40;

/** What one scope was blamed for, at a time in milliseconds since 1970. */
export interface ScopeBlame {
  /** Weights of the reports, what has faded taken off. */
  readonly blame: number;
  /** When that was true. */
  readonly atMs: number;
}

/**
 * What nodes were blamed for in each address scope, one IPv4 address or IPv6 /64, so that a bad name cannot be shed by taking a
 * new one.
 */
export class ScopeHistories {
  readonly #halfLifeMs: number;
  readonly #scopes = new BoundedMap<string, ScopeBlame>(SCOPES_MAX);

  /** Blame fades as scores do. */
  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** The scope of an address; a text that is no address is a scope of its own. */
  static scopeOf(address: string | undefined): string | undefined {
    return address === undefined ? undefined : addressKeys(address).narrow;
  }

  /** Adds what a node from this scope was blamed for. */
  blame(scope: string | undefined, weight: number, nowMs: number): void {
    if (scope === undefined) return;
    const atMs = Math.max(nowMs, this.#scopes.peek(scope)?.atMs ?? nowMs);
    this.#scopes.set(scope, { blame: Math.min(SCOPE_BLAME_MAX, this.#blameAt(scope, nowMs) + weight), atMs });
  }

  /** The score, 0 or less, that a new node from this scope starts with. */
  startScore(scope: string | undefined, nowMs: number): number {
    if (scope === undefined || !this.#scopes.has(scope)) return 0;
    return Math.max(SCOPE_START_SCORE_MIN, -SCOPE_BLAME_SHARE * this.#blameAt(scope, nowMs));
  }

  /** All of them, the one blamed longest ago first. */
  entries(): readonly (readonly [string, ScopeBlame])[] {
    return this.#scopes.entries();
  }

  /** Takes over a saved one, unless something is known of the scope already. */
  restore(scope: string, saved: ScopeBlame): void {
    if (!this.#scopes.has(scope)) this.#scopes.set(scope, saved);
  }

  #blameAt(scope: string, nowMs: number): number {
    const known = this.#scopes.peek(scope);
    return known === undefined ? 0 : decayedScore(known.blame, nowMs - known.atMs, this.#halfLifeMs);
  }
}
