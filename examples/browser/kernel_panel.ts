/** The kernel benchmark: ResNet-18's shapes and those that the user types. */
import { drawBenchChart } from "./bench_chart.js";
import { byId, element, formatFigure, showError } from "./dom.js";
import {
  benchShape,
  type ConvShape,
  parseShape,
  RESNET18_SHAPES,
  type ShapeResult,
  type Speed,
  shapeName,
} from "./kernel_bench.js";

/**
 * Milliseconds a kernel, once: browsers start with quickly compiled code and exchange it for fast code while it runs.
 */
const WARM_UP = 400;

function cells(speed: Speed | null): readonly HTMLTableCellElement[] {
  const text = (figure: number | undefined) => (figure === undefined ? "–" : formatFigure(figure));
  return [
    element("td", { className: "number", text: text(speed?.gmacPerSecond) }),
    element("td", { className: "number milliseconds", text: text(speed?.milliseconds) }),
  ];
}

function row({ shape, table, popcount }: ShapeResult): HTMLTableRowElement {
  const name = element("th", { text: shapeName(shape) });
  name.scope = "row";
  return element("tr", {}, [name, ...cells(table), ...cells(popcount)]);
}

export function openKernelPanel(): void {
  const status = byId("bench-status", HTMLElement);
  const error = byId("bench-error", HTMLElement);
  const chart = byId("bench-chart", HTMLElement);
  const stop = byId("bench-stop", HTMLButtonElement);
  const typed = byId("shape", HTMLInputElement);
  const starters = [byId("bench-run", HTMLButtonElement), byId("shape-run", HTMLButtonElement)];
  const results = new Map<string, ShapeResult>();
  let running = false;
  let warm = false;

  const draw = () => {
    byId("bench-result", HTMLElement).hidden = results.size === 0;
    byId("bench-rows", HTMLElement).replaceChildren(...[...results.values()].map(row));
    if (results.size > 0) drawBenchChart(chart, [...results.values()]);
  };
  const setRunning = (now: boolean) => {
    running = now;
    stop.hidden = !now;
    for (const button of starters) button.disabled = now;
  };

  const measure = async (shapes: readonly ConvShape[]) => {
    if (running) return;
    setRunning(true);
    try {
      const budget = Number(byId("bench-budget", HTMLSelectElement).value);
      if (!warm) {
        status.textContent = "Warming up …";
        warm = (await benchShape(RESNET18_SHAPES[2], WARM_UP, () => running)) !== null;
      }
      for (const [i, shape] of shapes.entries()) {
        if (!running) break;
        status.textContent = `Measuring ${shapeName(shape)}, ${i + 1} of ${shapes.length} …`;
        const result = await benchShape(shape, budget, () => running);
        if (result === null) break;
        results.set(shapeName(shape), result);
        draw();
      }
      status.textContent = running
        ? "Done. GMAC/s: 10⁹ one-bit multiply-accumulates a second, higher is better."
        : "Stopped.";
    } catch (reason) {
      status.textContent = "";
      showError(error, reason);
    } finally {
      setRunning(false);
    }
  };

  byId("bench-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    showError(error, null);
    measure(RESNET18_SHAPES);
  });
  byId("shape-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    showError(error, null);
    typed.removeAttribute("aria-invalid");
    try {
      measure([parseShape(typed.value)]);
    } catch (reason) {
      typed.setAttribute("aria-invalid", "true");
      showError(error, reason);
    }
  });
  stop.addEventListener("click", () => {
    running = false;
  });
  new ResizeObserver(() => {
    if (results.size > 0) drawBenchChart(chart, [...results.values()]);
  }).observe(chart);
}
