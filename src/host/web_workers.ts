/** The workers of the web, where a host has them. */

/**
 * The class of the web's workers, in pages, Deno and Bun; null where there is none. Node has none, but packages that
 * are written for pages (onnxruntime-web is one) put its threads under that name, which have no event listeners of the
 * web's kind.
 */
export function webWorkers(): typeof Worker | null {
  return typeof Worker === "function" && "addEventListener" in Worker.prototype ? Worker : null;
}
