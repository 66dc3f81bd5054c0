/** Numbers as people read them. */

/** Made when it is first needed: the first takes a browser some milliseconds, which the page has not on arrival. */
function numberFormat(options: Intl.NumberFormatOptions): (value: number) => string {
  let format: Intl.NumberFormat | undefined;
  return (value) => {
    format ??= new Intl.NumberFormat("en", options);
    return format.format(value);
  };
}

/** `1,024`. */
export const formatCount = numberFormat({ maximumFractionDigits: 0 });

const compact = numberFormat({ notation: "compact", maximumSignificantDigits: 3 });

/** `1.81G`, `98.3K`. */
export function formatShort(count: number): string {
  return compact(count).replace("B", "G");
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
