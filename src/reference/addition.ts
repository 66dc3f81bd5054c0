/** Additions: residuals, and slices of them. */
import { XnorkitError } from "../errors.js";
import type { AddNode } from "../graph/types.js";
import { formatShape, sameShape } from "../tensor.js";
import { mapSize, type Value } from "./value.js";

/**
 * a + b; if b has fewer channels it is added to channels [channelOffset, channelOffset + its channels) of a and the
 * others pass (the slices of BMXNet v2's ResNetE).
 * @throws XnorkitError `bad-shape` if the maps differ in another axis or b's channels reach past a's.
 */
function add(node: AddNode, [a, b]: readonly Value[]): Value {
  const sliced = [b.shape[0], a.shape[1], ...b.shape.slice(2)];
  const { batch, channels, positions } = mapSize(a);
  const sliceChannels = mapSize(b).channels;
  const first = node.channelOffset;
  if (!sameShape(sliced, a.shape) || first < 0 || first + sliceChannels > channels) {
    throw new XnorkitError(
      "bad-shape",
      `${node.name} adds ${formatShape(b.shape)} to ${formatShape(a.shape)} from channel ${first} on, which does not ` +
        "fit",
    );
  }
  const data = a.data.slice();
  for (let image = 0; image < batch; image++) {
    const target = (image * channels + first) * positions;
    const source = image * sliceChannels * positions;
    for (let i = 0; i < sliceChannels * positions; i++) data[target + i] += b.data[source + i];
  }
  return { shape: a.shape, data };
}

export const additions = { add };
