/** Graphviz, compiled to WebAssembly: the layout of drawings, loaded where something is drawn. */
import type { Layout } from "../explain/drawing/svg.js";

export async function loadLayout(): Promise<Layout> {
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
  const graphviz = await Graphviz.load();
  return (dot) => graphviz.dot(dot, "svg");
}
