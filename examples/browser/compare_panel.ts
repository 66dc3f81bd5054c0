/** Two networks side by side, folded and unfolded, with the times of those that were run. */
import { walkFold } from "../../src/explain/page/fold.js";
import { byId, element, onFiles, showError } from "./dom.js";
import type { DropZone } from "./drops.js";
import { type Engine, startEngine } from "./engine.js";
import { moveChildren, readHtml } from "./gradually.js";
import type { Choice, ComparisonView, SideName } from "./worker/compare.js";

/** Milliseconds in which the steps of a network are measured. */
const BUDGET = 600;

const SIDES: readonly SideName[] = ["a", "b"];

interface Side {
  readonly zone: DropZone;
  readonly choice: () => Choice;
}

/** A field for a name with options, and a button for files; what was given last counts. */
function openSide(name: SideName, onChange: () => void): Side {
  const text = byId(`compare-${name}`, HTMLInputElement);
  let files: readonly File[] = [];
  const take = (taken: readonly File[]) => {
    files = taken;
    text.value = taken.map((file) => file.name).join(", ");
    onChange();
  };
  text.addEventListener("input", () => {
    files = [];
  });
  onFiles(byId(`compare-${name}-file`, HTMLInputElement), take);
  return {
    zone: { element: byId(`compare-${name}-side`, HTMLElement), take },
    choice: () => (files.length > 0 ? files : text.value),
  };
}

const allDetails = (root: ParentNode) => [...root.querySelectorAll("details")];

export function openComparePanel(): readonly DropZone[] {
  const status = byId("compare-status", HTMLElement);
  const error = byId("compare-error", HTMLElement);
  const buttons = [...byId("compare-form", HTMLFormElement).querySelectorAll("button")];
  const place = byId("comparison", HTMLElement);
  const root = place.attachShadow({ mode: "open" });
  const styles = new CSSStyleSheet();
  root.adoptedStyleSheets = [styles];
  /** Keys are listened to on what is replaced with the comparison. */
  let body = element("div");
  let engine: Engine<"compare"> | null = null;
  let isCompared = false;

  const compareEngine = () => {
    engine ??= startEngine("compare");
    return engine;
  };
  const show = async (view: ComparisonView, open: readonly boolean[] = []) => {
    const read = await readHtml(view.html);
    for (const [i, details] of allDetails(read).entries()) details.open = open[i] ?? false;
    styles.replaceSync(view.styles);
    body = element("div");
    root.replaceChildren(body);
    place.hidden = false;
    await moveChildren(read, body);
    walkFold(body);
  };
  const forget = () => {
    root.replaceChildren();
    place.hidden = true;
    isCompared = false;
  };
  const setBusy = (isBusy: boolean) => {
    for (const button of buttons) button.disabled = isBusy || (button.type === "button" && !isCompared);
  };

  const compare = async () => {
    setBusy(true);
    showError(error, null);
    status.textContent = "Comparing …";
    try {
      const view = await compareEngine().call("compareNetworks", sides[0].choice(), sides[1].choice());
      isCompared = true;
      await show(view);
      const count = view.differences;
      status.textContent = `${view.names.join(" and ")}: ${count === 0 ? "no" : count} differences of layers.`;
    } catch (reason) {
      forget();
      status.textContent = "Nothing is compared.";
      showError(error, reason);
    }
    setBusy(false);
  };
  const run = async (side: SideName) => {
    setBusy(true);
    showError(error, null);
    status.textContent = "Running …";
    try {
      const open = allDetails(body).map((details) => details.open);
      const view = await compareEngine().call("timeSide", side, BUDGET);
      await show(view, open);
      status.textContent = `The milliseconds of ${view.names[SIDES.indexOf(side)]} are on its drawing.`;
    } catch (reason) {
      status.textContent = "The network did not run; the comparison stays.";
      showError(error, reason);
    }
    setBusy(false);
  };

  const sides = SIDES.map((name) => openSide(name, () => setBusy(false)));
  byId("compare-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    compare();
  });
  for (const side of SIDES) byId(`run-${side}`, HTMLButtonElement).addEventListener("click", () => run(side));
  // Names are asked for when somebody comes here: the first answer of the page does not wait for them.
  byId("compare-form", HTMLFormElement).addEventListener(
    "focusin",
    async () => {
      try {
        const names = await compareEngine().call("networkNames");
        byId("network-names", HTMLDataListElement).replaceChildren(...names.map((name) => new Option(name)));
      } catch (reason) {
        showError(error, reason);
      }
    },
    { once: true },
  );
  setBusy(false);
  return sides.map(({ zone }) => zone);
}
