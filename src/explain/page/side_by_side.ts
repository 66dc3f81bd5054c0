/** The two networks of a page, part beside part, unit beside unit, layer beside layer. */
import type { AlignedPart, AlignedUnit, Comparison, Side } from "../compare.js";
import type { LayerDescription, PartDescription, UnitDescription } from "../describe.js";
import type { Difference } from "../differences.js";
import { escapeXml } from "../drawing/svg.js";
import { bytes, millions } from "../text.js";
import type { Times } from "../times.js";
import type { Drawings } from "./drawings.js";

interface Context {
  readonly drawings: Drawings;
  readonly differences: ReadonlyMap<string, readonly Difference[]>;
  readonly times: Side<Times>;
  /** The longest bars. */
  readonly mostMacs: number;
  readonly mostTime: number;
}

function macsOf({ binaryMacs, floatMacs, denseMacs }: PartDescription | UnitDescription): number {
  return binaryMacs + floatMacs + denseMacs;
}

interface Share {
  readonly type: "binary" | "float" | "time";
  /** Of the longest bar. */
  readonly part: number;
}

/** Bars one behind the other, drawn by attributes: a page whose policy forbids styles in elements shows them too. */
function barLine(shares: readonly Share[]): string {
  let start = 0;
  const rects = shares
    .filter(({ part }) => part > 0)
    .map(({ type, part }) => {
      const width = Math.max(part * 100, 0.5);
      const rect = `<rect class="${type}" x="${start.toFixed(1)}%" width="${width.toFixed(1)}%" height="100%"></rect>`;
      start += width;
      return rect;
    });
  return `<svg class="bars" aria-hidden="true">${rects.join("")}</svg>`;
}

function bars(described: PartDescription | UnitDescription, time: number | undefined, context: Context): string {
  const macs = Math.max(context.mostMacs, 1);
  const float = described.floatMacs + described.denseMacs;
  const counts = barLine([
    { type: "binary", part: described.binaryMacs / macs },
    { type: "float", part: float / macs },
  ]);
  if (time === undefined || context.mostTime === 0) return counts;
  return counts + barLine([{ type: "time", part: time / context.mostTime }]);
}

function figuresText(described: PartDescription | UnitDescription, time: number | undefined): string {
  const float = described.floatMacs + described.denseMacs;
  const texts = [
    described.outputShape.slice(1).join("x"),
    ...(described.binaryMacs > 0 ? [`${millions(described.binaryMacs)} binary`] : []),
    ...(float > 0 ? [`${millions(float)} float`] : []),
    ...(described.packedBytes > 0 ? [bytes(described.packedBytes)] : []),
    ...(time === undefined ? [] : [`${time.toFixed(2)} ms`]),
  ];
  return texts.join(" · ");
}

/** The orders of layers in the units of a part, each with how often it stands there. */
function orders({ units }: PartDescription): string {
  const counts = new Map<string, number>();
  for (const { expression } of units) counts.set(expression, (counts.get(expression) ?? 0) + 1);
  return [...counts]
    .map(([text, count]) => `<div class="expression">${count > 1 ? `${count} × ` : ""}${escapeXml(text)}</div>`)
    .join("");
}

function partSide(part: PartDescription | null, times: Times | null, context: Context): string {
  if (part === null) return '<div class="hint">nothing here</div>';
  const time = times?.parts.get(part.label);
  return `<div>${figuresText(part, time)}${bars(part, time, context)}${orders(part)}</div>`;
}

function unitSide(unit: UnitDescription | null, times: Times | null): string {
  if (unit === null) return '<div class="hint">nothing here</div>';
  const block =
    unit.block === null ? "" : `${escapeXml(unit.block.class)} <code>${escapeXml(unit.block.path)}</code> · `;
  const expression = `<div class="expression">${escapeXml(unit.expression)}</div>`;
  return `<div>${block}${figuresText(unit, times?.units.get(unit.label))}${expression}</div>`;
}

function changesText(differences: readonly Difference[]): string {
  const value = (side: unknown) => (side === null ? "none" : typeof side === "string" ? side : JSON.stringify(side));
  return differences
    .filter(({ field }) => field !== "layer" && field !== "shortcut" && field !== "inputs")
    .map(({ field, a, b }) => `${field}: ${value(a)} | ${value(b)}`)
    .join("; ");
}

