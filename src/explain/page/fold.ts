/**
 * What a comparison does beside what its elements do by themselves (fold and unfold): arrow keys walk through the fold
 * as through a tree, two buttons fold and unfold all.
 */

/**
 * Listens within `root`: a document's body, or a shadow root, that holds what `comparisonBody` wrote. A page of its own
 * has this function as text, so it uses nothing but its argument and the browser; its helpers are methods, because
 * compilers that keep the names of functions call a helper of theirs for all others.
 */
export function walkFold(root: ParentNode & EventTarget): void {
  const fold = {
    /** Counts the clicks on the buttons. */
    turn: 0,
    summaries() {
      return [...root.querySelectorAll("summary")].filter(
        (summary) => summary.parentElement!.parentElement?.closest("details:not([open])") == null,
      );
    },
    /** Unfolds six a frame, until a button is clicked again: all at once would keep the page from answering. */
    async setAll(open: boolean) {
      const turn = ++fold.turn;
      const others = [...root.querySelectorAll("details")].filter((details) => details.open !== open);
      for (const [i, details] of others.entries()) {
        if (open && i > 0 && i % 6 === 0) await new Promise(requestAnimationFrame);
        if (turn !== fold.turn) return;
        details.open = open;
      }
    },
    focus(summary: HTMLElement | null | undefined) {
      summary?.focus();
    },
  };
  root.querySelector("[data-unfold]")!.addEventListener("click", () => fold.setAll(true));
  root.querySelector("[data-fold]")!.addEventListener("click", () => fold.setAll(false));
  root.addEventListener("keydown", (given) => {
    const event = given as KeyboardEvent;
    const summary = (event.target as Element).closest("summary");
    if (summary === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const details = summary.parentElement as HTMLDetailsElement;
    const summaries = fold.summaries();
    const place = summaries.indexOf(summary);
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown() {
        fold.focus(summaries[place + 1]);
      },
      ArrowUp() {
        fold.focus(summaries[place - 1]);
      },
      Home() {
        fold.focus(summaries[0]);
      },
      End() {
        fold.focus(summaries.at(-1));
      },
      ArrowRight() {
        if (details.open) fold.focus(details.querySelector<HTMLElement>(":scope details > summary"));
        else details.open = true;
      },
      ArrowLeft() {
        if (details.open) details.open = false;
        else fold.focus(details.parentElement?.closest("details")?.querySelector("summary"));
      },
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    moves[event.key]();
  });
}
