import { isNodeId } from '@yakmesh/crypto';
import { SIZE_OPTION_MAX } from './data-limits.js';
import { elementSegment, fieldSegment, offence, within } from './message-offence.js';
import type { MessageOffence } from './message-offence.js';
import { SCHEMA_DEPTH_MAX, SCHEMA_NODES_MAX } from './message-schema.js';
import type {
  ArraySchema,
  BytesSchema,
  IntegerSchema,
  MapSchema,
  MessageFields,
  MessageSchema,
  NumberSchema,
  ObjectSchema,
  SchemaLiteral,
  StringSchema,
  UnionSchema,
} from './message-schema.js';
import { badOption, refuseUnknownOptions, wholeOption } from './option-checks.js';
import { byteLengthOf } from './plain-data.js';
import { TEXT_CHECKS } from './text-format.js';

/** Judges a value that is plain data already: undefined when it fits. */
export type SchemaCheck = (value: unknown) => MessageOffence | undefined;

/** The keys that each kind of schema may have besides `type`. */
const KNOWN_KEYS: Readonly<Record<MessageSchema['type'], readonly string[]>> = {
  any: [],
  array: ['items', 'minItems', 'maxItems'],
  boolean: [],
  bytes: ['minBytes', 'maxBytes'],
  enum: ['values'],
  integer: ['min', 'max'],
  literal: ['value'],
  map: ['values', 'maxEntries'],
  nodeId: [],
  null: [],
  number: ['min', 'max'],
  object: ['required', 'optional', 'additional'],
  string: ['minLength', 'maxLength', 'format'],
  union: ['options'],
};

/** Compiles a schema to its check. Throws DEFENSE_BAD_OPTION for one that says what no check can mean. */
export function compileSchema(schema: MessageSchema): SchemaCheck {
  return new SchemaCompiler().compile(schema, 1);
}

function misfit(claim: string): MessageOffence {
  return offence('MESSAGE_BAD_STRUCTURE', claim);
}

class SchemaCompiler {
  #nodes = 0;

  compile(schema: MessageSchema, depth: number): SchemaCheck {
    this.#nodes += 1;
    if (this.#nodes > SCHEMA_NODES_MAX) badOption(`A schema holds at most ${SCHEMA_NODES_MAX} schemas.`);
    if (depth > SCHEMA_DEPTH_MAX) badOption(`Schemas are nested at most ${SCHEMA_DEPTH_MAX} levels deep.`);
    refuseMisspelt(schema);
    switch (schema.type) {
      case 'any':
        return () => undefined;
      case 'null':
        return oneOf([null]);
      case 'boolean':
        return oneOf([true, false]);
      case 'literal':
        return oneOf([schema.value]);
      case 'enum':
        return oneOf(schema.values);
      case 'string':
        return stringCheck(schema);
      case 'integer':
        return integerCheck(schema);
      case 'number':
        return numberCheck(schema);
      case 'bytes':
        return bytesCheck(schema);
      case 'nodeId':
        return (value) => (isNodeId(value) ? undefined : misfit('is no node id.'));
      case 'array':
        return this.#array(schema, depth);
      case 'map':
        return this.#map(schema, depth);
      case 'object':
        return this.#object(schema, depth);
      case 'union':
        return this.#union(schema, depth);
      default:
        return schema satisfies never;
    }
  }

  #array(schema: ArraySchema, depth: number): SchemaCheck {
    const check = this.compile(schema.items, depth + 1);
    const [least, most] = range('Items', schema.minItems, schema.maxItems);
    return (value) => {
      if (!Array.isArray(value)) return misfit('is no array.');
      if (value.length < least) return misfit(`has fewer than ${least} elements.`);
      if (value.length > most) return offence('MESSAGE_TOO_MANY', `has more than ${most} elements.`);
      for (let index = 0; index < value.length; index += 1) {
        const inner = check(value[index]);
        if (inner !== undefined) return within(elementSegment(index), inner);
      }
      return undefined;
    };
  }

