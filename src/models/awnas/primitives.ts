/** AWNAS's registry of primitives: what a genotype, a stem, a preprocess or a shortcut option may name. */
import { XnorkitError } from "../../errors.js";
import type { Block } from "../../graph/builder.js";
import { describeClosest, quoteName } from "../../graph/suggest.js";
import type { ConstructionState, Primitive, PrimitiveOptions } from "./primitive.js";
import { binaryPrimitives } from "./primitives_binary.js";
import { floatPrimitives } from "./primitives_float.js";
import { stems } from "./stems.js";

const primitives: ReadonlyMap<string, Primitive> = new Map(
  [binaryPrimitives, stems, floatPrimitives].flatMap((table) => Object.entries(table)),
);

const splitBlock = "its forward reads a variable before it is assigned";
const anotherSpace =
  "it takes arguments of other search spaces (expansion, kernel_size ...) than the cells of this one";
const inPlace = "it changes the node that it reads in place, and with it what other operations read";

/** Registered in AWNAS, but not built here: because they fail there, or because they belong elsewhere. */
const refused: ReadonlyMap<string, string> = new Map([
  ["xnor_nin", "AWNAS fails to construct it (its class never initialises the torch module it is)"],
  ["resnet_block_split", `AWNAS fails to run it (${splitBlock})`],
  ["resnet_block_split_hardtanh", `AWNAS fails to run it (${splitBlock})`],
  ["resnet_block_split_sigmoid", `AWNAS fails to run it (${splitBlock})`],
  ["inspect_block", "it draws lots at every run which of its operations it computes"],
  ["mobilenet_v2_block", anotherSpace],
  ["mobilenet_v3_block", anotherSpace],
  ["fused_conv_block", anotherSpace],
  ["relu", inPlace],
  ["relu6", inPlace],
  ["h_swish", inPlace],
  ["h_sigmoid", inPlace],
]);

/** The names that `buildPrimitive` knows. */
export function primitiveNames(): readonly string[] {
  return [...primitives.keys()];
}

/**
 * Builds a primitive by its name in AWNAS.
 * @throws XnorkitError `unknown-name` with the closest names, `unsupported` with the reason for those that fail in
 *   AWNAS, `bad-option` for channels and strides that the primitive cannot be built with.
 */
export function buildPrimitive(name: string, options: PrimitiveOptions, state: ConstructionState): Block {
  const primitive = primitives.get(name);
  if (primitive !== undefined) return primitive(options, state);
  const reason = refused.get(name);
  if (reason !== undefined) {
    throw new XnorkitError("unsupported", `${options.place}: primitive ${name} is not built: ${reason}`);
  }
  throw new XnorkitError(
    "unknown-name",
    `${options.place}: there is no primitive named ${quoteName(name)}: ${describeClosest(name, primitiveNames())}`,
  );
}

/**
 * @throws XnorkitError `unsupported` for what AWNAS cannot call by keyword, as it calls preprocess and shortcut
 * operations.
 */
export function checkKeywordCall(name: string, place: string): void {
  if (name !== "xnor_conv_3x3_cond_skip_v0") return;
  throw new XnorkitError(
    "unsupported",
    `${place}: primitive ${name} is not built there: AWNAS calls it by the keyword C, which this one primitive calls ` +
      "C_in",
  );
}
