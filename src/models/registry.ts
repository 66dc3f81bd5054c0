/** The names of networks, and `getModel`, which builds the one of a name. */
import { objectArgument, textArgument } from "../arguments.js";
import { XnorkitError } from "../errors.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import type { Graph } from "../graph/types.js";
import { type BaseNetVariant, baseNetDense } from "./base_net_dense.js";
import { type BaseNetKind, baseNetSpecs } from "./base_net_spec.js";
import { type BinetVariant, binet } from "./binet.js";
import { resnet } from "./resnet.js";
import { type ResnetEVariant, resnetE } from "./resnet_e.js";
import { type ResnetDepth, resnetDepths, resnetSpec } from "./resnet_spec.js";

/** What `getModel` takes: the options of the family that the name belongs to; another family's are refused by name. */
export interface ModelOptions extends ResnetEVariant, BaseNetVariant, BinetVariant {}

type Constructor = (options: ModelOptions & { readonly name: string }) => Graph;
type Entry = readonly [name: string, build: Constructor];

/** Depths whose blocks are basic ones; the bottleneck blocks of the others cannot be built in the source. */
const BASIC_DEPTHS: readonly ResnetDepth[] = [18, 34];
const versions = [1, 2] as const;

/* @__NO_SIDE_EFFECTS__ */
function constructorsByName(): ReadonlyMap<string, Constructor> {
  return new Map([
    ...versions.flatMap((version) =>
      resnetDepths.map(
        (depth): Entry => [
          `resnet${depth}_e${version}`,
          (options) => resnetE({ ...options, version, ...resnetSpec[depth] }),
        ],
      ),
    ),
    ...versions.flatMap((version) =>
      BASIC_DEPTHS.map(
        (depth): Entry => [
          `resnet${depth}_v${version}`,
          (options) => resnet({ ...options, version, ...resnetSpec[depth] }),
        ],
      ),
    ),
    ...BASIC_DEPTHS.map((depth): Entry => [`binet${depth}`, (options) => binet({ ...options, ...resnetSpec[depth] })]),
    ...Object.entries(baseNetSpecs).flatMap(([kind, specs]) =>
      Object.keys(specs).map(
        (spec): Entry => [
          /^\d/.test(spec) ? `${kind}${spec}` : `${kind}_${spec}`,
          (options) => baseNetDense({ ...options, kind: kind as BaseNetKind, spec }),
        ],
      ),
    ),
  ]);
}

const constructors = constructorsByName();

/** Names of BMXNet v2's model zoo that it cannot build itself, with what happens there. */
/* @__NO_SIDE_EFFECTS__ */
function reasonsByName(): ReadonlyMap<string, string> {
  return new Map([
    ...[50, 101, 152].flatMap((depth) => [
      ...versions.map((version): readonly [string, string] => [
        `resnet${depth}_v${version}`,
        `constructing its bottleneck blocks raises a TypeError there: use resnet${depth}_e1 or a depth of 18 or 34`,
      ]),
      [`binet${depth}`, "it has no bottleneck block there (KeyError): use binet18 or binet34"] as const,
    ]),
    ["meliusnet23", "its table has the row but no constructor: use meliusnet22, or meliusnet_flex with a blockConfig"],
    ["mobilenet1.0", "it asks for 2 bits explicitly, which raises an AssertionError under the default configuration"],
  ]);
}

const refused = reasonsByName();

/**
 * The names that `getModel` knows, those of BMXNet v2's model zoo: `resnet18_e1`, `resnet34_v2`, `binet18`,
 * `densenet28`, `meliusnet_a` ... The flex networks need a `blockConfig`.
 */
export function modelNames(): readonly string[] {
  return [...constructors.keys()];
}

/** @throws XnorkitError `unsupported` with the reason for names that BMXNet v2's model zoo has but cannot build. */
export function checkBuildable(name: string): void {
  const reason = refused.get(name);
  if (reason === undefined) return;
  throw new XnorkitError("unsupported", `${name} cannot be built in BMXNet v2 either: ${reason}`);
}

/**
 * Builds a network by its name in BMXNet v2's model zoo, `resnet18_e1` for example. Options and defaults are those of
 * its family: `resnetE`, `resnet`, `binet` or `baseNetDense`, which say what they throw.
 * @throws XnorkitError `unknown-name` with the closest names, and what `checkBuildable` throws.
 */
export function getModel(name: string, options: ModelOptions = {}): Graph {
  textArgument("getModel", "name", name);
  objectArgument("getModel", "options", "an object", options);
  const build = constructors.get(name);
  if (build !== undefined) return build({ ...options, name: options.name ?? name });
  checkBuildable(name);
  if (/^awnas_/.test(name)) {
    throw new XnorkitError("unsupported", `${quoteName(name)} is built by getAwnasModel of xnorkit/awnas`);
  }
  throw new XnorkitError(
    "unknown-name",
    `there is no model named ${quoteName(String(name))}: ${describeClosest(String(name), modelNames())}`,
  );
}
