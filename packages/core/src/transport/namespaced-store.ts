import type { Store, StoreEntry, StoreOperation, StoreRange } from './store.js';

/** '!' ends a namespace; it sorts right before '"', which bounds the namespace's keys from above. */
const SEPARATOR = '!';
const SUCCESSOR = '"';
const NAME_PATTERN = /^[\x20\x22-\x7e]{1,64}$/;

/**
 * A part of a store that cannot reach the rest: its keys are kept as `name!key`.
 * @throws TypeError unless the name is 1 to 64 characters of printable ASCII without '!'.
 */
export function namespaced(store: Store, name: string): Store {
  if (!NAME_PATTERN.test(name)) {
    throw new TypeError("a namespace is named by 1 to 64 characters of printable ASCII without '!'");
  }
  const prefix = name + SEPARATOR;
  const inside = (operation: StoreOperation): StoreOperation => ({
    ...operation,
    key: innerKey(operation.key),
  });
  const innerKey = (key: string): string => {
    if (key === '') throw new TypeError('a store key has at least one character');
    return prefix + key;
  };
  return {
    get: async (key) => store.get(innerKey(key)),
    put: async (key, value) => store.put(innerKey(key), value),
    delete: async (key) => store.delete(innerKey(key)),
    batch: async (operations, options) => store.batch(operations.map(inside), options),
    async *range(range: StoreRange = {}) {
      const gte = prefix + (range.gte ?? '');
      const lt = range.lt === undefined ? name + SUCCESSOR : prefix + range.lt;
      for await (const [key, value] of store.range({ ...range, gte, lt })) {
        yield [key.slice(prefix.length), value] satisfies StoreEntry;
      }
    },
  };
}
