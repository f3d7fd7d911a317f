/** The last look at what is to be written: whether anything of the inputs is left in it, however it is spelled. */
import { isGuid } from '../../core/model/guid.ts';
import { isWeak, type Needle } from './inputs.ts';

/** Base64 of a text of four bytes has six characters. */
const BASE64 = /[A-Za-z0-9+/_-]{6,}/g;
/** Of a text of four bytes. */
const HEX = /[0-9a-f]{8,}/gi;
/** Soft hyphens, and what has no width. */
const UNSEEN = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
const PATH = /\/(?:subscriptions|resourcegroups|factories|workspaces)\/([^/?#\s"']+)/g;
/** How often one encoding may be inside another. */
const DEPTH = 2;

export interface Scan {
  readonly needles: readonly Needle[];
  /** In lower case. */
  readonly vocabulary: string;
}

/** The stems of what is left; empty: it can be written. Nothing in a document counts as too harmless to look at. */
export function leftovers(document: unknown, { needles, vocabulary }: Scan): Needle['stem'][] {
  const strong = needles.filter(({ text }) => !isWeak(text, vocabulary));
  const weak = needles.filter(({ text }) => isWeak(text, vocabulary));
  const found = new Set<Needle['stem']>();
  for (const leaf of leavesOf(document)) {
    const forms = formsOf(leaf, DEPTH);
    for (const { text, stem } of strong) {
      const folded = [text, ...undashed(text)].flatMap((each) => [...formsOf(each, 0)]);
      if ([...forms].some((form) => folded.some((each) => form.includes(each)))) found.add(stem);
    }
    for (const { text, stem } of weak) if ([...forms].some((form) => isNamed(form, text, vocabulary))) found.add(stem);
  }
  return [...found];
}

/** A word of the service that stands where a name does; or any other one that stands alone. */
function isNamed(form: string, text: string, vocabulary: string): boolean {
  const name = fold(text);
  if ([...form.matchAll(PATH)].some(([, segment]) => segment === name)) return true;
  return form === name && !vocabulary.includes(name);
}

/** Every text in it, and every number and name of a property. */
function leavesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  if (typeof value === 'object' && value !== null && !JSON.isRawJSON(value)) {
    return Object.entries(value).flatMap(([key, each]) => [key, ...leavesOf(each)]);
  }
  return typeof value === 'string' ? [value] : [JSON.stringify(value) ?? ''];
}

/** The text and what it says when it is decoded, all in lower case. */
function formsOf(text: string, depth: number): Set<string> {
  const forms = new Set([fold(text), fold(text.normalize('NFKC'))]);
  if (depth === 0) return forms;
  const decodings = [percentDecoded(text), unescaped(text), ...hexDecoded(text), ...base64Decoded(text)].filter(
    (each) => each !== text,
  );
  for (const each of decodings) for (const form of formsOf(each, depth - 1)) forms.add(form);
  return forms;
}

/** A GUID in the form that .NET calls N. */
function undashed(text: string): string[] {
  return isGuid(text) ? [text.replaceAll('-', '')] : [];
}

/** Also without what nobody sees. */
function fold(text: string): string {
  return text.replace(UNSEEN, '').toLowerCase();
}

/** What is not encoded rightly stays; what is, is decoded byte by byte. */
function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Of JSON, and of HTML by number. */
function unescaped(text: string): string {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#x([0-9a-f]{1,4});/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,5});/g, (_, code: string) => String.fromCharCode(Number(code)));
}

/** It may begin anywhere in a word, as base64 does. */
function hexDecoded(text: string): string[] {
  return [...text.matchAll(HEX)].flatMap(([run]) =>
    [0, 1].map((skip) => Buffer.from(run.slice(skip), 'hex').toString('utf8').replaceAll('\0', '')),
  );
}

/** It may begin anywhere in a word: the four beginnings are tried. */
function base64Decoded(text: string): string[] {
  return [...text.matchAll(BASE64)].flatMap(([run]) =>
    [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), 'base64').toString('utf8').replaceAll('\0', '')),
  );
}
