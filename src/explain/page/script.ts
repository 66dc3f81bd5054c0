/**
 * What the page does beside what its elements do by themselves (fold and unfold): arrow keys walk through the fold as
 * through a tree, two buttons fold and unfold all. It is written into the page as it is.
 */
export const PAGE_SCRIPT = `
const root = document.currentScript.closest("[data-comparison]") ?? document.body;
const isShown = (summary) => summary.parentElement.parentElement.closest("details:not([open])") === null;
const summaries = () => [...root.querySelectorAll("summary")].filter(isShown);
const setAll = (open) => { for (const details of root.querySelectorAll("details")) details.open = open; };
root.querySelector("[data-unfold]").addEventListener("click", () => setAll(true));
root.querySelector("[data-fold]").addEventListener("click", () => setAll(false));
root.addEventListener("keydown", (event) => {
  const summary = event.target.closest("summary");
  if (summary === null || event.altKey || event.ctrlKey || event.metaKey) return;
  const details = summary.parentElement;
  const all = summaries();
  const place = all.indexOf(summary);
  const parent = details.parentElement.closest("details")?.querySelector("summary");
  const moves = {
    ArrowDown: () => all[place + 1]?.focus(),
    ArrowUp: () => all[place - 1]?.focus(),
    Home: () => all[0]?.focus(),
    End: () => all[all.length - 1]?.focus(),
    ArrowRight: () => {
      if (details.open) details.querySelector(":scope details > summary")?.focus(); else details.open = true;
    },
    ArrowLeft: () => { if (details.open) details.open = false; else parent?.focus(); },
  };
  const move = moves[event.key];
  if (move === undefined) return;
  event.preventDefault();
  move();
});
`;
