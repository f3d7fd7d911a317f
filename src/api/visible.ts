/** Text by others, made safe to be looked at: what cannot be seen in it, or makes the rest look otherwise, is spelled out. */

/**
 * Control characters; what changes the direction of the text around it; what has no width; separators that end a line in
 * some programs and not in others; the invisible tag characters; halves of surrogate pairs. By code point, after Unicode's
 * PropList (Bidi_Control, Default_Ignorable_Code_Point) and "Trojan Source" (CVE-2021-42574).
 */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/**
 * The text with `\u{202e}` for U+202E and its like. What is visible already stays as it is, so that doing this twice is
 * doing it once. For people only: never for what is sent to Azure or compared with what Azure has.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (unseen) => `\\u{${unseen.codePointAt(0)?.toString(16)}}`);
}
