/** Weights whose names carry what a training script wrapped its network in. */
import { mapArgument } from "../arguments.js";
import { isKnownExtra, parameterSpecs } from "../graph/parameters.js";
import type { Graph } from "../graph/types.js";
import type { Weight, Weights } from "../weights.js";

/** What torch's DataParallel, torch.compile, and Lightning and like scripts put before every name. */
const WRAPPERS = ["module.", "_orig_mod.", "model."];
const MAX_WRAPPERS = 4;

/**
 * The wrappers before every name (`module._orig_mod.`) without which all names fit the graph: each parameter is there,
 * and nothing else but what frameworks are known to save beside. Empty where the names fit as they are, or do not fit
 * either way.
 */
export function wrapperOf(graph: Graph, names: Iterable<string>): string {
  const wanted = parameterSpecs(graph).map(({ name }) => name);
  const known = new Set(wanted);
  const stored = [...names];
  const fits = (prefix: string) => {
    const bare = new Set(stored.map((name) => name.slice(prefix.length)));
    return wanted.every((name) => bare.has(name)) && [...bare].every((name) => known.has(name) || isKnownExtra(name));
  };
  let prefix = "";
  for (let wrappers = 0; wrappers <= MAX_WRAPPERS; wrappers++) {
    if (fits(prefix)) return prefix;
    const next = WRAPPERS.find((wrapper) => stored.every((name) => name.startsWith(wrapper, prefix.length)));
    if (next === undefined || stored.length === 0) break;
    prefix += next;
  }
  return "";
}

/** The note that says what was left out. */
export function describePrefix(prefix: string): string {
  return `"${prefix}" stands before every name of the weights and was left out: the network's names fit without it`;
}

/** Entries by their names without a prefix that all of them have. */
export function withoutPrefix<T>(entries: ReadonlyMap<string, T>, prefix: string): ReadonlyMap<string, T> {
  return prefix === "" ? entries : new Map([...entries].map(([name, entry]) => [name.slice(prefix.length), entry]));
}

/** What `fitWeights` gives. */
export interface FittedWeights {
  readonly weights: Weights;
  /** What stood before every name and was left out: `module.`, or empty. */
  readonly prefix: string;
}

/**
 * The weights under the names that the graph has for them: `module.`, `_orig_mod.` and `model.` before every name,
 * which torch's DataParallel, torch.compile and training scripts add, are left out where all names fit then. Names that
 * fit no such way stay as they are, for `createSession` to say which is missing.
 */
export function fitWeights(graph: Graph, weights: Weights): FittedWeights {
  mapArgument("fitWeights", "weights", "a Map of weights by name", weights);
  const prefix = wrapperOf(graph, weights.keys());
  return { weights: withoutPrefix<Weight>(weights, prefix), prefix };
}
