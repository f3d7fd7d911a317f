/** Tables as kubectl draws them: borderless, aligned, empty columns kept. */
import { safe } from './text.ts';

export interface Cell {
  readonly text: string;
  /** Puts colour around a text that is safe already. */
  readonly paint?: (text: string) => string;
}

const GAP = '  ';

/** Cells may hold text by others: it is made safe here. */
export function table(rows: readonly (readonly (string | Cell)[])[], indent = ''): string[] {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? { text: safe(cell) } : { ...cell, text: safe(cell.text) })),
  );
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(0, ...cells.map((row) => widthOf(row[i]?.text ?? ''))),
  );
  return cells.map((row) => {
    const drawn = row.map(({ text, paint }: Cell, i) => {
      const padding = i === row.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - widthOf(text));
      return `${paint === undefined ? text : paint(text)}${padding}`;
    });
    return `${indent}${drawn.join(GAP)}`.trimEnd();
  });
}

function widthOf(text: string): number {
  return [...text].length;
}
