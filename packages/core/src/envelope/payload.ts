import { decode, encode } from 'cborg';

/** Nesting of arrays and maps in a payload. Deeper is refused, at both ends. */
export const PAYLOAD_DEPTH_MAX = 16;
/** Items (values, keys included) in one payload: what a decoder may have to allocate for. */
export const PAYLOAD_ITEMS_MAX = 65_536;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

const LONE_SURROGATE = /\p{Surrogate}/u;

const DECODE_OPTIONS = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  strict: true,
  useMaps: false,
  rejectDuplicateMapKeys: true,
  tags: {},
};

/**
 * Encodes a payload as strict CBOR (RFC 8949 §4.2 without tags and indefinite lengths).
 *
 * @throws TypeError for anything but JSON values, Uint8Array and int64; it names the path of the offender.
 */
export function encodePayload(value: unknown): Uint8Array {
  const budget = { items: PAYLOAD_ITEMS_MAX };
  return encode(checked(value, 'message', PAYLOAD_DEPTH_MAX, budget));
}

function checked(value: unknown, path: string, depth: number, budget: { items: number }): unknown {
  budget.items -= 1;
  if (budget.items < 0) throw new TypeError(`A message holds at most ${PAYLOAD_ITEMS_MAX} items.`);
  switch (typeof value) {
    case 'string':
      if (LONE_SURROGATE.test(value))
        throw new TypeError(`${path} holds a lone surrogate, which UTF-8 cannot carry.`);
      return value;
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}; send a finite number.`);
      return value;
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value)
        throw new TypeError(`${path} does not fit a signed 64-bit integer.`);
      return value;
    case 'object':
      if (value === null) return value;
      return checkedObject(value, path, depth, budget);
    default:
      throw new TypeError(`${path} is of type ${typeof value}, which a message cannot carry.`);
  }
}

function checkedObject(value: object, path: string, depth: number, budget: { items: number }): unknown {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    if (!isBytes(value)) throw new TypeError(`${path} is ${value.constructor.name}; send a Uint8Array.`);
    return value;
  }
  if (depth === 0) throw new TypeError(`${path} is nested deeper than ${PAYLOAD_DEPTH_MAX} levels.`);
  if (Array.isArray(value)) {
    const entries: readonly unknown[] = value;
    return entries.map((entry, index) => checked(entry, `${path}[${index}]`, depth - 1, budget));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === null || (prototype as object).constructor.name === 'Object';
  if (!isPlain) throw new TypeError(`${path} is no plain object; send its fields.`);
  const plain: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue; // As JSON.stringify does.
    checked(key, `a key of ${path}`, 1, budget);
    Object.defineProperty(plain, key, {
      value: checked(entry, `${path}.${key}`, depth - 1, budget),
      enumerable: true,
    });
  }
  return plain;
}

function isBytes(value: object): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** Decodes a peer's payload: undefined unless it is strict, bounded CBOR of the values that {@link encodePayload} takes. */
export function decodePayload(bytes: Uint8Array): { readonly value: unknown } | undefined {
  if (!isBounded(bytes)) return undefined;
  try {
    const value: unknown = decode(bytes, DECODE_OPTIONS);
    return { value };
  } catch {
    return undefined;
  }
}

/** One pass before anything is allocated: depth, item count, definite lengths, no tags, valid UTF-8, nothing left over. */
function isBounded(bytes: Uint8Array): boolean {
  const remaining: number[] = [1];
  let items = 0;
  let at = 0;
  while (remaining.length > 0) {
    const level = remaining.length - 1;
    const left = remaining[level] ?? 0;
    if (left === 0) {
      remaining.pop();
      continue;
    }
    remaining[level] = left - 1;
    items += 1;
    if (items > PAYLOAD_ITEMS_MAX || at >= bytes.length) return false;
    const initial = bytes[at] ?? 0;
    const major = initial >> 5;
    const additional = initial & 31;
    at += 1;
    let argument = additional;
    if (additional >= 24) {
      if (additional > 27) return false;
      const width = 1 << (additional - 24);
      if (at + width > bytes.length) return false;
      // Integers beyond 64 signed bits: no sender of ours makes them, and other languages have no type for them.
      if (major <= 1 && width === 8 && (bytes[at] ?? 0) >= 0x80) return false;
      argument = 0;
      for (let index = 0; index < width; index += 1) argument = argument * 256 + (bytes[at + index] ?? 0);
      at += width;
    }
    if (major === 2 || major === 3) {
      if (argument > bytes.length - at) return false;
      if (major === 3 && !isUtf8(bytes, at, argument)) return false;
      at += argument;
    } else if (major === 4 || major === 5) {
      const count = major === 5 ? 2 * argument : argument;
      if (count > bytes.length - at || remaining.length > PAYLOAD_DEPTH_MAX) return false;
      remaining.push(count);
    } else if (major === 6) {
      return false;
    }
  }
  return at === bytes.length;
}

function isUtf8(bytes: Uint8Array, from: number, length: number): boolean {
  const end = from + length;
  let at = from;
  while (at < end && (bytes[at] ?? 0) < 0x80) at += 1;
  if (at === end) return true;
  try {
    UTF8.decode(bytes.subarray(at, end));
    return true;
  } catch {
    return false;
  }
}
