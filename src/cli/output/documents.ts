/** JSON and YAML for machines, which tell the same as ever and are safe to be looked at. */
import type { Json } from '../../core/model/runtime.ts';

const UNSEEN =
  /[\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** By UTF-16 units, as JSON and YAML both spell them. */
function escaped(text: string): string {
  return text
    .replaceAll(UNSEEN, (unseen) =>
      Array.from({ length: unseen.length }, (_, i) => `\\u${unseen.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
        '',
      ),
    )
    .replaceAll(/##(?=\[|vso\[)/gi, '#\\u0023');
}

/** `JSON.stringify` leaves DEL, C1 and bidi as they are. Every line begins with a blank, a bracket or a quote. */
export function renderJson(value: unknown): string {
  return `${escaped(JSON.stringify(value, null, 2))}\n`;
}

const DUBIOUS = new RegExp(`##|^\\s*::|[\\0-\\x1f\\ud800-\\udfff]|${UNSEEN.source}`, 'u');

/** Each string that needs an escape is quoted, so that the escape reads as what it stands for. */
export async function renderYaml(value: Json, comment?: string): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return;
      // Without quotes some readers take these for a truth or a number (YAML 1.1).
      const isOther = /^(y|n|yes|no|on|off|true|false|null|~|[-+.\d_:oxe]+)$/i.test(node.value);
      if (isOther || DUBIOUS.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const text = escaped(document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }));
  return comment === undefined ? text : `${comment}\n${text}`;
}
