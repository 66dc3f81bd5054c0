/** The counts of a network that people compare: operations and weights by what they are for, binary and float apart. */
import { parameterSpecs } from "../graph/parameters.js";
import { elementCount } from "../tensor.js";
import type { Description, LayerDescription } from "./describe.js";
import type { Outline } from "./outline.js";

/** What a network computes and holds, by where it does: multiply-accumulates, weights, packed bytes. */
export interface Counts {
  /** Multiply-accumulates of convolutions with 1-bit weights, and of those the ones in shortcuts. */
  readonly binaryMacs: number;
  readonly binaryShortcutMacs: number;
  /** Float convolutions of the stem, of shortcuts, elsewhere; dense layers. */
  readonly stemMacs: number;
  readonly floatShortcutMacs: number;
  readonly otherFloatMacs: number;
  readonly denseMacs: number;
  readonly binaryWeights: number;
  /** Weights and biases of float convolutions and dense layers. */
  readonly floatWeights: number;
  readonly batchNormChannels: number;
  readonly binaryConvolutions: number;
  readonly floatConvolutions: number;
  readonly packedBytes: number;
}

interface Placed {
  readonly layer: LayerDescription;
  readonly isStem: boolean;
  readonly isShortcut: boolean;
}

function placedLayers({ parts }: Description): readonly Placed[] {
  return parts.flatMap(({ role, units }) =>
    units.flatMap(({ layers, shortcuts }) => {
      const onShortcut = new Set(shortcuts.flatMap((shortcut) => shortcut.layers));
      return layers.map((layer) => ({ layer, isStem: role === "stem", isShortcut: onShortcut.has(layer.name) }));
    }),
  );
}

export function countsOf({ flow }: Outline, description: Description): Counts {
  const placed = placedLayers(description);
  const sum = (macs: "binaryMacs" | "floatMacs", wanted: (place: Placed) => boolean) =>
    placed.reduce((total, place) => total + (wanted(place) ? place.layer[macs] : 0), 0);
  const calls = (macs: "binaryMacs" | "floatMacs") => placed.filter(({ layer }) => layer[macs] > 0).length;
  const specs = parameterSpecs(flow.graph);
  const elements = (roles: readonly string[], isBinary: boolean) =>
    specs
      .filter(({ role, binary }) => roles.includes(role) && binary === isBinary)
      .reduce((total, { shape }) => total + elementCount(shape), 0);
  return {
    binaryMacs: description.totals.binaryMacs,
    binaryShortcutMacs: sum("binaryMacs", ({ isShortcut }) => isShortcut),
    stemMacs: sum("floatMacs", ({ isStem }) => isStem),
    floatShortcutMacs: sum("floatMacs", ({ isShortcut }) => isShortcut),
    otherFloatMacs: sum("floatMacs", ({ isStem, isShortcut }) => !isStem && !isShortcut),
    denseMacs: description.totals.denseMacs,
    binaryWeights: elements(["weight"], true),
    floatWeights: elements(["weight", "bias"], false),
    batchNormChannels: elements(["mean"], false),
    binaryConvolutions: calls("binaryMacs"),
    floatConvolutions: calls("floatMacs"),
    packedBytes: description.totals.packedBytes,
  };
}
