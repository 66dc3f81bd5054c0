/**
 * Writes every sign in one form: what steps.ts found to have two values, one below a threshold and one above, becomes
 * m + h * Sign(root - threshold) with the one own operator Sign, whose value at zero is +1, 0 or -1.
 */
import type { Shape } from "../../tensor.js";
import { type Network, type OnnxNode, OWN_DOMAIN, readers } from "./network.js";
import { type Rewritten, startEdit } from "./network_edit.js";
import { type Pieces, stepNumbers } from "./pieces.js";
import { followSteps } from "./steps.js";

/** m + h * Sign(root - threshold). */
interface SignForm {
  readonly root: string;
  readonly threshold: number;
  readonly half: number;
  readonly middle: number;
  readonly zero: -1 | 0 | 1;
}

/** The form of a step function; null if its two values are equal, or if its value at the threshold is another still. */
export function signForm(pieces: Pieces): SignForm | null {
  const numbers = stepNumbers(pieces);
  if (numbers === null || !numbers.every(Number.isFinite)) return null;
  const [below, at, above] = numbers;
  const middle = (below + above) / 2;
  const half = (above - below) / 2;
  if (half === 0) return null;
  const zero = at === below ? -1 : at === above ? 1 : at === middle ? 0 : null;
  return zero === null ? null : { root: pieces.root, threshold: pieces.threshold!, half, middle, zero };
}

/** The network with its signs in one form. Operators that only led to them are left for `prune`. */
export function canonicalizeSigns(network: Network, shapes: ReadonlyMap<string, Shape>): Rewritten {
  const found = followSteps(network, shapes);
  const forms = new Map<string, SignForm>();
  for (const [value, pieces] of found) {
    const form = signForm(pieces);
    if (form !== null) forms.set(value, form);
  }
  const readersOf = readers(network.nodes);
  // A step that only leads to another one of the same root need not be computed.
  const isWanted = (value: string) =>
    value === network.output || (readersOf.get(value) ?? []).some(({ outputs }) => !forms.has(outputs[0]));
  const edit = startEdit(network, shapes);
  // The operator that first has the sign's two values is the sign, whatever scales them later.
  const firsts = new Map<string, OnnxNode>();
  for (const node of network.nodes) {
    const [output] = node.outputs;
    const form = forms.get(output);
    const key = form === undefined ? "" : JSON.stringify([form.root, form.threshold, form.zero]);
    const first = firsts.get(key) ?? node;
    if (form !== undefined) firsts.set(key, first);
    const isOwn = node.domain === OWN_DOMAIN && node.op === "Sign";
    if (form === undefined || !isWanted(output) || (isOwn && form.root === node.inputs[0] && form.threshold === 0)) {
      edit.nodes.push(node);
      continue;
    }
    const { root, threshold, half, middle, zero } = form;
    const isPlain = half === 1 && middle === 0;
    const shifted =
      threshold === 0 ? root : edit.add(first, "threshold", "Sub", [root, edit.scalar(threshold, root)], root);
    const sign = edit.addOwn(first, "Sign", [shifted], { zero }, root, isPlain ? output : undefined);
    if (isPlain) continue;
    const scaled =
      half === 1
        ? sign
        : edit.add(node, "scale", "Mul", [sign, edit.scalar(half, root)], root, middle === 0 ? output : undefined);
    if (middle !== 0) edit.add(node, "shift", "Add", [scaled, edit.scalar(middle, root)], root, output);
  }
  return edit.finish();
}
