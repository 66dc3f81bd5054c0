/** The stack machine of a pickle: its state, and the steps that move values about in it. */

import { type Budget, ENTRY_BYTES, ITEM_BYTES } from "../../budget.js";
import { quoteName } from "../../graph/suggest.js";
import type { PickleReader } from "./pickle_reader.js";
import { describeValue, isDict, isGrowing, isObject, type PickleCall, type PickleValue } from "./pickle_values.js";

/** What judges and resolves the names of a pickle. */
export interface PickleHost {
  /** True for a class or function that makes nothing but what is known to be no weight, or a tensor. */
  readonly isKnown: (name: string) => boolean;
  /**
   * Throws where the pickle may not have this call, whose name is not known. It is never executed, a record of it goes
   * into the value.
   */
  readonly checkUnknown: (call: PickleCall) => void;
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue, place: () => string) => PickleValue;
}

export interface Machine {
  readonly reader: PickleReader;
  readonly host: PickleHost;
  readonly name: string;
  readonly stack: PickleValue[];
  /** Heights of the stack where a MARK lies. */
  readonly marks: number[];
  /** By index; Python counts them up. */
  readonly memo: (PickleValue | undefined)[];
  readonly budget: Budget;
}

const MAX_STACK = 1_000_000;

export function push({ stack, reader }: Machine, value: PickleValue): void {
  if (stack.length >= MAX_STACK) throw reader.error(`has more than ${MAX_STACK} values on its stack, expected no more`);
  stack.push(value);
}

export function pop({ stack, marks, reader }: Machine): PickleValue {
  const floor = marks.length === 0 ? 0 : marks[marks.length - 1];
  if (stack.length <= floor) throw reader.error("takes a value from an empty stack: it is damaged");
  return stack.pop()!;
}

export function mark({ stack, marks, reader }: Machine): void {
  if (marks.length >= MAX_STACK) throw reader.error(`has more than ${MAX_STACK} marks, expected no more`);
  marks.push(stack.length);
}

/** POP takes a value, or a MARK where that lies on top. */
export function popValueOrMark(machine: Machine): void {
  const { stack, marks } = machine;
  if (marks.length > 0 && stack.length === marks[marks.length - 1]) marks.pop();
  else pop(machine);
}

/** The values above the last MARK, which goes too. */
export function popToMark({ stack, marks, reader }: Machine): PickleValue[] {
  const height = marks.pop();
  if (height === undefined) throw reader.error("looks for a MARK that is not there: it is damaged");
  return stack.splice(height);
}

/** The topmost value, which stays. */
export function top(machine: Machine): PickleValue {
  const value = pop(machine);
  machine.stack.push(value);
  return value;
}

/** The last `count` values, the topmost last. */
export function popMany({ stack, marks, reader }: Machine, count: number): PickleValue[] {
  const floor = marks.length === 0 ? 0 : marks[marks.length - 1];
  if (stack.length - count < floor) throw reader.error("takes a value from an empty stack: it is damaged");
  return stack.splice(stack.length - count);
}

/** So far an index may be ahead of those before it. */
const MAX_MEMO_GAP = 2 ** 16;

export function memoize({ memo, reader, budget }: Machine, index: number, value: PickleValue): void {
  if (index > memo.length + MAX_MEMO_GAP) {
    throw reader.error(`writes memo ${index} after ${memo.length} of them: it is damaged`);
  }
  budget.spend(ITEM_BYTES * Math.max(index + 1 - memo.length, 0));
  while (memo.length < index) memo.push(undefined);
  memo[index] = value;
}

export function memoIndex({ reader }: Machine): number {
  const text = reader.line();
  if (!/^\d{1,10}$/.test(text)) throw reader.error(`has ${quoteName(text)} for a memo index`);
  return Number(text);
}

export function recall(machine: Machine, index: number): void {
  const value = machine.memo[index];
  if (value === undefined) throw machine.reader.error(`looks for memo ${index}, which is not there: it is damaged`);
  push(machine, value);
}

export function append(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (isObject(target)) target.items ??= [];
  const list = isObject(target) || isGrowing(target) ? target.items : null;
  if (list === null) throw machine.reader.error(`appends to ${describeValue(target)}, expected a list or set`);
  machine.budget.spend(ITEM_BYTES * items.length);
  for (const item of items) list.push(item);
}

export function setItems(machine: Machine, pairs: readonly PickleValue[]): void {
  const target = top(machine);
  if (isObject(target)) target.entries ??= new Map();
  const entries = isObject(target) || isDict(target) ? target.entries : null;
  if (entries === null) throw machine.reader.error(`sets items of ${describeValue(target)}, expected a dict`);
  setPairs(machine, entries, pairs);
}

export function setPairs(
  { reader, budget }: Machine,
  entries: Map<PickleValue, PickleValue>,
  pairs: readonly PickleValue[],
): void {
  if (pairs.length % 2 !== 0) throw reader.error("sets a key without a value: it is damaged");
  budget.spend((ENTRY_BYTES * pairs.length) / 2);
  for (let i = 0; i < pairs.length; i += 2) {
    if (typeof pairs[i] === "string" && entries.has(pairs[i])) {
      throw reader.error(`sets the key ${describeValue(pairs[i])} of a dict twice, which Python never writes`);
    }
    entries.set(pairs[i], pairs[i + 1]);
  }
}
