/**
 * Factories of both frameworks: functions that choose the class of a module by an option, so that no module has their
 * name.
 */

/** The factory that chose the class of a module, and the option and value by which it did. */
export interface ChosenBy {
  readonly factory: string;
  readonly option: string;
  readonly value: string;
}

/** `nn.activated_conv` of BMXNet v2 looks at `approximation` of the binary layer configuration. */
const ACTIVATED_CONV: Readonly<Record<string, string>> = {
  BinaryConvolution: "",
  ScaledWeightsBinaryConv: "binet",
  ScaledBinaryConv: "xnor",
};

/**
 * AWNAS builds the operation of an edge with `get_op` from the primitive in the genotype; the module's name tells
 * which.
 */
const EDGE = /(?:^|\.)f_\d+_t_\d+-([^.]+)-\d+$/;

/** The option that made a module what it is; null if its class is written in the network itself. */
export function chosenBy(path: string, type: string): ChosenBy | null {
  const approximation = Object.hasOwn(ACTIVATED_CONV, type) ? ACTIVATED_CONV[type] : undefined;
  if (approximation !== undefined) return { factory: "activated_conv", option: "approximation", value: approximation };
  const primitive = EDGE.exec(path)?.[1];
  return primitive === undefined ? null : { factory: "get_op", option: "genotype", value: primitive };
}
