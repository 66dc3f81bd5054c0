import { XnorkitError } from "../errors.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import { type ResnetEVariant, resnetE } from "./resnet_e.js";
import { resnetDepths, resnetSpec } from "./resnet_spec.js";

type Constructor = (options: ResnetEVariant) => Graph;

const constructors: ReadonlyMap<string, Constructor> = new Map(
  ([1, 2] as const).flatMap((version) =>
    resnetDepths.map((depth): [string, Constructor] => {
      const name = `resnet${depth}_e${version}`;
      return [name, (options) => resnetE({ ...options, name: options.name ?? name, version, ...resnetSpec[depth] })];
    }),
  ),
);

/** The names that `getModel` knows: `resnet18_e1` to `resnet152_e2`. */
export function modelNames(): readonly string[] {
  return [...constructors.keys()];
}

/**
 * Builds a network by its name in BMXNet v2's model zoo, `resnet18_e1` for example. Options and defaults are `resnetE`'s.
 * @throws XnorkitError `unknown-name` with the closest names, and what `resnetE` throws.
 */
export function getModel(name: string, options: ResnetEVariant = {}): Graph {
  const build = constructors.get(name);
  if (build === undefined) {
    throw new XnorkitError(
      "unknown-name",
      `there is no model named ${quoteName(String(name))}: ${describeClosest(String(name), modelNames())}`,
    );
  }
  return build(options);
}
