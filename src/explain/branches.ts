/** The main branch of a unit, and what its convolutions are on it. */
import type { LayerDescription, UnitDescription } from "./describe.js";

export function isConvolutionLayer({ kind }: LayerDescription): boolean {
  return kind === "conv2d" || kind === "binaryConv2d";
}

/** The layers of a unit that lie on none of its shortcuts. */
export function mainLayers({ layers, shortcuts }: UnitDescription): readonly LayerDescription[] {
  const onShortcut = new Set(shortcuts.flatMap((shortcut) => shortcut.layers));
  return layers.filter(({ name, unused }) => !onShortcut.has(name) && !unused);
}

/** Convolutions one after the other on the main branch: those that are joined, halves of one layer, count once. */
export function convolutionsInSeries(unit: UnitDescription): number {
  const convolutions = mainLayers(unit).filter(isConvolutionLayer).length;
  const joined = mainLayers(unit).filter(({ kind, reads }) => kind === "concat" && new Set(reads).size > 1);
  return joined.length > 0 && convolutions > 1 ? 1 : convolutions;
}
