/** Replaces what tells of somebody by names that tell nothing: the same by the same, everywhere. */
import { isIPv6 } from 'node:net';
import { isWeak, type Needle, PREFIX_PSEUDONYM } from './inputs.ts';

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** The same without its dashes. */
const BARE_GUID = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi;
const IP4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
/** What may be one: so may a time. */
const IP6 = /(?<!\w)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:]|\.\d)/gi;
const JWT = /\beyJ[\w-]{8,}(?:\.[\w-]+){0,2}/g;
/** Also of guests: `erika_contoso.com#EXT#@fabrikam.onmicrosoft.com`. */
const MAIL = /[\w.+#-]+@[\w-]+(?:\.[\w-]+)+/g;
/** Where a name stands, whatever it is; a type ends with the word for what is below. */
const NAMED =
  /(\/(?:subscriptions|resourceGroups|factories|workspaces)\/)(?!(?:integrationruntimes|managedvirtualnetworks)(?=$|["']))([^/?#\s"']+)/gi;
const QUOTED = /(['"])([^'"]{1,128})\1/g;

const MOST = 10_000;

export class Pseudonyms {
  readonly #needles: readonly Needle[];
  readonly #weak: readonly Needle[];
  readonly #prefix: string;
  readonly #given = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(needles: readonly Needle[], prefix: string, vocabulary: string) {
    this.#needles = needles.filter(({ text }) => !isWeak(text, vocabulary));
    this.#weak = needles.filter(({ text }) => isWeak(text, vocabulary));
    this.#prefix = prefix;
  }

  text(value: string): string {
    let text = value.replace(NAMED, (_, before: string, name: string) => `${before}${this.#segment(name)}`);
    text = this.#inputs(text);
    text = text.replace(JWT, (found) => this.of('token', found));
    text = text.replace(MAIL, (found) => (isExample(found) ? found : `${this.of('person', found)}@example.com`));
    text = text.replace(GUID, (found) => (this.#isGiven(found) ? found : this.of('guid', found)));
    text = text.replace(BARE_GUID, (found) =>
      this.#isGiven(dashed(found)) ? found : bare(this.of('guid', dashed(found))),
    );
    text = text.replace(IP4, (found) => (this.#isGiven(found) ? found : this.of('ip', found)));
    text = text.replace(IP6, (found) => (isIPv6(found) ? this.of('name', found) : found));
    if (this.#prefix !== '') text = text.replaceAll(insensitive(this.#prefix), PREFIX_PSEUDONYM);
    return text;
  }

  /** The same for the same, whatever its case. */
  of(stem: string, original: string): string {
    const key = `${stem}:${original.toLowerCase()}`;
    const known = this.#given.get(key);
    if (known !== undefined) return known;
    for (let n = this.#counts.get(stem) ?? 0; n < MOST; ) {
      n++;
      const candidate = named(stem, n);
      this.#counts.set(stem, n);
      if (this.#tells(candidate)) continue;
      this.#given.set(key, candidate);
      return candidate;
    }
    throw new Error(`there is no pseudonym for another ${stem}`);
  }

  /** A name in a path: an input, or another one. */
  #segment(encoded: string): string {
    const name = decoded(encoded);
    if (this.#isGiven(name)) return name;
    const known = [...this.#needles, ...this.#weak].find(({ text }) => isSame(text, name));
    if (known !== undefined) return this.of(known.stem, known.text);
    if (this.#prefix !== '' && name.toLowerCase().startsWith(this.#prefix.toLowerCase())) return encoded;
    return isGuid(name) ? this.of('guid', name) : this.of('name', name);
  }

  #inputs(value: string): string {
    const whole = this.#weak.find(({ text }) => isSame(text, value));
    if (whole !== undefined) return this.of(whole.stem, whole.text);
    let text = value;
    for (const needle of this.#needles) {
      if (isGuid(needle.text))
        text = text.replaceAll(insensitive(bare(needle.text)), () => bare(this.of(needle.stem, needle.text)));
      for (const form of new Set([needle.text, encodeURIComponent(needle.text)])) {
        text = text.replaceAll(insensitive(form), () => this.of(needle.stem, needle.text));
      }
    }
    return text.replace(QUOTED, (all, quote: string, inner: string) => {
      const weak = this.#weak.find((needle) => isSame(needle.text, inner));
      return weak === undefined ? all : `${quote}${this.of(weak.stem, weak.text)}${quote}`;
    });
  }

  /** A pseudonym that has an input in it would be taken for one. */
  #tells(candidate: string): boolean {
    return this.#needles.some(({ text }) => candidate.toLowerCase().includes(text.toLowerCase()));
  }

  #isGiven(text: string): boolean {
    return [...this.#given.values()].includes(text);
  }
}

function named(stem: string, n: number): string {
  if (stem === 'guid') return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
  // Documented: for examples alone (RFC 5737).
  if (stem === 'ip') return `192.0.2.${n}`;
  if (stem === 'host') return `host-${n}.invalid`;
  return `${stem}-${n}`;
}

function bare(guid: string): string {
  return guid.replaceAll('-', '');
}

function dashed(text: string): string {
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function isGuid(text: string): boolean {
  return new RegExp(`^${GUID.source}$`, 'i').test(text);
}

function isExample(mail: string): boolean {
  return mail.endsWith('@example.com');
}

function isSame(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

function insensitive(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
