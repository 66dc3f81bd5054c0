/** Text in columns: numbers with units, cells that wrap, rows side by side. */

/** Millions with two digits, as tables of operation counts have them: `1676.28 M`. */
export function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}

/** Bytes in units of 1000: `4.19 MB`, `38.7 kB`, `512 B`. */
export function bytes(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} MB`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(1)} kB` : `${count} B`;
}

/** 11,157,504 */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A text that is too long, cut with three dots. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 3, 0))}...`;
}

/** A long path cut in the middle: its end tells more than what is between. */
export function cutPath(path: string, width: number): string {
  if (path.length <= width) return path;
  const kept = width - 3;
  const head = Math.floor(kept / 3);
  return `${path.slice(0, head)}...${path.slice(path.length - (kept - head))}`;
}

/**
 * A text in lines of at most `width` columns, broken after blanks, hyphens and semicolons, at most `most` lines: what
 * is left out shows as three dots.
 */
export function wrap(text: string, width: number, most = Number.POSITIVE_INFINITY): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/[^\s;-]*[;-]?\s*/g) ?? []) {
    if (word === "") continue;
    if ((line + word.trimEnd()).length <= width) {
      line += word;
      continue;
    }
    if (line !== "") lines.push(line.trimEnd());
    line = word;
    while (line.trimEnd().length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  if (line !== "" || lines.length === 0) lines.push(line.trimEnd());
  if (lines.length <= most) return lines;
  const last = lines[most - 1];
  return [...lines.slice(0, most - 1), `${last.slice(0, Math.max(Math.min(last.length, width - 3), 0))}...`];
}

/** Cells of several lines side by side, each in its width, with two blanks between. */
export function besides(cells: readonly (readonly string[])[], widths: readonly number[]): readonly string[] {
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    cells
      .map((lines, column) => (lines[row] ?? "").padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** A table of one-line cells as lines: each column as wide as its widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = columns.map(({ head }, index) => Math.max(head.length, ...rows.map((row) => row[index].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) =>
        columns[index].align === "right" ? cell.padStart(widths[index]) : cell.padEnd(widths[index]),
      )
      .join("  ")
      .trimEnd();
  return [line(columns.map(({ head }) => head)), ...rows.map(line)];
}
