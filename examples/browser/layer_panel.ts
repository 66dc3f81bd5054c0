/** The time of each step of a network, as bars in a table. */
import type { Session, StepProfile } from "xnorkit";
import { byId, element, formatFigure } from "./dom.js";
import { meanProfile } from "./measure.js";

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

export function layerPanel(): { readonly show: (session: Session) => Promise<void> } {
  const note = byId("layers-note", HTMLElement);
  const again = byId("profile", HTMLButtonElement);
  let current: Session | null = null;

  const show = async (session: Session) => {
    current = session;
    again.disabled = true;
    note.textContent = `Measuring ${session.graph.name} …`;
    const steps = await meanProfile(session, BUDGET, () => current === session);
    if (steps === null) return;
    const longest = Math.max(...steps.map(({ milliseconds }) => milliseconds));
    const total = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    byId("layer-rows", HTMLElement).replaceChildren(...steps.map((step) => row(step, longest)));
    note.textContent = `${session.graph.name}: ${steps.length} steps, ${formatFigure(total)} ms together.`;
    again.disabled = false;
  };
  again.addEventListener("click", () => {
    if (current !== null) show(current);
  });
  return { show };
}
