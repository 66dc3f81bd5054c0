/** Small helpers for elements and texts. */

/** The element of the page with this id, which must be of this class. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/** A new element with a class, a text and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { className, text }: { readonly className?: string; readonly text?: string } = {},
  children: readonly Node[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** Lets the browser paint and answer before a long computation goes on. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Shows an error as one sentence in the page, or hides it. */
export function showError(place: HTMLElement, error: unknown): void {
  const text = error instanceof Error ? error.message : String(error ?? "");
  place.textContent = text === "" ? "" : `${text[0].toUpperCase()}${text.slice(1)}.`;
  place.hidden = text === "";
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** `1,024`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `1.81G`, `98.3K`. */
export function formatShort(count: number): string {
  return short.format(count).replace("B", "G");
}

/** Three significant digits, as times and speeds are known. */
export function formatFigure(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? whole.format(value) : value.toPrecision(value >= 10 ? 3 : 2);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function formatPercent(probability: number): string {
  return `${(100 * probability).toFixed(1)} %`;
}
