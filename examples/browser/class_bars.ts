/** A list of bars, one a class. */
import { element } from "./dom.js";
import { formatPercent } from "./figures.js";

export interface ClassBar {
  readonly label: string;
  /** All that there is to say of the class, if that is more. */
  readonly title?: string;
  readonly probability: number;
}

/** Shows a bar for each class, the likeliest marked; rows are made again only when their number changes. */
export function showClassBars(list: HTMLOListElement, bars: readonly ClassBar[]): void {
  if (list.children.length !== bars.length) {
    list.replaceChildren(
      ...bars.map(() =>
        element("li", {}, [
          element("span", { className: "bar-label" }),
          element("span", { className: "bar-track" }, [element("span", { className: "bar-fill" })]),
          element("span", { className: "bar-value" }),
        ]),
      ),
    );
  }
  const best = Math.max(...bars.map(({ probability }) => probability));
  bars.forEach(({ label, title = label, probability }, i) => {
    const row = list.children[i];
    const [name, track, value] = row.children;
    name.textContent = label;
    (name as HTMLElement).title = title;
    (track.firstElementChild as HTMLElement).style.width = `${100 * probability}%`;
    value.textContent = formatPercent(probability);
    row.classList.toggle("best", probability === best && best > 0);
  });
}
