/** The places where a shortcut meets the branch beside it, and what each of both brings to the result. */
import type { Node } from "../graph/types.js";
import { elementCount } from "../tensor.js";
import { expressionOf } from "./expression.js";
import type { Outline } from "./outline.js";
import type { Numbers } from "./proofs/numbers.js";
import { type Shortcut, shortcutsOf } from "./shortcuts.js";

/** One shortcut, with the values that meet. */
export interface Meeting {
  readonly shortcut: Shortcut;
  readonly node: Extract<Node, { kind: "add" | "concat" }>;
  /** Positions of the shortcut and of the other branch among the inputs. */
  readonly passed: number;
  readonly main: number;
}

/** All shortcuts of the network that are added or joined. */
export function meetingsOf({ parts, flow }: Outline): readonly Meeting[] {
  return parts.flatMap(({ units }) =>
    units.flatMap(({ nodes, from }) =>
      shortcutsOf(expressionOf(nodes, from), from).flatMap((shortcut): readonly Meeting[] => {
        const node = flow.byName.get(shortcut.addedAt);
        if (node?.kind !== "add" && node?.kind !== "concat") return [];
        const passed = node.inputs.indexOf(shortcut.layers.at(-1) ?? shortcut.reads);
        const main = node.inputs.findIndex((_, index) => index !== passed);
        return passed < 0 || main < 0 ? [] : [{ shortcut, node, passed, main }];
      }),
    ),
  );
}

/** The sum of two values, the second from a channel on, as `add` computes it. */
export function sumOf(node: Extract<Node, { kind: "add" }>, first: Numbers, second: Numbers): Numbers {
  const data = Float64Array.from(first.data);
  const places = elementCount(first.shape.slice(2));
  const [batch, channels] = first.shape;
  const own = second.shape[1];
  for (let image = 0; image < batch; image++) {
    const start = (image * channels + node.channelOffset) * places;
    for (let index = 0; index < own * places; index++) data[start + index] += second.data[image * own * places + index];
  }
  return { shape: first.shape, data };
}

function mean(data: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum += data[index];
  return sum / data.length;
}

/**
 * The part of `whole`'s variance that `part`, one of its summands, brings: cov(part, whole) / var(whole). Parts add up
 * to 1.
 */
export function shareOfVariance(part: ArrayLike<number>, whole: ArrayLike<number>): number {
  const [partMean, wholeMean] = [mean(part), mean(whole)];
  let covariance = 0;
  let variance = 0;
  for (let index = 0; index < whole.length; index++) {
    const distance = whole[index] - wholeMean;
    covariance += (part[index] - partMean) * distance;
    variance += distance * distance;
  }
  return variance === 0 ? 0 : covariance / variance;
}
