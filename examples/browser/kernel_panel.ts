/** The kernel benchmark: ResNet-18's shapes and those that the user types. */
import { drawBenchChart } from "./bench_chart.js";
import { byId, element, showError } from "./dom.js";
import { type Engine, startEngine } from "./engine.js";
import { formatFigure } from "./figures.js";
import { type ConvShape, RESNET18_SHAPES, type ShapeResult, type Speed, shapeName } from "./shapes.js";

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
  /** The worker of this panel, which is ended to stop a measurement. */
  let engine: Engine<"kernels"> | null = null;
  let isStopped = false;
  let isWarm = false;

  const draw = () => {
    byId("bench-result", HTMLElement).hidden = results.size === 0;
    byId("bench-rows", HTMLElement).replaceChildren(...[...results.values()].map(row));
    if (results.size > 0) drawBenchChart(chart, [...results.values()]);
  };
  const setRunning = (now: boolean) => {
    stop.hidden = !now;
    for (const button of starters) button.disabled = now;
  };
  const kernels = () => {
    engine ??= startEngine("kernels");
    return engine;
  };

  const measure = async (shapes: readonly ConvShape[]) => {
    if (!stop.hidden) return;
    isStopped = false;
    setRunning(true);
    try {
      const budget = Number(byId("bench-budget", HTMLSelectElement).value);
      if (!isWarm) {
        status.textContent = "Warming up …";
        await kernels().call("benchShape", RESNET18_SHAPES[2], WARM_UP);
        isWarm = true;
      }
      for (const [i, shape] of shapes.entries()) {
        status.textContent = `Measuring ${shapeName(shape)}, ${i + 1} of ${shapes.length} …`;
        results.set(shapeName(shape), await kernels().call("benchShape", shape, budget));
        draw();
      }
      status.textContent = "Done. GMAC/s: 10⁹ one-bit multiply-accumulates a second, higher is better.";
    } catch (reason) {
      status.textContent = isStopped ? "Stopped." : "Not measured.";
      if (!isStopped) showError(error, reason);
    } finally {
      setRunning(false);
    }
  };

  byId("bench-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    showError(error, null);
    measure(RESNET18_SHAPES);
  });
  byId("shape-form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    showError(error, null);
    typed.removeAttribute("aria-invalid");
    status.textContent = "Checking the shape …";
    try {
      const shape = await kernels().call("readShape", typed.value);
      await measure([shape]);
    } catch (reason) {
      typed.setAttribute("aria-invalid", "true");
      status.textContent = "Not measured.";
      showError(error, reason);
    }
  });
  stop.addEventListener("click", () => {
    isStopped = true;
    isWarm = false;
    engine?.stop();
    engine = null;
  });
  new ResizeObserver(() => {
    if (results.size > 0) drawBenchChart(chart, [...results.values()]);
  }).observe(chart);
}
