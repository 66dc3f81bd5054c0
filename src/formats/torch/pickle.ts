/**
 * A reader of Python pickles (protocols 0 to 5) that executes nothing. Python's own reader is a stack machine some of
 * whose opcodes call what a file names; here those opcodes make records of the call, unless the host throws. Everything
 * is bounded: the number of opcodes, the depth of the stack, lengths by the bytes that are there, memory by the file's
 * budget; nothing recurs with the depth of the data.
 */
import { type Budget, MAP_BYTES, OBJECT_BYTES, SLOT_BYTES } from "../../budget.js";
import { XnorkitError } from "../../errors.js";
import { readLiteral } from "./pickle_literals.js";
import {
  append,
  type Machine,
  mark,
  memoIndex,
  memoize,
  type PickleHost,
  pop,
  popMany,
  popToMark,
  popValueOrMark,
  push,
  recall,
  setItems,
  setPairs,
  top,
} from "./pickle_machine.js";
import { OPCODES } from "./pickle_opcodes.js";
import { pickleReader } from "./pickle_reader.js";
import {
  describeValue,
  isGlobal,
  isObject,
  itemsOf,
  type PickleCall,
  type PickleList,
  type PickleValue,
} from "./pickle_values.js";

export type { PickleHost } from "./pickle_machine.js";
export type { PickleCall } from "./pickle_values.js";

export interface PickleRead {
  readonly value: PickleValue;
  /** Offset behind the pickle. */
  readonly end: number;
}

const HIGHEST_PROTOCOL = 5;
/** A network of 1000 layers, pickled whole, takes about half a million opcodes. */
const MAX_OPCODES = 8_000_000;

/** What names of Python 2, which protocols below 3 write, are in Python 3. */
const PYTHON_2_MODULES: Readonly<Record<string, string>> = { __builtin__: "builtins", copy_reg: "copyreg" };

/**
 * Reads the pickle that starts at `start`.
 *
 * @param name What messages call it.
 * @param budget What its values may take.
 * @throws XnorkitError `bad-file` with the offset if it is cut short or damaged, `unsupported` for opcodes that
 *   refer to data outside (EXT, buffers), and what the host throws.
 */
export function readPickle(bytes: Uint8Array, name: string, host: PickleHost, budget: Budget, start = 0): PickleRead {
  const reader = pickleReader(bytes, name, start);
  const machine: Machine = { reader, host, name, stack: [], marks: [], memo: [], budget };
  for (let count = 0; count < MAX_OPCODES; count++) {
    const code = reader.opcode();
    const opcode = OPCODES.get(code);
    if (opcode === undefined) {
      throw reader.error(`has the byte 0x${code.toString(16).padStart(2, "0")}, which is no opcode: it is damaged`);
    }
    if (opcode === "STOP") return { value: pop(machine), end: reader.position() };
    const literal = readLiteral(opcode, reader, budget);
    if (literal !== undefined) push(machine, literal);
    else step(machine, opcode);
  }
  throw reader.error(`goes on after ${MAX_OPCODES} opcodes, expected no more`);
}

function pushSequence(machine: Machine, kind: PickleList["kind"], items: PickleValue[]): void {
  machine.budget.spend(2 * OBJECT_BYTES + SLOT_BYTES * items.length);
  push(machine, { kind, items });
}

function step(machine: Machine, opcode: string): void {
  const { reader, budget } = machine;
  switch (opcode) {
    case "PROTO": {
      const protocol = reader.uint8();
      if (protocol <= HIGHEST_PROTOCOL) return;
      throw reader.error(`is of protocol ${protocol}, expected ${HIGHEST_PROTOCOL} at most`);
    }
    case "FRAME":
      reader.uint64();
      return;
    case "MARK":
      mark(machine);
      return;
    case "POP":
      popValueOrMark(machine);
      return;
    case "POP_MARK":
      popToMark(machine);
      return;
    case "DUP":
      push(machine, top(machine));
      return;
    case "TUPLE":
      pushSequence(machine, "tuple", popToMark(machine));
      return;
    case "TUPLE1":
    case "TUPLE2":
    case "TUPLE3":
      pushSequence(machine, "tuple", popMany(machine, Number(opcode.at(-1))));
      return;
    case "LIST":
      pushSequence(machine, "list", popToMark(machine));
      return;
    case "FROZENSET":
      pushSequence(machine, "set", popToMark(machine));
      return;
    case "DICT": {
      budget.spend(OBJECT_BYTES + MAP_BYTES);
      const entries = new Map<PickleValue, PickleValue>();
      setPairs(machine, entries, popToMark(machine));
      push(machine, { kind: "dict", entries });
      return;
    }
    case "APPEND": {
      const item = pop(machine);
      append(machine, [item]);
      return;
    }
    case "APPENDS":
    case "ADDITEMS":
      append(machine, popToMark(machine));
      return;
    case "SETITEM":
      setItems(machine, popMany(machine, 2));
      return;
    case "SETITEMS":
      setItems(machine, popToMark(machine));
      return;
    case "BUILD": {
      const state = pop(machine);
      const object = top(machine);
      if (!isObject(object)) throw reader.error(`gives ${describeValue(object)} a state, which only objects have`);
      object.state = state;
      return;
    }
    case "PUT":
      memoize(machine, memoIndex(machine), top(machine));
      return;
    case "BINPUT":
      memoize(machine, reader.uint8(), top(machine));
      return;
    case "LONG_BINPUT":
      memoize(machine, reader.uint32(), top(machine));
      return;
    case "MEMOIZE":
      memoize(machine, machine.memo.length, top(machine));
      return;
    case "GET":
      recall(machine, memoIndex(machine));
      return;
    case "BINGET":
      recall(machine, reader.uint8());
      return;
    case "LONG_BINGET":
      recall(machine, reader.uint32());
      return;
    default:
      stepOutside(machine, opcode);
  }
}

