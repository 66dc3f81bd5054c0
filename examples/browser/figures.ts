/** Numbers as people read them. */

/** `1,024`. By hand: the browser's own formats take it some milliseconds when they are first asked for, on arrival. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1.81G`, `98.3K`. */
export function formatShort(count: number): string {
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
  return compact.format(count).replace("B", "G");
}

/** Three significant digits, as times and speeds are known. */
export function formatFigure(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? formatCount(value) : value.toPrecision(value >= 10 ? 3 : 2);
}

/** Two significant digits and whole: as a speed is known that was measured for a moment. */
export function formatSpeed(value: number): string {
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(value, 1))) - 1);
  return value < 10 ? value.toPrecision(2) : formatCount(Math.round(value / digits) * digits);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function formatPercent(probability: number): string {
  return `${(100 * probability).toFixed(1)} %`;
}
