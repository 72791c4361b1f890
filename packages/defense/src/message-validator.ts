import { DATA_LIMITS, resolveDataLimits, SIZE_OPTION_MAX } from './data-limits.js';
import type { DataLimitOptions, DataLimits } from './data-limits.js';
import type { MessageRefusalCode } from './errors.js';
import { BUILT_IN_MESSAGES } from './message-definitions.js';
import type { MessageDefinition } from './message-definitions.js';
import { offence, reasonOf } from './message-offence.js';
import { badArgument, choiceOption, refuseUnknownOptions, wholeOption } from './option-checks.js';
import { PlainDataWalk } from './plain-data.js';
import type { PlainDataLimits } from './plain-data.js';
import { compileSchema } from './schema-compiler.js';
import type { SchemaCheck } from './schema-compiler.js';
import { fitsUtf8 } from './utf8-length.js';

/** Types that one validator knows. A further one is a DefenseArgumentError: types are the application's, never a peer's. */
export const MESSAGE_TYPES_MAX = 256;
/** Characters of a type's name. A longer one is a DefenseArgumentError. */
export const MESSAGE_TYPE_LENGTH_MAX = 64;

const DANGEROUS_KEY_CHOICES = ['refuse', 'keep'] as const;
const KNOWN_OPTIONS: ReadonlySet<string> = new Set([...Object.keys(DATA_LIMITS), 'types', 'onDangerousKey']);
const KNOWN_DEFINITION: ReadonlySet<string> = new Set(['maxBytes', 'schema']);

/** Options of {@link MessageValidator}. Every one has a default; an unknown one is a DefenseArgumentError. */
export interface MessageValidatorOptions extends DataLimitOptions {
  /** Types of message besides the built-in four, or in their place; without a schema, a built-in's stays. @default {} */
  readonly types?: Readonly<Record<string, MessageDefinition>> | undefined;
  /** What becomes of a message with a key `__proto__`, `constructor` or `prototype`. @default 'refuse' */
  readonly onDangerousKey?: (typeof DANGEROUS_KEY_CHOICES)[number] | undefined;
}

/** A message in which nothing is wrong. */
export interface MessageValid {
  readonly valid: true;
  readonly reason?: undefined;
  readonly code?: undefined;
}

/** A message that was refused. */
export interface MessageInvalid {
  readonly valid: false;
  /** For people: where and why, at most about 256 characters, none of them the peer's text but harmless field names. */
  readonly reason: string;
  readonly code: MessageRefusalCode;
}

/** What the checks of {@link MessageValidator} answer. */
export type MessageVerdict = MessageValid | MessageInvalid;

interface KnownType {
  readonly limits: PlainDataLimits;
  readonly check: SchemaCheck;
}

const VALID: MessageVerdict = Object.freeze({ valid: true });

/**
 * Judges messages by their type: the raw bytes by size, then the parsed value by its shape. The type is whatever the
 * application expects where the message came in; it is never believed from the message. A type that is forgotten or
 * unknown is refused whatever the size, so that forgetting it shows at the first message and opens nothing.
 */
export class MessageValidator {
  readonly #types = new Map<string, KnownType>();
  readonly #limits: DataLimits;
  readonly #allowsDangerousKeys: boolean;

  /** Throws a DefenseArgumentError with DEFENSE_BAD_OPTION for an option that cannot be used. */
  constructor(options: MessageValidatorOptions = {}) {
    refuseUnknownOptions(options, KNOWN_OPTIONS);
    const { types = {}, onDangerousKey = 'refuse' } = options;
    this.#limits = resolveDataLimits(options);
    this.#allowsDangerousKeys =
      choiceOption('onDangerousKey', onDangerousKey, DANGEROUS_KEY_CHOICES) === 'keep';
    const replaced = Object.entries(types).map(([type, definition]) => [
      type,
      { ...(Object.hasOwn(BUILT_IN_MESSAGES, type) && BUILT_IN_MESSAGES[type]), ...definition },
    ]);
    const all = { ...BUILT_IN_MESSAGES, ...(Object.fromEntries(replaced) as typeof types) };
    for (const [type, definition] of Object.entries(all)) this.define(type, definition);
  }

  /**
   * Adds a type of message. Throws a DefenseArgumentError when the type is defined already (DEFENSE_BAD_ARGUMENT) or
   * its definition cannot be used (DEFENSE_BAD_OPTION).
   */
  define(type: string, definition: MessageDefinition): void {
    if (typeof type !== 'string' || type.length < 1 || type.length > MESSAGE_TYPE_LENGTH_MAX)
      badArgument(`A message type is a string of 1 to ${MESSAGE_TYPE_LENGTH_MAX} characters.`);
    if (this.#types.has(type))
      badArgument(`The message type "${type}" is defined already; give options.types to replace a built-in.`);
    if (this.#types.size >= MESSAGE_TYPES_MAX)
      badArgument(`A validator knows at most ${MESSAGE_TYPES_MAX} message types.`);
    refuseUnknownOptions(definition, KNOWN_DEFINITION);
    const { maxBytes, schema = { type: 'any' } } = definition;
    wholeOption('maxBytes', maxBytes, 1, SIZE_OPTION_MAX);
    const limits = { ...this.#limits, maxBytes, allowsDangerousKeys: this.#allowsDangerousKeys };
    this.#types.set(type, { limits, check: compileSchema(schema) });
  }

  /** Whether a raw message has at most the bytes that its type allows; a string counts as its UTF-8 form. Exactly the limit passes. */
  validateRaw(rawMessage: string | Uint8Array | ArrayBuffer, type: string): MessageVerdict {
    const known = this.#types.get(type);
    if (known === undefined) return unknownType();
    const { maxBytes } = known.limits;
    if (!isRaw(rawMessage)) return invalid('MESSAGE_BAD_INPUT', 'message is neither a string nor bytes.');
    const fits =
      typeof rawMessage === 'string' ? fitsUtf8(rawMessage, maxBytes) : rawMessage.byteLength <= maxBytes;
    return fits ? VALID : invalid('MESSAGE_TOO_LARGE', `message has more than ${maxBytes} bytes.`);
  }

  /**
   * Whether a parsed message is plain data within the bounds and looks as its type says. Never throws and never runs
   * anything of the value; strings, keys and byte arrays together may not exceed the type's bytes either.
   */
  validateStructure(data: unknown, type: string): MessageVerdict {
    const known = this.#types.get(type);
    if (known === undefined) return unknownType();
    const found = structureOffence(data, new PlainDataWalk(known.limits), known.check);
    return found === undefined ? VALID : invalid(found.code, reasonOf(found));
  }
}

function structureOffence(data: unknown, walk: PlainDataWalk, check: SchemaCheck) {
  try {
    return walk.check(data) ?? check(data);
  } catch {
    // Only a Proxy can throw here, and a Proxy is no plain data.
    return offence('MESSAGE_NOT_PLAIN', 'cannot be read.');
  }
}

function isRaw(raw: unknown): raw is string | Uint8Array | ArrayBuffer {
  return typeof raw === 'string' || raw instanceof Uint8Array || raw instanceof ArrayBuffer;
}

function unknownType(): MessageInvalid {
  return invalid(
    'MESSAGE_UNKNOWN_TYPE',
    'message is of a type that is not defined; give the type it is expected to have.',
  );
}

function invalid(code: MessageRefusalCode, reason: string): MessageInvalid {
  return { valid: false, reason, code };
}
