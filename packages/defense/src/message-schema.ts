import type { TextFormat } from './text-format.js';

/** Schemas within one schema, itself included. More are refused when it is defined: a message may be checked against each. */
export const SCHEMA_NODES_MAX = 1_024;
/** Nesting of schemas: twice what messages have by default, since unions nest too. A deeper or circular one is refused when it is defined. */
export const SCHEMA_DEPTH_MAX = 32;

/** Anything that a message may hold: the general bounds alone apply. */
export interface AnySchema {
  readonly type: 'any';
}

/** The value null. */
export interface NullSchema {
  readonly type: 'null';
}

/** True or false. */
export interface BooleanSchema {
  readonly type: 'boolean';
}

/** A string. */
export interface StringSchema {
  readonly type: 'string';
  /** Fewest UTF-16 code units. @default 0 */
  readonly minLength?: number | undefined;
  /** Most UTF-16 code units. @default no bound but the general one */
  readonly maxLength?: number | undefined;
  /** What it may consist of. @default anything */
  readonly format?: TextFormat | undefined;
}

/** A whole number that a double holds exactly. */
export interface IntegerSchema {
  readonly type: 'integer';
  /** @default -(2⁵³ - 1) */
  readonly min?: number | undefined;
  /** @default 2⁵³ - 1 */
  readonly max?: number | undefined;
}

/** A finite number. */
export interface NumberSchema {
  readonly type: 'number';
  /** @default -1.8e308 */
  readonly min?: number | undefined;
  /** @default 1.8e308 */
  readonly max?: number | undefined;
}

/** A Uint8Array. */
export interface BytesSchema {
  readonly type: 'bytes';
  /** Fewest bytes. @default 0 */
  readonly minBytes?: number | undefined;
  /** Most bytes. @default no bound but the message's */
  readonly maxBytes?: number | undefined;
}

/** The text of a node id, its checksum right. */
export interface NodeIdSchema {
  readonly type: 'nodeId';
}

/** One value and no other, by `===`. */
export interface LiteralSchema {
  readonly type: 'literal';
  readonly value: SchemaLiteral;
}

/** One of several values, by `===`. */
export interface EnumSchema {
  readonly type: 'enum';
  readonly values: readonly SchemaLiteral[];
}

/** What a literal or enum may name. */
export type SchemaLiteral = string | number | boolean | null;

/** An array whose elements are all of one kind. */
export interface ArraySchema {
  readonly type: 'array';
  readonly items: MessageSchema;
  /** @default 0 */
  readonly minItems?: number | undefined;
  /** @default no bound but the general one */
  readonly maxItems?: number | undefined;
}

/** An object with named fields. */
export interface ObjectSchema {
  readonly type: 'object';
  /** Fields that must be there. @default {} */
  readonly required?: MessageFields | undefined;
  /** Fields that may be there. @default {} */
  readonly optional?: MessageFields | undefined;
  /** Whether fields of other names may be there, with any value. @default false */
  readonly additional?: boolean | undefined;
}

/** Schemas by the names of the fields that they are for. */
export type MessageFields = Readonly<Record<string, MessageSchema>>;

/** An object as a table: any names, one kind of value. */
export interface MapSchema {
  readonly type: 'map';
  readonly values: MessageSchema;
  /** @default no bound but the general one */
  readonly maxEntries?: number | undefined;
}

/** A value that fits at least one of several schemas. */
export interface UnionSchema {
  readonly type: 'union';
  readonly options: readonly MessageSchema[];
}

/**
 * What a message must look like. Compiled once; a check takes time linear in the message and meets each value of it at
 * most once for each schema.
 */
export type MessageSchema =
  | AnySchema
  | ArraySchema
  | BooleanSchema
  | BytesSchema
  | EnumSchema
  | IntegerSchema
  | LiteralSchema
  | MapSchema
  | NodeIdSchema
  | NullSchema
  | NumberSchema
  | ObjectSchema
  | StringSchema
  | UnionSchema;
