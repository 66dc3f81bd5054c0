/** The time of each step of a network, as bars in a table. */
import type { StepProfile } from "xnorkit";
import { byId, element, showError } from "./dom.js";
import type { Engine } from "./engine.js";
import { formatFigure } from "./figures.js";

/** Milliseconds of measuring: at a clock of 100 µs the mean of a step of the digits network is right to about 1 µs. */
const BUDGET = 600;

function family({ binaryMacs, floatMacs }: StepProfile): "binary" | "float" | "other" {
  if (binaryMacs > 0) return "binary";
  return floatMacs > 0 ? "float" : "other";
}

/** A module path that may be broken after its dots. */
function breakable(path: string): readonly Node[] {
  const parts = path.split(/(?<=\.)/);
  return parts.flatMap((part, i) => (i === 0 ? [new Text(part)] : [element("wbr"), new Text(part)]));
}

function row(step: StepProfile, longest: number): HTMLTableRowElement {
  const fill = element("span", { className: `bar-fill ${family(step)}` });
  fill.style.width = `${(100 * step.milliseconds) / longest}%`;
  const name = element("th", {}, breakable(step.name === "" ? "network" : step.name));
  name.scope = "row";
  const hasMacs = step.binaryMacs + step.floatMacs > 0;
  return element("tr", {}, [
    name,
    element("td", { text: step.kind }),
    element("td", { className: "bar-cell" }, [fill]),
    element("td", { className: "number", text: formatFigure(1000 * step.milliseconds) }),
    element("td", { className: "number", text: hasMacs ? formatFigure(step.gmacPerSecond) : "" }),
  ]);
}

export interface LayerPanel {
  /** Measures the network that the engine holds. */
  readonly show: (name: string) => Promise<void>;
}

export function layerPanel(engine: Engine<"network">): LayerPanel {
  const note = byId("layers-note", HTMLElement);
  const again = byId("profile", HTMLButtonElement);
  const error = byId("layers-error", HTMLElement);
  const rows = byId("layer-rows", HTMLElement);
  let current = "";

  const show = async (name: string) => {
    current = name;
    again.disabled = true;
    showError(error, null);
    note.textContent = `Measuring ${name} …`;
    try {
      const steps = await engine.call("profile", BUDGET);
      // Null if another network came meanwhile, which is measured by itself.
      if (steps === null) return;
      const longest = Math.max(...steps.map(({ milliseconds }) => milliseconds));
      const total = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
      rows.replaceChildren(...steps.map((step) => row(step, longest)));
      note.textContent = `${name}: ${steps.length} steps, ${formatFigure(total)} ms together.`;
    } catch (reason) {
      rows.replaceChildren();
      note.textContent = `${name} was not measured.`;
      showError(error, reason);
    }
    again.disabled = false;
  };
  again.addEventListener("click", () => show(current));
  return { show };
}
