/**
 * The scopes in the names of nodes: which module of the framework a node belongs to.
 *
 *   torch      /layers/layers.0/conv/Conv                     -> layers.0.conv
 *   torch 2.6  node_Conv_12, output /layers/layers.0/conv/... -> layers.0.conv
 *   tf2onnx    sequential_1/quant_conv2d_3/QuantConv2D        -> sequential_1.quant_conv2d_3
 */

/** Names end in what they are of: `_output_0` of torch's values, `:0` of TensorFlow's. */
const VALUE_SUFFIX = /(_output_\d+|:\d+)$/;

interface Named {
  readonly name: string;
  readonly outputs: readonly string[];
}

/** The name of a node that shows its place: its own, or its output's if only that has scopes. */
export function placeName({ name, outputs }: Named): string {
  if (name.includes("/")) return name;
  const output = outputs.find((value) => value.includes("/"));
  return output === undefined ? name : output.replace(VALUE_SUFFIX, "");
}

/** Where the nodes of an inlined function stand: beside the call; null if the call's name shows no place. */
export function callScope(node: Named): string | null {
  const place = placeName(node);
  const end = place.lastIndexOf("/");
  return end < 0 ? null : place.slice(0, end);
}

/** The scopes that a node is in, outermost first, and its own name in the innermost. */
export function splitPlace(place: string): { readonly scopes: readonly string[]; readonly leaf: string } {
  const parts = place.split("/").filter((part) => part !== "");
  const leaf = parts.pop() ?? "";
  // torch repeats the outer scope in the inner one: layers, layers.0.
  const own = parts.map((part, index) =>
    index > 0 && part.startsWith(`${parts[index - 1]}.`) ? part.slice(parts[index - 1].length + 1) : part,
  );
  return { scopes: own.flatMap((part) => part.split(".")).filter((part) => part !== ""), leaf };
}
