/**
 * What becomes of few-bit values that a layer moves: they keep their planes, if the layer adds nothing that has none.
 * Signs beside zeros are ternary; the maximum of signs, or of signs and zeros, is the OR of their bits.
 */
import { quoteName } from "../../graph/suggest.js";
import type { Node, NodeKind } from "../../graph/types.js";
import { type ActivationCode, signsOf, ternaryCode } from "./codes.js";

/** Kinds of nodes that move values, for whose bits there are kernels. */
export type MovingKind = "pad" | "crop" | "flatten" | "concat" | "channelShuffle" | "sliceChannels" | "maxPool";

export type MovingNode = Extract<Node, { readonly kind: MovingKind }>;

const movingKinds: ReadonlySet<NodeKind> = new Set<MovingKind>([
  ...(["pad", "crop", "flatten", "concat", "channelShuffle", "sliceChannels", "maxPool"] as const),
]);

export function isMoving(node: Node): node is MovingNode {
  return movingKinds.has(node.kind);
}

/** A constant among values of a code: the sign that stands for it in each plane of the code that both then have. */
export interface Border {
  readonly code: ActivationCode;
  readonly signs: readonly (-1 | 1)[];
}

/** The planes of a constant, or null if it is not a value of the code, nor 0 beside signs. */
export function borderOfCode(code: ActivationCode, value: number): Border | null {
  const { method } = code;
  if (value === 0 && (method === "sign" || method === "ternary")) return { code: ternaryCode(false), signs: [-1, 1] };
  const signs = signsOf(code, value);
  return signs === null ? null : { code, signs };
}

function describe({ method, bits, unit }: ActivationCode): string {
  if (method === "sign") return "signs";
  if (method === "grid") return `levels of ${bits} bits, ${unit} apart`;
  return method === "ternary" ? "signs and zeros" : `${method} values of ${bits} bits`;
}

/** The one code that can stand for values of all of them: signs are ternary beside ternary ones. */
function joinedCode(codes: readonly ActivationCode[]): ActivationCode | null {
  const [first] = codes;
  const isSame = ({ method, bits, unit, offset }: ActivationCode) =>
    method === first.method && bits === first.bits && unit === first.unit && offset === first.offset;
  if (codes.every(isSame)) {
    return first.method === "ternary" ? ternaryCode(codes.every(({ flagged }) => flagged)) : first;
  }
  const ternary = codes.filter(({ method }) => method === "ternary");
  const signs = codes.filter(({ method }) => method === "sign");
  if (ternary.length + signs.length < codes.length) return null;
  return ternaryCode(ternary.every(({ flagged }) => flagged));
}

/** The code of what the node gives, or a clause that says why its values have none. */
export function movedCode(node: MovingNode, codes: readonly ActivationCode[]): ActivationCode | string {
  const [code] = codes;
  const name = quoteName(node.name);
  switch (node.kind) {
    case "pad":
      if (node.top + node.left + node.bottom + node.right === 0) return code;
      return borderOfCode(code, node.value)?.code ?? `${name} pads ${describe(code)} with ${node.value}`;
    case "maxPool": {
      // A kernel of one pixel moves levels as they are; else the largest level is no OR of its digits.
      if (code.method === "ternary" || code.weights.length === 1) return code;
      if (node.kernel[0] * node.kernel[1] === 1) return code;
      return `${name} takes the maximum of ${describe(code)}, which is none of their bits`;
    }
    case "concat":
      return joinedCode(codes) ?? `${name} joins ${[...new Set(codes.map(describe))].join(" to ")}`;
    default:
      return code;
  }
}
