/** GMAC/s by shape as pairs of bars, in SVG that is drawn for the width it has. */
import { formatCount, formatFigure } from "./figures.js";
import { type ShapeResult, shapeName } from "./shapes.js";

const HEIGHT = 260;
const LEFT = 34;
const TOP = 22;
const BOTTOM = 44;
/** A bar is at most this wide, and a pair at least this wide before the chart scrolls. */
const MAX_BAR = 44;
const MIN_GROUP = 64;

function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The step of 1, 2 or 5 times a power of ten that divides `largest` into at most five parts. */
function niceStep(largest: number): number {
  const power = 10 ** Math.floor(Math.log10(largest / 5));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => largest / step <= 5) ?? 10 * power;
}

function bar(kernel: "table" | "popcount", x: number, y: number, width: number, height: number, value: number) {
  const rounded = Math.min(3, height);
  const outline =
    `M${x},${y + height}v${rounded - height}q0,${-rounded} ` +
    `${rounded},${-rounded}h${width - 2 * rounded}q${rounded},0 ${rounded},${rounded}v${height - rounded}z`;
  return [
    svg("path", { d: outline, class: `bar ${kernel}-kernel` }),
    svg(
      "text",
      { x: x + width / 2, y: y - 6, class: "bar-text" },
      value >= 10 ? formatCount(value) : formatFigure(value),
    ),
  ];
}

/** Draws the results into `place`, anew. */
export function drawBenchChart(place: HTMLElement, results: readonly ShapeResult[]): void {
  const width = Math.max(place.clientWidth, LEFT + MIN_GROUP * results.length);
  const group = (width - LEFT) / results.length;
  const barWidth = Math.min(MAX_BAR, group * 0.36);
  const plot = HEIGHT - TOP - BOTTOM;
  const speeds = results.flatMap(({ table, popcount }) => [table?.gmacPerSecond ?? 0, popcount.gmacPerSecond]);
  const step = niceStep(Math.max(...speeds));
  const highest = step * Math.ceil(Math.max(...speeds) / step);
  const y = (speed: number) => TOP + plot * (1 - speed / highest);

  const described = results.map(({ shape, table, popcount }) => {
    const byTable = table === null ? "" : `table ${formatFigure(table.gmacPerSecond)}, `;
    return `${shapeName(shape)}: ${byTable}popcount ${formatFigure(popcount.gmacPerSecond)}`;
  });
  const chart = svg("svg", {
    width,
    height: HEIGHT,
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: "img",
    "aria-label": `GMAC/s by shape. ${described.join("; ")}`,
  });
  for (let speed = 0; speed <= highest; speed += step) {
    chart.append(
      svg("line", { x1: LEFT, x2: width, y1: y(speed), y2: y(speed), class: "grid" }),
      svg("text", { x: LEFT - 8, y: y(speed) + 4, class: "axis" }, String(speed)),
    );
  }
  results.forEach(({ shape, table, popcount }, i) => {
    const center = LEFT + group * (i + 0.5);
    if (table !== null) {
      const top = y(table.gmacPerSecond);
      chart.append(...bar("table", center - barWidth - 1, top, barWidth, TOP + plot - top, table.gmacPerSecond));
    }
    const top = y(popcount.gmacPerSecond);
    const left = table === null ? center - barWidth / 2 : center + 1;
    chart.append(...bar("popcount", left, top, barWidth, TOP + plot - top, popcount.gmacPerSecond));
    const { height, width: columns, inputs, outputs } = shape;
    chart.append(
      svg("text", { x: center, y: TOP + plot + 18, class: "shape-text" }, `${height}×${columns}`),
      svg("text", { x: center, y: TOP + plot + 34, class: "shape-text quiet" }, `${inputs}→${outputs}`),
    );
  });
  place.replaceChildren(chart);
}
