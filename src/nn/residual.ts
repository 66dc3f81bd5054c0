/** A branch and what goes around it, added. */
import { XnorkitError } from "../errors.js";
import { type Block, isBlock } from "../graph/builder.js";

/**
 * body(x) + shortcut(x), channel by channel; without a shortcut body(x) + x. The blocks are registered as "body" and
 * "shortcut", the addition is the node "add".
 * @throws XnorkitError `bad-option` for what is no block; when built, `bad-shape` if both shapes are not the same.
 */
export function residual(body: Block, shortcut?: Block): Block {
  for (const [name, block] of Object.entries({ body, shortcut })) {
    if (isBlock(block) || (name === "shortcut" && block === undefined)) continue;
    throw new XnorkitError("bad-option", `${name} of residual must be { type, forward } as layers give it`);
  }
  return {
    type: "Residual",
    forward(scope, input) {
      const value = scope.child("body", body, input);
      const around = shortcut === undefined ? input : scope.child("shortcut", shortcut, input);
      return scope.add({ kind: "add", channelOffset: 0 }, [value, around], "add");
    },
  };
}
