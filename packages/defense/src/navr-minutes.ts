import type { Random } from '@yakmesh/core/transport';
import { hmacSha256, wipe } from '@yakmesh/crypto';

/**
 * Challenges of one minute that may be used, in each of two sets: 1,000 a second. Then the minute gets a new secret, so that
 * none can be used twice: its unanswered challenges are void, and new ones are made as ever. About 7 MB for both sets.
 */
export const NAVR_USED_MAX = 65_536;

const SECRET_BYTES = 32;
const MINUTE_MS = 60_000;

/** What challenges of one minute are made with, and which of them were used. */
export interface NavrMinute {
  readonly minute: number;
  readonly secret: Uint8Array;
  readonly used: Set<string>;
}

/**
 * The secrets of this minute and the last. Each is drawn afresh and wiped when it is over, and with it goes all that was made of
 * it: whatever the clock does, a challenge whose use was forgotten fits no secret any more.
 */
export class NavrMinutes {
  readonly #random: Random;
  #current: NavrMinute | undefined;
  #last: NavrMinute | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The minute in which challenges are made now. */
  current(nowMs: number): NavrMinute {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const current = this.#current;
    // A clock put back a little must not void what was just handed out; put back by more, it starts anew.
    if (current !== undefined && (minute === current.minute || minute === current.minute - 1)) return current;
    this.#forgetLast();
    this.#last = current;
    if (minute !== (current?.minute ?? 0) + 1) this.#forgetLast();
    this.#current = this.#fresh(minute);
    return this.#current;
  }

  /** This minute or the last, if a challenge of it may still be answered. */
  open(minute: number, nowMs: number): NavrMinute | undefined {
    const current = this.current(nowMs);
    if (minute === current.minute) return current;
    return minute === this.#last?.minute ? this.#last : undefined;
  }

  /** Notes that the challenge was used. */
  use(minute: NavrMinute, name: string): void {
    minute.used.add(name);
    if (minute.used.size < NAVR_USED_MAX) return;
    wipe(minute.secret);
    const renewed = this.#fresh(minute.minute);
    if (minute === this.#current) this.#current = renewed;
    else this.#last = undefined;
  }

  /** Wipes the secrets: every challenge is void. */
  clear(): void {
    if (this.#current !== undefined) wipe(this.#current.secret);
    this.#current = undefined;
    this.#forgetLast();
  }

  #forgetLast(): void {
    if (this.#last !== undefined) wipe(this.#last.secret);
    this.#last = undefined;
  }

  #fresh(minute: number): NavrMinute {
    return { minute, secret: this.#random.bytes(SECRET_BYTES), used: new Set() };
  }
}

/** The seed that the minute's secret gives these bytes. */
export function seedOf(minute: NavrMinute, input: Uint8Array): Uint8Array {
  return hmacSha256(minute.secret, input);
}
