import { isDangerousKey } from './dangerous-keys.js';
import type { DataLimits } from './data-limits.js';
import { elementSegment, fieldSegment, offence, within } from './message-offence.js';
import type { MessageOffence } from './message-offence.js';

/** Bounds of one message's data. */
export interface PlainDataLimits extends DataLimits {
  /** Bytes of the whole message: its strings, keys and byte arrays have at least as many together. */
  readonly maxBytes: number;
  /** Whether `__proto__`, `constructor` and `prototype` may be keys. */
  readonly allowsDangerousKeys: boolean;
}

/** Getters of the language itself: an own property of the value cannot stand in for them. */
const TYPED_ARRAY_PROTOTYPE = Object.getPrototypeOf(Uint8Array.prototype) as object;
const KIND_OF_VIEW = Object.getOwnPropertyDescriptor(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag);
const BYTES_OF_VIEW = Object.getOwnPropertyDescriptor(TYPED_ARRAY_PROTOTYPE, 'byteLength');

/** Bytes of a Uint8Array, of a Node Buffer too and of other realms; undefined for anything else. */
export function byteLengthOf(value: object): number | undefined {
  if (!ArrayBuffer.isView(value) || KIND_OF_VIEW?.get?.call(value) !== 'Uint8Array') return undefined;
  return Number(BYTES_OF_VIEW?.get?.call(value));
}

/**
 * Whether a value is plain data within bounds: what JSON can say, Uint8Array, and bigint of 64 bits as core's payloads
 * have them. Nothing of the value runs: getters, functions, holes, symbols and instances of classes are refused unread.
 * A value that holds itself is refused for its depth. One walk checks one value.
 */
export class PlainDataWalk {
  readonly #limits: PlainDataLimits;
  #items = 0;
  #bytes = 0;

  constructor(limits: PlainDataLimits) {
    this.#limits = limits;
  }

  /** The first offence in the value. `depth` counts the containers around it. */
  check(value: unknown, depth = 0): MessageOffence | undefined {
    if (!this.#countItem())
      return offence('MESSAGE_TOO_MANY', `is beyond the ${this.#limits.maxItems} values allowed.`);
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return Number.isFinite(value) ? undefined : notPlain('is no finite number.');
      case 'bigint':
        return BigInt.asIntN(64, value) === value ? undefined : notPlain('does not fit 64 bits.');
      case 'boolean':
        return undefined;
      case 'object':
        return value === null ? undefined : this.#object(value, depth);
      default:
        return notPlain(`is of type ${typeof value}.`);
    }
  }

  #string(value: string): MessageOffence | undefined {
    const { maxStringLength } = this.#limits;
    if (value.length > maxStringLength)
      return offence('MESSAGE_TOO_LONG', `is longer than ${maxStringLength} characters.`);
    return this.#countBytes(value.length);
  }

  #object(value: object, depth: number): MessageOffence | undefined {
    if (ArrayBuffer.isView(value)) {
      const bytes = byteLengthOf(value);
      return bytes === undefined ? notPlain('is no Uint8Array.') : this.#countBytes(bytes);
    }
    if (depth >= this.#limits.maxDepth) return offence('MESSAGE_TOO_DEEP', 'is nested too deeply.');
    if (Array.isArray(value)) return this.#array(value, depth);
    return isRecordPrototype(Object.getPrototypeOf(value))
      ? this.#record(value, depth)
      : notPlain('is no plain object.');
  }

  #array(value: readonly unknown[], depth: number): MessageOffence | undefined {
    const { maxArrayLength } = this.#limits;
    if (value.length > maxArrayLength)
      return offence('MESSAGE_TOO_MANY', `has more than ${maxArrayLength} elements.`);
    if (!isArrayPrototype(Object.getPrototypeOf(value))) return notPlain('is no plain array.');
    for (let index = 0; index < value.length; index += 1) {
      const property = Object.getOwnPropertyDescriptor(value, index);
      if (property === undefined || !('value' in property))
        return within(elementSegment(index), notPlain('is no value.'));
      const inner = this.check(property.value, depth + 1);
      if (inner !== undefined) return within(elementSegment(index), inner);
    }
    return undefined;
  }

  #record(value: object, depth: number): MessageOffence | undefined {
    const { maxKeys } = this.#limits;
    const keys = Reflect.ownKeys(value);
    if (keys.length > maxKeys) return offence('MESSAGE_TOO_MANY', `has more than ${maxKeys} fields.`);
    for (let position = 0; position < keys.length; position += 1) {
      const key = keys[position];
      if (typeof key !== 'string') return notPlain('has a symbol for a key.');
      const inner = this.#key(key) ?? this.#field(Object.getOwnPropertyDescriptor(value, key), depth);
      if (inner !== undefined) return within(fieldSegment(key, position), inner);
    }
    return undefined;
  }

  #key(key: string): MessageOffence | undefined {
    const { maxKeyLength, allowsDangerousKeys } = this.#limits;
    if (key.length > maxKeyLength)
      return offence('MESSAGE_TOO_LONG', `has a name of more than ${maxKeyLength} characters.`);
    if (!allowsDangerousKeys && isDangerousKey(key))
      return offence('MESSAGE_DANGEROUS_KEY', 'has a name that could change a prototype.');
    this.#items += 1; // Checked with the value that follows.
    return this.#countBytes(key.length);
  }

  #field(property: PropertyDescriptor | undefined, depth: number): MessageOffence | undefined {
    if (property === undefined || !('value' in property) || property.enumerable !== true)
      return notPlain('is no value.');
    return this.check(property.value, depth + 1);
  }

  #countItem(): boolean {
    this.#items += 1;
    return this.#items <= this.#limits.maxItems;
  }

  #countBytes(bytes: number): MessageOffence | undefined {
    this.#bytes += bytes;
    const { maxBytes } = this.#limits;
    return this.#bytes <= maxBytes
      ? undefined
      : offence('MESSAGE_TOO_LARGE', `is beyond the ${maxBytes} bytes allowed.`);
  }
}

function notPlain(claim: string): MessageOffence {
  return offence('MESSAGE_NOT_PLAIN', claim);
}

/** `Object.prototype`, of this realm or another, or none. */
function isRecordPrototype(prototype: unknown): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  const isRoot = typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null;
  return isRoot && Object.hasOwn(prototype, 'isPrototypeOf') && Object.keys(prototype).length === 0;
}

/** `Array.prototype`, of this realm or another: it is an array itself, as no subclass's is. */
function isArrayPrototype(prototype: unknown): boolean {
  if (prototype === Array.prototype) return true;
  return Array.isArray(prototype) && isRecordPrototype(Object.getPrototypeOf(prototype));
}
