/** The script of a comparison's page, written into it as it is. */
import { walkFold } from "./fold.js";

/** Walks the fold of the comparison that the script stands in. */
export const PAGE_SCRIPT = `(${walkFold})(document.currentScript.closest("[data-comparison]") ?? document.body);`;
