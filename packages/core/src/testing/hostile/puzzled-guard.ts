import type { Guard } from '../../transport/index.js';

/** The guard itself, but that it asks everyone for a puzzle of `bits()` where it would ask for an easier one or none. */
export function puzzledGuard(guard: Guard, bits: () => number): Guard {
  return new Proxy(guard, {
    get(target, key) {
      if (key === 'puzzleBits')
        return (nowMs: number, handshakesPerSecond?: number) =>
          Math.max(bits(), target.puzzleBits?.(nowMs, handshakesPerSecond) ?? 0);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
