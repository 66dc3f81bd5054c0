/** What layers require of the value that they read. */
import { XnorkitError } from "../errors.js";
import type { Scope } from "../graph/builder.js";
import { quoteName } from "../graph/suggest.js";
import { formatShape } from "../tensor.js";

/** @throws XnorkitError `bad-shape` if a layer was given a number of channels (0: none) and reads another. */
export function checkInputChannels(scope: Scope, input: string, expected: number): void {
  const shape = scope.shape(input);
  if (expected === 0 || shape[1] === expected) return;
  throw new XnorkitError(
    "bad-shape",
    `layer ${quoteName(scope.path)} was given inChannels ${String(expected)}, but ${input} is ${formatShape(shape)}`,
  );
}

/** a + b of one shape, as node `name`. @throws XnorkitError `bad-shape` if the shapes differ. */
export function addSameShape(scope: Scope, a: string, b: string, name = "add"): string {
  const [first, second] = [formatShape(scope.shape(a)), formatShape(scope.shape(b))];
  if (first !== second) {
    throw new XnorkitError(
      "bad-shape",
      `${scope.path} adds ${a} of shape ${first} and ${b} of shape ${second}, which must be the same: the channel ` +
        "options do not fit each other there, or a convolution rounds an odd size up where a pooling rounds it down",
    );
  }
  return scope.add({ kind: "add", channelOffset: 0 }, [a, b], name);
}
