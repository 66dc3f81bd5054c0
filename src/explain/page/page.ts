/** A comparison as one HTML page that needs no other file and no network. */
import { objectArgument, resultArgument, textArgument } from "../../arguments.js";
import { formatShape } from "../../tensor.js";
import type { Comparison, Side } from "../compare.js";
import { countRows } from "../comparison_text.js";
import type { Difference } from "../differences.js";
import { escapeXml, type Layout } from "../drawing/svg.js";
import type { Times } from "../times.js";
import { drawings } from "./drawings.js";
import { PAGE_SCRIPT } from "./script.js";
import { sideBySide } from "./side_by_side.js";
import { PAGE_STYLES } from "./styles.js";

/** What the page of a comparison is made with. */
export interface PageOptions {
  /** What was compared, as the user named it, options included. */
  readonly a: string;
  readonly b: string;
  /** Graphviz's layout of DOT to SVG. */
  readonly layout: Layout;
  /** Measured milliseconds. */
  readonly times?: Side<Times>;
}

function questionTable({ questions }: Comparison, { a, b }: PageOptions): string {
  const rows = questions
    .map(
      ({ question, a: one, b: other, isSame }) =>
        `<tr class="${isSame ? "same" : "differs"}"><th scope="row">${escapeXml(question)}</th>` +
        `<td>${escapeXml(one.text)}</td>` +
        `<td>${isSame ? "the same" : escapeXml(other.text)}</td></tr>`,
    )
    .join("");
  return table("questions", ["question", a, b], rows);
}

function countTable({ counts }: Comparison, { a, b }: PageOptions): string {
  const rows = countRows(counts)
    .map(
      ([name, one, other]) =>
        `<tr class="${one === other ? "same" : "differs"}"><th scope="row">${escapeXml(name)}</th>` +
        `<td>${escapeXml(one)}</td><td>${escapeXml(other)}</td></tr>`,
    )
    .join("");
  return table("questions", ["count", a, b], rows);
}

function table(type: string, heads: readonly string[], rows: string): string {
  const cells = heads.map((head) => `<th scope="col">${escapeXml(head)}</th>`).join("");
  return `<table class="${type}"><thead><tr>${cells}</tr></thead><tbody>${rows}</tbody></table>`;
}

const MAX_CONSEQUENCES = 200;

function differenceItem({ path, pathInB, field, a, b, consequences = [] }: Difference): string {
  const value = (side: unknown) =>
    escapeXml(side === null ? "none" : typeof side === "string" ? side : JSON.stringify(side));
  const place = pathInB === undefined ? path || "the network" : `${path} | ${pathInB}`;
  const text = `<code>${escapeXml(place)}</code> ${escapeXml(field)}: ${value(a)} | ${value(b)}`;
  if (consequences.length === 0) return `<li>${text}</li>`;
  const shown = consequences.slice(0, MAX_CONSEQUENCES);
  const rest = consequences.length - shown.length;
  const more = rest > 0 ? `<li>and ${rest} more</li>` : "";
  return (
    `<li><details><summary>${text} (${consequences.length} consequences)</summary>` +
    `<ul>${shown.map(differenceItem).join("")}${more}</ul></details></li>`
  );
}

function head({ a, b }: Comparison, names: PageOptions): string {
  const one = (side: string, name: string, { class: type, inputShape }: Comparison["a"]) =>
    `<p><strong>${side}</strong> ${escapeXml(name)}: ${escapeXml(type)}, input ${formatShape(inputShape)}</p>`;
  return one("left", names.a, a) + one("right", names.b, b);
}

/**
 * What stands in the body of the page: also for a page that is there already, below a heading of its own.
 * @param heading The level of the highest heading.
 */
export function comparisonBody(comparison: Comparison, options: PageOptions, heading: 1 | 3 = 1): string {
  const drawn = drawings(options.layout);
  const { differences } = comparison;
  const networks = sideBySide(comparison, options, drawn, options.times ?? { a: null, b: null });
  const timed = options.times === undefined ? "" : ', <i class="time"></i> milliseconds';
  const legend =
    `<p class="legend">Multiply-accumulates <i class="binary"></i> on bits, <i class="float">` +
    `</i> in floats${timed}; ≠ differs; coloured arcs are shortcuts; x is what a unit reads</p>`;
  const title = `<h${heading} class="title">${escapeXml(options.a)} and ${escapeXml(options.b)}</h${heading}>`;
  const part = (text: string) => `<h${heading + 1} class="part-title">${text}</h${heading + 1}>`;
  return [
    `<header>${title}${head(comparison, options)}${legend}`,
    '<div class="tools"><button type="button" data-unfold>Unfold all</button><button type="button" ' +
      "data-fold>Fold all</button>",
    '<span class="hint">Enter folds and unfolds; arrow keys walk through the networks</span></div></header>',
    drawn.definitions(),
    `<section aria-label="The networks side by side">${networks}</section>`,
    `<section>${part("Questions")}${questionTable(comparison, options)}</section>`,
    `<section>${part("Counts")}${countTable(comparison, options)}</section>`,
    `<section>${part(`${differences.length} differences of layers`)}`,
    differences.length === 0
      ? "<p>none</p>"
      : "<details><summary>all of them, those that change shapes first</summary>" +
        `<ol>${differences.map(differenceItem).join("")}</ol></details>`,
    "</section>",
  ].join("\n");
}

/** A page of its own: style, script and drawings within, nothing loaded. */
export function comparisonPage(comparison: Comparison, options: PageOptions): string {
  resultArgument("comparisonPage", "comparison", "compare", ["parts", "questions", "differences"], comparison);
  objectArgument("comparisonPage", "options", "{ a, b, ... }", options);
  textArgument("comparisonPage", "the option a", options.a);
  textArgument("comparisonPage", "the option b", options.b);
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(options.a)} and ${escapeXml(options.b)}</title>`,
    `<style>${PAGE_STYLES}</style></head>`,
    "<body data-comparison><main>",
    comparisonBody(comparison, options),
    `</main><script>${PAGE_SCRIPT}</script></body></html>`,
    "",
  ].join("\n");
}