function differencesAt({ a, b }: Side<LayerDescription>, context: Context): readonly Difference[] {
  const found = context.differences.get(a?.name ?? b?.name ?? "") ?? [];
  // One name in both networks may stand for two layers that were not paired.
  return found.filter((difference) =>
    a === null
      ? difference.a === null
      : b === null
        ? difference.b === null
        : difference.a !== null || difference.b !== null,
  );
}

function layerCell(layer: LayerDescription | null): string {
  if (layer === null) return "<td></td>";
  const unused = layer.unused ? " (not run)" : "";
  const shape = layer.outputShape.slice(1).join("x");
  return `<td>${escapeXml(layer.notation)}${unused} ${shape} <code>${escapeXml(layer.name)}</code></td>`;
}

function layerRow(layers: Side<LayerDescription>, context: Context): string {
  const differences = differencesAt(layers, context);
  const differs = layers.a === null || layers.b === null || differences.length > 0;
  const reads = differences.some(({ field }) => field === "inputs" || field === "shortcut");
  const changes = [changesText(differences), ...(reads ? ["reads other values"] : [])].filter((text) => text !== "");
  const only = layers.a === null ? "only on the right" : layers.b === null ? "only on the left" : "";
  const text = changes.length > 0 ? changes.join("; ") : only;
  return (
    `<tr class="${differs ? "differs" : "same"}">${layerCell(layers.a)}${layerCell(layers.b)}` +
    `<td class="changes">${escapeXml(text)}</td></tr>`
  );
}

function unitDiffers(unit: AlignedUnit, context: Context): boolean {
  if (unit.a === null || unit.b === null) return true;
  return unit.layers.some(
    (layers) => layers.a === null || layers.b === null || differencesAt(layers, context).length > 0,
  );
}

function unitRow(unit: AlignedUnit, index: number, context: Context): string {
  const { a, b, layers } = unit;
  const { drawings, times } = context;
  const figures = [
    a === null ? "<div></div>" : drawings.figure(a, "left", times.a),
    b === null ? "<div></div>" : drawings.figure(b, "right", times.b),
  ];
  const rows = layers.map((pair) => layerRow(pair, context)).join("");
  const differs = unitDiffers(unit, context);
  return (
    `<details class="unit${differs ? " differs" : ""}"><summary><div class="row">` +
    `<span class="label">unit ${index + 1}${hiddenMark(differs)}</span>` +
    `${unitSide(a, context.times.a)}${unitSide(b, context.times.b)}</div></summary>` +
    `<div class="row"><span></span>${figures.join("")}</div>` +
    `<table class="layers"><thead><tr><th>left</th><th>right</th><th>difference</th></tr></thead>` +
    `<tbody>${rows}</tbody></table></details>`
  );
}

function hiddenMark(differs: boolean): string {
  return differs ? '<span class="hidden"> differs</span>' : "";
}

function partRow(part: AlignedPart, context: Context): string {
  const differs = part.units.some((unit) => unitDiffers(unit, context));
  const label = part.a?.label ?? part.b?.label ?? "";
  const units = part.units.map((unit, index) => unitRow(unit, index, context)).join("");
  return (
    `<details class="part${differs ? " differs" : ""}"><summary><div class="row">` +
    `<strong class="label">${escapeXml(label)}${hiddenMark(differs)}</strong>` +
    `${partSide(part.a, context.times.a, context)}${partSide(part.b, context.times.b, context)}</div>` +
    `</summary>${units}</details>`
  );
}

/** Both networks, folded; a part unfolds to its units, a unit to its drawing and its layers. */
export function sideBySide(
  comparison: Comparison,
  names: { readonly a: string; readonly b: string },
  drawings: Drawings,
  times: Side<Times>,
): string {
  const { parts, differences } = comparison;
  const byPath = new Map<string, Difference[]>();
  for (const difference of differences) {
    const others = byPath.get(difference.path);
    if (others === undefined) byPath.set(difference.path, [difference]);
    else others.push(difference);
  }
  const all = parts.flatMap(({ a, b }) => [a, b].flatMap((part) => (part === null ? [] : [part])));
  const context: Context = {
    drawings,
    differences: byPath,
    times,
    mostMacs: Math.max(0, ...all.map(macsOf)),
    mostTime: Math.max(0, ...[times.a, times.b].flatMap((side) => [...(side?.parts.values() ?? [])])),
  };
  return (
    `<div class="row heads"><span></span><span>${escapeXml(names.a)}</span><span>${escapeXml(names.b)}</span></div>` +
    parts.map((part) => partRow(part, context)).join("")
  );
}