  #map(schema: MapSchema, depth: number): SchemaCheck {
    const check = this.compile(schema.values, depth + 1);
    const [, most] = range('Entries', undefined, schema.maxEntries);
    return (value) => {
      if (!isRecord(value)) return misfit('is no object.');
      const keys = Object.keys(value);
      if (keys.length > most) return offence('MESSAGE_TOO_MANY', `has more than ${most} entries.`);
      for (const [position, key] of keys.entries()) {
        const inner = check(value[key]);
        if (inner !== undefined) return within(fieldSegment(key, position), inner);
      }
      return undefined;
    };
  }

  #object(schema: ObjectSchema, depth: number): SchemaCheck {
    const required = this.#fields('required', schema.required, depth);
    const optional = this.#fields('optional', schema.optional, depth);
    const known = new Set([...required, ...optional].map(([name]) => name));
    if (known.size !== required.length + optional.length)
      badOption('A field is either required or optional.');
    const isOpen = schema.additional ?? false;
    return (value) => {
      if (!isRecord(value)) return misfit('is no object.');
      for (const [name, check] of required) {
        if (!Object.hasOwn(value, name)) return within(`.${name}`, misfit('is missing.'));
        const inner = check(value[name]);
        if (inner !== undefined) return within(`.${name}`, inner);
      }
      for (const [name, check] of optional) {
        const inner = Object.hasOwn(value, name) ? check(value[name]) : undefined;
        if (inner !== undefined) return within(`.${name}`, inner);
      }
      return isOpen ? undefined : unknownField(value, known);
    };
  }

  #fields(
    name: string,
    fields: MessageFields = {},
    depth: number,
  ): readonly (readonly [string, SchemaCheck])[] {
    if (typeof fields !== 'object' || fields === null)
      badOption(`${name} is an object of schemas by field name.`);
    return Object.entries(fields).map(([field, schema]) => [field, this.compile(schema, depth + 1)]);
  }

  #union(schema: UnionSchema, depth: number): SchemaCheck {
    const { options } = schema;
    if (!isFilledList(options)) badOption('options is a list of schemas.');
    const checks = options.map((option) => this.compile(option, depth + 1));
    return (value) =>
      checks.some((check) => check(value) === undefined)
        ? undefined
        : misfit('fits none of the forms allowed.');
  }
}

function unknownField(value: object, known: ReadonlySet<string>): MessageOffence | undefined {
  const keys = Object.keys(value);
  const position = keys.findIndex((key) => !known.has(key));
  if (position < 0) return undefined;
  return within(fieldSegment(keys[position] ?? '', position), misfit('is no field of this message.'));
}

/** Refuses what a typing error in a schema would turn into a check of less than was meant. */
function refuseMisspelt(schema: MessageSchema): void {
  const type: unknown = typeof schema === 'object' && schema !== null ? schema.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(KNOWN_KEYS, type))
    badOption(`A schema is { type, … }; types are ${Object.keys(KNOWN_KEYS).join(', ')}.`);
  refuseUnknownOptions(schema, new Set(['type', ...KNOWN_KEYS[schema.type]]));
}

function range(unit: string, min: number | undefined, max: number | undefined): readonly [number, number] {
  const least = wholeOption(`min${unit}`, min ?? 0, 0, SIZE_OPTION_MAX);
  return [least, wholeOption(`max${unit}`, max ?? SIZE_OPTION_MAX, least, SIZE_OPTION_MAX)];
}

function oneOf(values: readonly SchemaLiteral[]): SchemaCheck {
  const isLiteral = (value: unknown) =>
    value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!isFilledList(values) || !values.every(isLiteral))
    badOption('A literal or enum names strings, finite numbers, booleans or null.');
  const allowed: ReadonlySet<unknown> = new Set(values);
  return (value) => (allowed.has(value) ? undefined : misfit('is none of the values allowed.'));
}

function stringCheck({ minLength, maxLength, format }: StringSchema): SchemaCheck {
  const [least, most] = range('Length', minLength, maxLength);
  const isFormat = format === undefined ? () => true : TEXT_CHECKS.get(format);
  if (isFormat === undefined) return badOption(`format is one of ${[...TEXT_CHECKS.keys()].join(', ')}.`);
  return (value) => {
    if (typeof value !== 'string') return misfit('is no string.');
    if (value.length < least) return misfit(`is shorter than ${least} characters.`);
    if (value.length > most) return offence('MESSAGE_TOO_LONG', `is longer than ${most} characters.`);
    return isFormat(value) ? undefined : misfit(`is not of the format ${String(format)}.`);
  };
}

function integerCheck({
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
}: IntegerSchema): SchemaCheck {
  wholeOption('min', min, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  wholeOption('max', max, min, Number.MAX_SAFE_INTEGER);
  return (value) => {
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return fits ? undefined : misfit(`is no whole number from ${min} to ${max}.`);
  };
}

function numberCheck({ min = -Number.MAX_VALUE, max = Number.MAX_VALUE }: NumberSchema): SchemaCheck {
  if (!(Number.isFinite(min) && Number.isFinite(max) && min <= max))
    badOption('min and max of a number are finite, and min is not above max.');
  return (value) => {
    const fits = typeof value === 'number' && value >= min && value <= max;
    return fits ? undefined : misfit(`is no number from ${min} to ${max}.`);
  };
}

function bytesCheck({ minBytes, maxBytes }: BytesSchema): SchemaCheck {
  const [least, most] = range('Bytes', minBytes, maxBytes);
  return (value) => {
    const length = typeof value === 'object' && value !== null ? byteLengthOf(value) : undefined;
    if (length === undefined) return misfit('is no Uint8Array.');
    if (length < least) return misfit(`has fewer than ${least} bytes.`);
    return length > most ? offence('MESSAGE_TOO_LONG', `has more than ${most} bytes.`) : undefined;
  };
}

/** No type guard: `Array.isArray` would forget what a readonly list holds. */
function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