/** The opcodes that refer to something outside of the pickle: names, calls, storages. */
function stepOutside(machine: Machine, opcode: string): void {
  const { reader, host } = machine;
  const place = () => placeOf(machine, opcode);
  switch (opcode) {
    case "GLOBAL":
      push(machine, readGlobal(machine, reader.line(), reader.line()));
      return;
    case "STACK_GLOBAL": {
      const [module, name] = popMany(machine, 2);
      if (typeof module !== "string" || typeof name !== "string") {
        throw reader.error(
          `names ${describeValue(module)} and ${describeValue(name)}, expected the texts of a module and a name`,
        );
      }
      push(machine, readGlobal(machine, module, name));
      return;
    }
    case "REDUCE": {
      const [callee, args] = popMany(machine, 2);
      call(machine, callee, argumentsOf(machine, args), "call", place);
      return;
    }
    case "NEWOBJ": {
      const [callee, args] = popMany(machine, 2);
      call(machine, callee, argumentsOf(machine, args), "instance", place);
      return;
    }
    case "NEWOBJ_EX": {
      const [callee, args] = popMany(machine, 3);
      call(machine, callee, argumentsOf(machine, args), "instance", place);
      return;
    }
    case "INST": {
      const callee = readGlobal(machine, reader.line(), reader.line());
      call(machine, callee, popToMark(machine), "call", place);
      return;
    }
    case "OBJ": {
      const [callee, ...args] = popToMark(machine);
      if (callee === undefined) throw reader.error("makes an object without a class: it is damaged");
      call(machine, callee, args, "call", place);
      return;
    }
    case "BINPERSID":
      push(machine, host.persistent(pop(machine), place));
      return;
    case "PERSID":
      push(machine, host.persistent(reader.line(), place));
      return;
    default:
      throw new XnorkitError(
        "unsupported",
        `the pickle refers to data outside of it (${place()}), which no torch checkpoint does: is it another file?`,
      );
  }
}

function placeOf({ reader, name }: Machine, opcode: string): string {
  return `opcode ${opcode} at byte ${reader.opcodeAt()} of ${name}`;
}

/** A dotted name of Python, whose letters may be of any script. */
const DOTTED_NAME = /^[\p{L}\p{N}_.<>]{1,256}$/u;

function readGlobal({ reader, budget }: Machine, module: string, name: string): PickleValue {
  if (!DOTTED_NAME.test(module) || !DOTTED_NAME.test(name)) {
    throw reader.error(`names ${describeValue(`${module}.${name}`)}, which is no name in Python: it is damaged`);
  }
  budget.spend(3 * OBJECT_BYTES);
  return { kind: "global", name: `${PYTHON_2_MODULES[module] ?? module}.${name}` };
}

/** Makes the record of a call. */
function call(
  machine: Machine,
  callee: PickleValue,
  args: readonly PickleValue[],
  how: PickleCall["how"],
  place: () => string,
): void {
  if (!isGlobal(callee)) {
    throw new XnorkitError(
      "unsupported",
      `the pickle calls ${describeValue(callee)} (${place()}), but only named classes and functions can be ` +
        "known to be harmless",
    );
  }
  const { host, budget } = machine;
  const { name } = callee;
  const unknown = host.isKnown(name) ? null : { name, how, place: place() };
  if (unknown !== null) host.checkUnknown(unknown);
  budget.spend(2 * OBJECT_BYTES);
  push(machine, { kind: "object", name, unknown, args, state: null, entries: null, items: null });
}

function argumentsOf({ reader }: Machine, args: PickleValue): readonly PickleValue[] {
  const items = itemsOf(args);
  if (items === null) throw reader.error(`has ${describeValue(args)} for arguments, expected a tuple`);
  return items;
}
