/** Keys through which an assignment or merge reaches a prototype instead of a field. */
const DANGEROUS_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Whether assigning to this key, or merging into what it names, may change a prototype. */
export function isDangerousKey(key: string): boolean {
  // The lengths first: almost every key is settled without hashing it.
  return (key.length === 9 || key.length === 11) && DANGEROUS_KEYS.has(key);
}
