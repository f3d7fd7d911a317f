/** Parses JSON without loss: a number that a double would change keeps its text. */

/**
 * A number of 16 digits or more, or with an exponent. Those with fewer come out of a double as they went in (IEEE 754: 15
 * decimal digits do). Digits within a string that look like one cost time and change nothing.
 */
const SUSPECT = /(?:^|[:[,])[\t\n\r ]*-?(?:[\d.]{16}|[\d.]+[eE])/;

/**
 * Two designs. A reviver is called for every value, and makes the list of thousands of runtimes several times as expensive;
 * so it is used only for texts that may have such a number, which are rare. A parser of our own would need no such check,
 * but would be a parser of our own.
 *
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExact(text: string): unknown {
  return SUSPECT.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
}

function keepExact(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined) return value;
  return isKept(source, value) ? value : JSON.rawJSON(source);
}

/** Whether the number has the value of its text: 8 has that of `8.0` and `8e0`, and 0 has that of `-0`. */
function isKept(source: string, value: number): boolean {
  const written = String(value);
  return written === source || (Number.isFinite(value) && normal(written) === normal(source));
}

const NUMBER = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:[eE](?<exponent>[+-]?\d+))?$/;

/** Equal for two numbers exactly when their values are: its digits without zeros at either end, and where its point is. */
function normal(number: string): string {
  const { sign = '', whole = '', fraction = '', exponent = '0' } = NUMBER.exec(number)?.groups ?? {};
  const digits = whole + fraction;
  const [start, end] = [digits.search(/[1-9]/), lastNonZero(digits) + 1];
  if (start < 0) return '0';
  return `${sign}${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/** No regular expression: one that looks for trailing zeros takes quadratic time. */
function lastNonZero(digits: string): number {
  let last = digits.length - 1;
  while (digits[last] === '0') last--;
  return last;
}
