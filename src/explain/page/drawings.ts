/** The drawings of units in a page: each distinct one once, and references to it. */
import type { UnitDescription } from "../describe.js";
import { escapeXml, innerSvg, type Layout, sizeOf } from "../drawing/svg.js";
import { unitDot } from "../drawing/unit_dot.js";
import type { Times } from "../times.js";

interface Drawing {
  readonly id: string;
  readonly inner: string;
  readonly width: number;
  readonly height: number;
}

export interface Drawings {
  /** A figure of a unit, with the times of its layers if they were measured, and its text alternative. */
  readonly figure: (unit: UnitDescription, side: string, times: Times | null) => string;
  /** The element that holds what the figures refer to; to be asked for when all figures are made. */
  readonly definitions: () => string;
}

/** Points of the layout to pixels of the screen. */
const SCALE = 1.15;

/** Layers beyond these are listed, not drawn. */
const MAX_LAYERS = 300;

function words({ expression, shortcuts }: UnitDescription): string {
  const told = shortcuts.map(({ readsWhat, via, addedAfter, how }) => {
    const what = via === "" ? readsWhat : `${readsWhat} through ${via}`;
    return `${what} ${how === "add" ? "is added after" : "is joined with"} ${addedAfter}`;
  });
  return [expression, ...told].join(". ");
}

export function drawings(layout: Layout): Drawings {
  const known = new Map<string, Drawing>();
  const draw = (unit: UnitDescription, times: Times | null): Drawing => {
    const dot = unitDot(unit, times);
    const found = known.get(dot);
    if (found !== undefined) return found;
    const svg = layout(dot);
    const drawing = { id: `unit${known.size}`, inner: withoutIds(innerSvg(svg)), ...sizeOf(svg) };
    known.set(dot, drawing);
    return drawing;
  };
  return {
    figure(unit, side, times) {
      if (unit.layers.length > MAX_LAYERS) return `<p>${side}: ${unit.layers.length} layers, listed below</p>`;
      const { id, width, height } = draw(unit, times);
      const size = `width="${Math.round(width * SCALE)}" height="${Math.round(height * SCALE)}"`;
      return (
        `<figure><svg class="network" role="img" aria-label="${escapeXml(words(unit))}" ${size}` +
        ` viewBox="0 0 ${width} ${height}"><use href="#${id}"></use></svg></figure>`
      );
    },
    definitions: () =>
      `<svg class="hidden" aria-hidden="true" width="0" height="0"><defs>${[...known.values()]
        .map(({ id, inner }) => `<g id="${id}" class="network">${inner}</g>`)
        .join("")}</defs></svg>`,
  };
}

/** Every drawing numbers its boxes alike; in one document no two elements may have one id. */
function withoutIds(svg: string): string {
  return svg.replace(/ id="[^"]*"/g, "");
}
