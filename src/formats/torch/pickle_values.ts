/**
 * What a pickle holds, as plain data: classes and functions are names, what Python would call is kept as a record of
 * the call.
 */
import { quoteName } from "../../graph/suggest.js";

/** A call or an instance that a pickle asks for. */
export interface PickleCall {
  readonly name: string;
  /** `instance` makes an object without calling its constructor (NEWOBJ), `call` calls a class or function. */
  readonly how: "call" | "instance";
  /** `opcode REDUCE at byte 12 of archive/data.pkl`. */
  readonly place: string;
}

export interface PickleList {
  readonly kind: "list" | "tuple" | "set";
  readonly items: PickleValue[];
}

export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** A class or function by its name, `torch._utils._rebuild_tensor_v2`. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
}

/** What a call or an instance would be; nothing was called. */
export interface PickleObject {
  readonly kind: "object";
  /** Of the class or function. */
  readonly name: string;
  /** What it would be made by, where that is nothing known (`isKnownCall`). */
  readonly unknown: PickleCall | null;
  readonly args: readonly PickleValue[];
  /** What BUILD gave, often a dict of attributes; null without. */
  state: PickleValue;
  /** Of a subclass of dict; null if none were set. */
  entries: Map<PickleValue, PickleValue> | null;
  /** Of a subclass of list or set; null if none were appended. */
  items: PickleValue[] | null;
}

/** Something that lies outside of the pickle. */
export interface PicklePersistent {
  readonly kind: "persistent";
  readonly id: PickleValue;
}

/** Containers may hold themselves: whoever walks them bounds the walk. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleObject
  | PicklePersistent;

type Structure = PickleList | PickleDict | PickleGlobal | PickleObject | PicklePersistent;

function isStructure(value: PickleValue): value is Structure {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

export function isObject(value: PickleValue): value is PickleObject {
  return isStructure(value) && value.kind === "object";
}

export function isGlobal(value: PickleValue): value is PickleGlobal {
  return isStructure(value) && value.kind === "global";
}

export function isPersistent(value: PickleValue): value is PicklePersistent {
  return isStructure(value) && value.kind === "persistent";
}

export function isDict(value: PickleValue): value is PickleDict {
  return isStructure(value) && value.kind === "dict";
}

/** A list or set that can still grow. */
export function isGrowing(value: PickleValue): value is PickleList {
  return isStructure(value) && (value.kind === "list" || value.kind === "set");
}

function isTuple(value: PickleValue): value is PickleList {
  return isStructure(value) && value.kind === "tuple";
}

/** The items of a list, tuple or set; null of anything else. */
export function itemsOf(value: PickleValue): readonly PickleValue[] | null {
  return isGrowing(value) || isTuple(value) ? value.items : null;
}

/** True for a whole number from 0 on that counts or indexes exactly. */
export function isCount(value: PickleValue): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A value as an error message calls it. */
export function describeValue(value: PickleValue): string {
  if (typeof value === "string") return `the text ${quoteName(value)}`;
  if (value === null) return "None";
  if (!isStructure(value)) return value instanceof Uint8Array ? "bytes" : `${value}`.slice(0, 100);
  switch (value.kind) {
    case "global":
      return value.name;
    case "object":
      return `an object of ${value.name}`;
    case "persistent":
      return "a storage";
    default:
      return `a ${value.kind}`;
  }
}
