/**
 * Removes secrets from everything that is logged. Three nets, because each has holes: only harmless fields of an error are
 * written, an object of an unknown class is named instead of opened, and every string is searched for secrets.
 */
import { types } from 'node:util';
import { visible } from '../../api/visible.ts';

const REDACTED = '[redacted]';
const LONGEST_STRING = 8_192;
const DEEPEST_LEVEL = 6;
/** The most values in a line: a cycle, or half of the heap, must not end up in it. */
const MOST_VALUES = 1_000;

const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, REDACTED],
  [/\b(bearer)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?/g, REDACTED],
  // In a form, a query or a log line (name=value), and in JSON ("name":"value", also escaped once more).
  [
    /\b((?:client_?secret|client_?assertion|access_?token|refresh_?token|id_?token|password|sig)\\?["']?\s*[=:]\s*\\?["']?)[^\s&"'\\,;}]+/gi,
    `$1${REDACTED}`,
  ],
];

/** Names of fields whose value is always a secret. */
const SECRET_NAME =
  /^(?:authorization|cookie|set-cookie|password|passphrase|(?:azure_?)?client_?(?:secret|assertion|certificate)|access_?token|refresh_?token|id_?token|private_?key)$/i;

/** The text without bearer tokens, JWTs, private keys and values of secret parameters; invisible characters are shown. */
export function redactText(text: string): string {
  return visible(withoutSecrets(text));
}

/** The lines of a stack stay lines. */
function redactStack(stack: string): string {
  return withoutSecrets(stack).split('\n').map(visible).join('\n');
}

function withoutSecrets(text: string): string {
  let result = text.length > LONGEST_STRING ? `${text.slice(0, LONGEST_STRING)}… (${text.length} characters)` : text;
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
  return result;
}

export interface RedactOptions {
  /** Whether errors are written with their stack. */
  readonly stacks: boolean;
}

/**
 * A copy of plain data that is safe to write as JSON: strings are redacted; errors are reduced to name, message, code,
 * statusCode and cause; dates are ISO; other objects become `[ClassName]`; at most 6 levels and 1000 values. Never throws.
 */
export function redact(value: unknown, options: RedactOptions): unknown {
  return new Redaction(options).copy(value, 0);
}

class Redaction {
  readonly #stacks: boolean;
  #valuesLeft = MOST_VALUES;

  constructor({ stacks }: RedactOptions) {
    this.#stacks = stacks;
  }

  copy(value: unknown, level: number): unknown {
    if (this.#valuesLeft <= 0) return '[too much]';
    this.#valuesLeft -= 1;
    if (typeof value === 'object' && value !== null) return this.#copyReadable(value, level);
    if (typeof value === 'string') return redactText(value);
    if (typeof value === 'bigint' || Number.isNaN(value)) return String(value);
    if (typeof value === 'symbol' || typeof value === 'function') return `[${typeof value}]`;
    return value;
  }

  /** A getter may throw, and so may a proxy. */
  #copyReadable(value: object, level: number): unknown {
    try {
      return this.#copyObject(value, level);
    } catch {
      return '[unreadable]';
    }
  }

  #copyObject(value: object, level: number): unknown {
    if (level > DEEPEST_LEVEL) return '[too deep]';
    if (isError(value)) return this.#copyError(value, level);
    if (types.isDate(value)) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
    if (Array.isArray(value)) return value.slice(0, MOST_VALUES).map((item) => this.copy(item, level + 1));
    if (!isPlain(value)) return `[${className(value)}]`;
    const copies = Object.keys(value)
      .slice(0, MOST_VALUES)
      .map((name) => [redactText(name), this.#copyField(value, name, level)]);
    return Object.fromEntries(copies);
  }

  #copyField(value: object, name: string, level: number): unknown {
    if (SECRET_NAME.test(name)) return REDACTED;
    try {
      return this.copy((value as Record<string, unknown>)[name], level + 1);
    } catch {
      return '[unreadable]';
    }
  }

  #copyError(error: Error & { code?: unknown; statusCode?: unknown }, level: number): Record<string, unknown> {
    const { name, message, code, statusCode, stack, cause } = error;
    return {
      name: redactText(String(name)),
      message: redactText(String(message)),
      ...(isScalar(code) ? { code: this.copy(code, level) } : {}),
      ...(isScalar(statusCode) ? { statusCode: this.copy(statusCode, level) } : {}),
      ...(this.#stacks && typeof stack === 'string' ? { stack: redactStack(stack) } : {}),
      ...(typeof cause === 'object' && cause !== null && isError(cause) ? { cause: this.copy(cause, level + 1) } : {}),
    };
  }
}

const isScalar = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

const isError = (value: object): value is Error => types.isNativeError(value) || value instanceof Error;

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // The second test accepts plain objects of another realm, which has an `Object` of its own.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  return typeof value.constructor === 'function' ? value.constructor.name : 'object';
}
