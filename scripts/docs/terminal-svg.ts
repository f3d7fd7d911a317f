/** A terminal's text, colours included, as a picture (SVG). */

/** Of the codes that the demo uses: bold for what happens, cyan for what is typed. */
const CLASSES: Readonly<Record<string, string>> = { '1': 'bold', '36': 'typed' };
const ENDS = new Set(['0', '22', '39']);

const CHARACTER = { width: 7.83, height: 18 };
const MARGIN = { left: 18, top: 44, bottom: 16 };

const FONTS = "SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

const STYLE = [
  'text { fill: #d5d9e0; white-space: pre; }',
  '.bold { font-weight: bold; fill: #ffffff; }',
  '.typed { fill: #5fd7d7; }',
].join('\n    ');

export function terminalSvg(title: string, text: string): string {
  const lines = text.trim().split('\n');
  const columns = Math.max(...lines.map((line) => withoutColours(line).length));
  const width = Math.ceil(columns * CHARACTER.width + 2 * MARGIN.left);
  const height = MARGIN.top + lines.length * CHARACTER.height + MARGIN.bottom;
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${20 + 18 * i}" cy="18" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONTS}" font-size="13">
  <title>${escaped(title)}</title>
  <style>
    ${STYLE}
  </style>
  <rect width="${width}" height="${height}" rx="8" fill="#1b1f27"/>
  ${dots.join('')}
  ${rows(lines).join('\n  ')}
</svg>
`;
}

export function withoutColours(text: string): string {
  return text.replaceAll(COLOUR, '');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what begins a colour.
const COLOUR = /\x1b\[([\d;]*)m/g;

/** A colour holds until the next code, over the ends of lines too. */
function rows(lines: readonly string[]): string[] {
  let style: string | undefined;
  const span = (part: string, index: number): string => {
    const isCode = index % 2 === 1;
    if (isCode) style = ENDS.has(part) ? undefined : CLASSES[part];
    if (isCode || part === '') return '';
    return style === undefined ? escaped(part) : `<tspan class="${style}">${escaped(part)}</tspan>`;
  };
  return lines.map((line, index) => {
    const y = MARGIN.top + (index + 0.75) * CHARACTER.height;
    // Text and codes in turn.
    return `<text x="${MARGIN.left}" y="${y}" xml:space="preserve">${line.split(COLOUR).map(span).join('')}</text>`;
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
