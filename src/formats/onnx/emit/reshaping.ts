/** Operators that change how axes are seen; only a map that becomes a list of features needs a node. */
import { formatShape, type Shape } from "../../../tensor.js";
import type { OnnxNode } from "../network.js";
import { ownNumber } from "../network_edit.js";
import type { Known } from "../ops/row.js";
import { operatorRow } from "../ops/table.js";
import { permutation } from "../ops/views.js";
import { type Emission, type Emitter, unsupported } from "./emitter.js";
import type { ValueOperand } from "./operand.js";
import { plainOperand } from "./operand.js";
import { identityView, reshapeView, viewShape } from "./view.js";

function valueAt(node: OnnxNode, emitter: Emitter): ValueOperand {
  const x = emitter.operand(node, 0);
  return x.kind === "value" ? x : unsupported(node, "rearranges a constant");
}

export const transpose: Emission = (node, emitter) => {
  const x = valueAt(node, emitter);
  return { ...x, view: permutation(node, x.view.length).map((axis) => x.view[axis]) };
};

/** The shape in the file that a node gives, from the shape that it reads. */
function targetShape(node: OnnxNode, emitter: Emitter, shape: Shape): Shape {
  const inputs = node.inputs.map((input, index): Known | null => {
    if (index === 0) return { shape, constant: null };
    if (input === "") return null;
    const constant = emitter.constant(node, index);
    return { shape: constant.shape, constant };
  });
  const found = operatorRow(node)?.shapes(node, inputs)[0] ?? null;
  return found ?? unsupported(node, "has a shape that depends on the run");
}

/** True if channels and pixels became one axis. */
function joinsChannels(view: readonly (readonly number[])[]): boolean {
  const hasChannels = view.some((axes) => axes.length === 1 && axes[0] === 1);
  return view.some((axes) => axes.length > 1 && !(hasChannels && axes.join() === "2,3"));
}

export const reshape: Emission = (node, emitter) => {
  const read = valueAt(node, emitter);
  const x = read.frame === null ? read : emitter.finish(node, read);
  const shape = emitter.shape(x.value);
  const target = targetShape(node, emitter, viewShape(x.view, shape));
  const view = reshapeView(x.view, shape, target);
  if (view === null) {
    return unsupported(node, `makes ${formatShape(target)} of ${formatShape(viewShape(x.view, shape))}`);
  }
  if (!joinsChannels(view)) return { ...x, view };
  const flat = emitter.vector(node, { ...x, view });
  const features = view.findIndex((axes, index) => index > 0 && axes.length > 1);
  return { ...flat, view: view.map((_, index) => (index === 0 ? [0] : index === features ? [1] : [])) };
};

/** To the shape that the value has already. */
export const expand: Emission = (node, emitter) => {
  const x = valueAt(node, emitter);
  const found = viewShape(x.view, emitter.shape(x.value));
  const target = targetShape(node, emitter, found);
  if (target.join() === found.join()) return x;
  return unsupported(node, `repeats a value of ${formatShape(found)} to ${formatShape(target)}`);
};

/** The own operator: channels of groups take turns. */
export const channelShuffle: Emission = (node, emitter) => {
  const x = emitter.map(node, emitter.plain(node, 0));
  const value = emitter.add(node, { kind: "channelShuffle", groups: ownNumber(node, "groups") }, [x.value]);
  return plainOperand(value, identityView(4), x.numbers);
};
