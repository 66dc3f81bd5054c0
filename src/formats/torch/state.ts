/**
 * The named tensors of a torch checkpoint: of a state dict, of one inside of another dict, or of a module that was
 * pickled whole.
 */
import { type Budget, ENTRY_BYTES } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { quoteName } from "../../graph/suggest.js";
import { refuseCall } from "./globals.js";
import { describeValue, isDict, isObject, itemsOf, type PickleObject, type PickleValue } from "./pickle_values.js";
import type { TorchFile } from "./storage.js";
import { tensorCall } from "./tensor.js";

type Entries = ReadonlyMap<PickleValue, PickleValue>;

/** A tensor by its name in the state dict, as the call that rebuilds it. */
export type NamedCall = readonly [name: string, call: PickleObject];

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
  // Python 2 gives an OrderedDict its pairs as an argument. They are joined once: a dict may be looked at many times.
  value.entries ??= new Map(
    (itemsOf(value.args[0] ?? null) ?? []).flatMap((pair) => {
      const [key, item, ...more] = itemsOf(pair) ?? [];
      return key === undefined || item === undefined || more.length > 0 ? [] : [[key, item] as const];
    }),
  );
  return value.entries;
}

interface ModuleState {
  readonly parameters: Entries;
  readonly buffers: Entries;
  readonly children: Entries;
  readonly transient: ReadonlySet<PickleValue>;
}

/** What torch.nn.Module keeps under these names, by which a pickled module is known; null if there is none. */
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
 * The tensors of a checkpoint: of its dict, of the dict or module under `state_dict` or a like key, of the module that
 * it is.
 * @param budget Spent for every entry looked at.
 * @throws XnorkitError `bad-file` if there are none; `unsupported` with the name of a call that stands if weights
 *   belong.
 */
export function* namedTensors({ root }: TorchFile, budget: Budget): Generator<NamedCall> {
  const found = unwrap(root);
  const isModule = moduleState(found) !== null;
  const entries = entriesOf(found);
  if (!isModule && entries === null) {
    if (isObject(found) && found.unknown !== null) throw refuseCall(found.unknown);
    throw new XnorkitError(
      "bad-file",
      `the checkpoint holds ${tensorCall(found) === null ? describeValue(found) : "a tensor alone"}, ` +
        `expected a state_dict, a dict with one under "state_dict", or a module`,
    );
  }
  let count = 0;
  for (const named of walk(found, isModule ? moduleMembers : dictMembers, budget)) {
    count++;
    yield named;
  }
  if (isModule || count > 0) return;
  const keys = [...(entries?.keys() ?? [])].slice(0, 8).map(showKey).join(", ");
  throw new XnorkitError(
    "bad-file",
    `the checkpoint holds no tensors${keys === "" ? "" : ` under its keys ${keys}`}, expected a state_dict or a dict ` +
      `with one under "state_dict"`,
  );
}

/**
 * From a training checkpoint to its state dict or module. A wrapper that holds tensors wins over tensors beside it:
 * scripts keep the best accuracy, the loss, the state of random generators or the decay of an average as tensors.
 */
function unwrap(root: PickleValue): PickleValue {
  let found = root;
  for (let i = 0; i < MAX_WRAPPERS; i++) {
    const entries = entriesOf(found);
    if (entries === null) return found;
    const wrapped = WRAPPERS.map((wrapper) => entries.get(wrapper) ?? null);
    const inner =
      wrapped.find((value) => moduleState(value) !== null || hasTensor(entriesOf(value))) ??
      (hasTensor(entries) ? undefined : wrapped.find((value) => entriesOf(value) !== null));
    if (inner === undefined) return found;
    found = inner;
  }
  return found;
}

function hasTensor(entries: Entries | null): boolean {
  for (const value of entries?.values() ?? []) if (tensorCall(value) !== null) return true;
  return false;
}

function showKey(key: PickleValue): string {
  return typeof key === "string" ? quoteName(key) : describeValue(key);
}

/** @throws XnorkitError if the name is longer than any. */
function memberName(parent: string, key: PickleValue): string {
  const own = typeof key === "string" ? key : describeValue(key);
  const name = parent === "" ? own : `${parent}.${own}`;
  if (name.length <= MAX_NAME) return name;
  throw new XnorkitError(
    "bad-file",
    `the checkpoint has the name ${quoteName(name)} of ${name.length} characters, expected ${MAX_NAME} at most`,
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

/** A dict or module whose members are being walked through. */
interface Level {
  readonly name: string;
  readonly members: Iterator<readonly [PickleValue, PickleValue]>;
}

/**
 * Walks depth first and in order, and gives the tensors by their names; what is known to be no weight (None, numbers,
 * dates) is passed over.
 */
function* walk(root: PickleValue, membersOf: Members, budget: Budget): Generator<NamedCall> {
  const levels: Level[] = [{ name: "", members: membersOf(root)[Symbol.iterator]() }];
  let visited = 0;
  while (levels.length > 0) {
    const level = levels[levels.length - 1];
    const { done, value: member } = level.members.next();
    if (done === true) {
      levels.pop();
      continue;
    }
    const [key, value] = member;
    const name = memberName(level.name, key);
    if (++visited > MAX_ENTRIES || levels.length > MAX_DEPTH) {
      throw new XnorkitError(
        "bad-file",
        `the checkpoint nests more than ${MAX_DEPTH} deep or holds more than ${MAX_ENTRIES} entries at ` +
          `${quoteName(name)}: does it hold itself?`,
      );
    }
    budget.spend(ENTRY_BYTES + (level.name === "" ? 0 : name.length));
    const call = tensorCall(value);
    if (call !== null) {
      yield [name, call];
      continue;
    }
    if (isObject(value) && value.unknown !== null && moduleState(value) === null) throw refuseCall(value.unknown);
    levels.push({ name, members: membersOf(value)[Symbol.iterator]() });
  }
}
