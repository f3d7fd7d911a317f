/** Azure's own words, made fit for a status: one line that is the same for the same cause, without secrets. */
import { GUID } from '../../core/model/guid.ts';

/** Azure's code and message as a sentence. */
export function sentenceOf({ status, code, message }: AzureText): string {
  const words = [code, message].flatMap((text) => (text === undefined || text === '' ? [] : [tidy(text)]));
  const sentence = words.length === 0 ? `status ${status} without a message` : words.join(': ');
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`;
}

export interface AzureText {
  readonly status: number;
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** ARM appends the policies as JSON: only the names of the assignments help. The blanks before them go with `tidy`. */
export function withoutPolicyDump(message: string): { readonly sentence: string; readonly assignments: string[] } {
  const [sentence = '', dump] = message.split('Policy identifiers:');
  const found = (dump ?? '').matchAll(/"policyAssignment":\{"name":"([^"]+)"/g);
  return { sentence, assignments: [...found].flatMap(([, name = '']) => tidy(name).slice(0, 100)).slice(0, 3) };
}

const MAX_LENGTH = 500;

/** What differs from one request to the next, and what no reader of a status may see. */
const NOISE = [
  new RegExp(
    `(?:client )?(?:request|correlation|tracking|activity|trace|operation)[ _-]?id\\W{0,5}(?:is )?${GUID}['"]?[,.;]?`,
    'gi',
  ),
  /(?:timestamp\W{0,3}|at (?:time )?)?\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/gi,
  /\d{1,2}\/\d{1,2}\/\d{4} \d{1,2}:\d\d:\d\d(?: [AP]M)?/gi,
  /(?:Bearer )?\beyJ[\w-]+(?:\.[\w-]*)*/g,
];

/** One line without request ids, times and tokens, at most 500 characters. */
export function tidy(text: string): string {
  const quiet = NOISE.reduce((rest, noise) => rest.replace(noise, ''), text);
  const line = quiet.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`;
}
