/** Long HTML becomes elements of the page piece by piece, so that the page answers meanwhile. */
import { nextFrame, nextTask } from "./dom.js";

/** Characters that are read in one task. */
const PIECE = 64_000;

/** The body of a text of HTML. Nothing in it is loaded or run: its document is shown nowhere. */
export async function readHtml(html: string): Promise<HTMLElement> {
  const inert = document.implementation.createHTMLDocument();
  inert.write("<body>");
  for (let start = 0; start < html.length; start += PIECE) {
    inert.write(html.slice(start, start + PIECE));
    await nextTask();
  }
  inert.close();
  return inert.body;
}

/** Moves what stands in `from` to `place`, a frame of the screen for each element; those of a section one by one. */
export async function moveChildren(from: Element, place: Element): Promise<void> {
  for (const node of [...from.childNodes]) {
    if (!(node instanceof Element)) {
      place.append(node);
    } else if (node.localName === "section") {
      const section = document.importNode(node, false);
      place.append(section);
      await moveChildren(node, section);
    } else {
      place.append(node);
      await nextFrame();
    }
  }
}
