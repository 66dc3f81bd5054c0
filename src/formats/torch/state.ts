/** The named tensors of a torch checkpoint: of a state dict, of one inside of another dict, or of a module that was pickled whole. */
import { XnorkitError } from "../../errors.js";
import { refuseCall } from "./globals.js";
import {
  describeValue,
  isDict,
  isObject,
  itemsOf,
  type PickleObject,
  type PickleValue,
  quoteText,
} from "./pickle_values.js";
import type { TorchFile } from "./storage.js";
import { tensorCall } from "./tensor.js";

type Entries = ReadonlyMap<PickleValue, PickleValue>;

/** Tensors by their name in the state dict, as the calls that rebuild them. */
export type NamedCalls = ReadonlyMap<string, PickleObject>;

/** Keys that training scripts give the state dict beside epoch and optimizer; AWNAS uses the first. */
const WRAPPERS = ["state_dict", "model_state_dict", "model_state", "model", "net", "weights", "params"];
const MAX_WRAPPERS = 4;

/** Bounds of a walk through dicts and modules, which may hold themselves. */
const MAX_ENTRIES = 1_000_000;
const MAX_DEPTH = 100;
const MAX_NAME = 1024;

const DICT_CLASSES: ReadonlySet<string> = new Set(["collections.OrderedDict", "collections.defaultdict"]);

/** The entries of a dict or OrderedDict; null of anything else. */
function entriesOf(value: PickleValue | undefined): Entries | null {
  if (value === undefined) return null;
  if (isDict(value)) return value.entries;
  if (!isObject(value) || !DICT_CLASSES.has(value.name)) return null;
  if (value.entries !== null) return value.entries;
  // Python 2 gives an OrderedDict its pairs as an argument.
  const pairs = (itemsOf(value.args[0] ?? null) ?? []).map((pair) => itemsOf(pair) ?? []);
  return new Map(pairs.filter((pair) => pair.length === 2).map(([key, item]) => [key, item]));
}

interface ModuleState {
  readonly parameters: Entries;
  readonly buffers: Entries;
  readonly children: Entries;
  readonly transient: ReadonlySet<PickleValue>;
}

/** What torch.nn.Module keeps under these names, by which a pickled module is known; null where there is none. */
function moduleState(value: PickleValue): ModuleState | null {
  const attributes = isObject(value) ? entriesOf(value.state) : null;
  const parameters = entriesOf(attributes?.get("_parameters"));
  const buffers = entriesOf(attributes?.get("_buffers"));
  const children = entriesOf(attributes?.get("_modules"));
  if (parameters === null || buffers === null || children === null) return null;
  const set = attributes?.get("_non_persistent_buffers_set") ?? null;
  const transient = itemsOf(isObject(set) ? (set.args[0] ?? null) : set) ?? [];
  return { parameters, buffers, children, transient: new Set(transient) };
}

/**
 * The tensors of a checkpoint: of its dict, of the dict or module under `state_dict` or a like key, of the module that it is.
 * @throws XnorkitError `bad-file` where there are none; `unsupported` with the name of a call that is not needed for them.
 */
export function namedTensors({ root, onlyInModules }: TorchFile): NamedCalls {
  const found = unwrap(root);
  if (moduleState(found) !== null) return collect(found, moduleMembers);
  if (onlyInModules !== null) throw refuseCall(onlyInModules);
  const entries = entriesOf(found);
  if (entries === null) {
    throw new XnorkitError(
      "bad-file",
      `the checkpoint holds ${tensorCall(found) === null ? describeValue(found) : "a tensor alone"}, expected a state_dict, a dict with one under "state_dict", or a module`,
    );
  }
  const tensors = collect(found, dictMembers);
  if (tensors.size > 0) return tensors;
  const keys = [...entries.keys()].slice(0, 8).map(showKey).join(", ");
  throw new XnorkitError(
    "bad-file",
    `the checkpoint holds no tensors${keys === "" ? "" : ` under its keys ${keys}`}, expected a state_dict or a dict with one under "state_dict"`,
  );
}

/** From a training checkpoint to its state dict or module. */
function unwrap(root: PickleValue): PickleValue {
  let found = root;
  for (let i = 0; i < MAX_WRAPPERS; i++) {
    const entries = entriesOf(found);
    if (entries === null || hasTensor(entries)) return found;
    const key = WRAPPERS.find(
      (wrapper) => entriesOf(entries.get(wrapper)) ?? moduleState(entries.get(wrapper) ?? null),
    );
    if (key === undefined) return found;
    found = entries.get(key)!;
  }
  return found;
}

function hasTensor(entries: Entries): boolean {
  for (const value of entries.values()) if (tensorCall(value) !== null) return true;
  return false;
}

function showKey(key: PickleValue): string {
  return typeof key === "string" ? quoteText(key) : describeValue(key);
}

/** @throws XnorkitError where the name is longer than any. */
function memberName(parent: string, key: PickleValue): string {
  const own = typeof key === "string" ? key : describeValue(key);
  const name = parent === "" ? own : `${parent}.${own}`;
  if (name.length <= MAX_NAME) return name;
  throw new XnorkitError(
    "bad-file",
    `the checkpoint has the name ${quoteText(name)} of ${name.length} characters, expected ${MAX_NAME} at most`,
  );
}

/** What a dict or module holds, in the order of its state dict. */
type Members = (value: PickleValue) => Iterable<readonly [PickleValue, PickleValue]>;

const dictMembers: Members = (value) => entriesOf(value) ?? [];

const moduleMembers: Members = (value) => {
  const state = moduleState(value);
  if (state === null) return [];
  const buffers = [...state.buffers].filter(([key]) => !state.transient.has(key));
  return [...state.parameters, ...buffers, ...state.children];
};

interface Place {
  readonly value: PickleValue;
  readonly name: string;
  readonly depth: number;
}

/** Walks depth first and in order; what is neither a tensor nor has members (None, numbers) is passed over. */
function collect(root: PickleValue, membersOf: Members): NamedCalls {
  const tensors = new Map<string, PickleObject>();
  const places: Place[] = [{ value: root, name: "", depth: 0 }];
  let visited = 0;
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { value, name, depth } = place;
    const call = tensorCall(value);
    if (call !== null) {
      if (tensors.has(name)) throw new XnorkitError("bad-file", `the checkpoint holds tensor ${quoteText(name)} twice`);
      tensors.set(name, call);
      continue;
    }
    const members: Place[] = [];
    for (const [key, member] of membersOf(value)) {
      if (++visited > MAX_ENTRIES || depth >= MAX_DEPTH) {
        throw new XnorkitError(
          "bad-file",
          `the checkpoint nests more than ${MAX_DEPTH} deep or holds more than ${MAX_ENTRIES} entries at ${quoteText(name)}: does it hold itself?`,
        );
      }
      members.push({ value: member, name: memberName(name, key), depth: depth + 1 });
    }
    places.push(...members.reverse());
  }
  return tensors;
}
