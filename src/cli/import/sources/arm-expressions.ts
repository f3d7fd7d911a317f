/**
 * The expressions of ARM templates, as far as the name of a runtime takes them: parameters, variables, and the functions
 * that put text together. Everything else is told as what it is, never guessed.
 *
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions (documented: `[…]` is an
 * expression, `[[…]` is text that begins with a bracket, strings are in single quotes, and a quote in them is doubled).
 */
import { isObject } from '../../../core/model/json.ts';

/** Why an expression has no value here; ends the sentence "… cannot be told:". */
export class Unresolved extends Error {}

export interface Scope {
  /** @throws Unresolved */
  parameter(name: string): unknown;
  /** @throws Unresolved */
  variable(name: string): unknown;
}

/** @throws Unresolved */
export function evaluate(text: string, scope: Scope): unknown {
  if (text.startsWith('[[')) return text.slice(1);
  if (!text.startsWith('[') || !text.endsWith(']')) return text;
  const parser = new Parser(text.slice(1, -1), scope);
  const value = parser.expression();
  parser.end();
  return value;
}

/** A value that may hold expressions, as those of parameters and variables do. @throws Unresolved */
export function evaluateAll(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return evaluate(value, scope);
  if (Array.isArray(value)) return value.map((each) => evaluateAll(each, scope));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evaluateAll(each, scope)]));
}

const TOKEN = /\s*(?:(?<string>'(?:[^']|'')*')|(?<number>-?\d+)|(?<word>[A-Za-z_][\w.]*)|(?<mark>[()[\],.]))\s*/y;
/** Deeper than any that a person wrote. */
const DEEPEST = 50;

class Parser {
  readonly #text: string;
  readonly #scope: Scope;
  #at = 0;
  #depth = 0;

  constructor(text: string, scope: Scope) {
    this.#text = text;
    this.#scope = scope;
  }

  expression(): unknown {
    if (++this.#depth > DEEPEST) throw new Unresolved('its expression is too deep');
    let value = this.#term();
    for (let next = this.#peek()?.mark; next === '.' || next === '['; next = this.#peek()?.mark) {
      this.#take(next);
      const key = next === '.' ? this.#word() : this.expression();
      if (next === '[') this.#take(']');
      value = member(value, key);
    }
    this.#depth--;
    return value;
  }

  end(): void {
    if (this.#at < this.#text.length) throw this.#broken();
  }

  #term(): unknown {
    const token = this.#next();
    if (token?.string !== undefined) return token.string.slice(1, -1).replaceAll("''", "'");
    if (token?.number !== undefined) return Number(token.number);
    if (token?.word === undefined) throw this.#broken();
    return call(token.word, this.#args(), this.#scope);
  }

  #args(): unknown[] {
    this.#take('(');
    const args: unknown[] = [];
    while (this.#peek()?.mark !== ')') {
      if (args.length > 0) this.#take(',');
      args.push(this.expression());
    }
    this.#take(')');
    return args;
  }

  #word(): string {
    const word = this.#next()?.word;
    if (word === undefined) throw this.#broken();
    return word;
  }

  #take(mark: string): void {
    if (this.#next()?.mark !== mark) throw this.#broken();
  }

  #peek(): Readonly<Record<string, string | undefined>> | undefined {
    const at = this.#at;
    const token = this.#next();
    this.#at = at;
    return token;
  }

  #next(): Readonly<Record<string, string | undefined>> | undefined {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) return undefined;
    this.#at = TOKEN.lastIndex;
    return match.groups;
  }

  #broken(): Unresolved {
    return new Unresolved('its expression is not understood');
  }
}

function call(name: string, args: readonly unknown[], scope: Scope): unknown {
  switch (name.toLowerCase()) {
    case 'parameters':
      return scope.parameter(textOf(args[0]));
    case 'variables':
      return scope.variable(textOf(args[0]));
    case 'concat':
      return args.map(textOf).join('');
    case 'format':
      return format(textOf(args[0]), args.slice(1));
    case 'tolower':
      return textOf(args[0]).toLowerCase();
    case 'toupper':
      return textOf(args[0]).toUpperCase();
    default:
      throw new Unresolved(`only Azure knows ${name}()`);
  }
}

/** `{0}` with a number alone, as Bicep makes it of its own strings. */
function format(pattern: string, values: readonly unknown[]): string {
  return pattern.replaceAll(/\{(?<index>\d+)\}/g, (_, index: string) => textOf(values[Number(index)]));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Unresolved('its expression needs a text where there is none');
}

function member(value: unknown, key: unknown): unknown {
  if (Array.isArray(value) && typeof key === 'number' && key in value) return value[key];
  if (isObject(value) && typeof key === 'string' && Object.hasOwn(value, key)) return value[key];
  throw new Unresolved('its expression asks for a member that is not there');
}
