/**
 * Changes of JSON as a tree: values of other types, ends of numbers, keys doubled, dropped and taken from elsewhere,
 * trees moved, lists made long, nests made deep. Text that is JSON itself (the graph in a packed model's header) is
 * changed within.
 */
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes } from "./bytes.js";

/** A list of entries, so that a key may occur twice; `raw` is written as it is. */
type Tree =
  | { kind: "object"; entries: [string, Tree][] }
  | { kind: "array"; items: Tree[] }
  | { kind: "text"; value: string }
  | { kind: "raw"; text: string };

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "array", items: value.map(treeOf) };
  if (typeof value === "string") return { kind: "text", value };
  if (value !== null && typeof value === "object") {
    return { kind: "object", entries: Object.entries(value).map(([key, item]) => [key, treeOf(item)]) };
  }
  return { kind: "raw", text: JSON.stringify(value) };
}

function write(tree: Tree): string {
  switch (tree.kind) {
    case "object":
      return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`;
    case "array":
      return `[${tree.items.map(write).join(",")}]`;
    case "text":
      return JSON.stringify(tree.value);
    case "raw":
      return tree.text;
  }
}

function all(tree: Tree, found: Tree[] = []): Tree[] {
  found.push(tree);
  if (tree.kind === "array") for (const item of tree.items) all(item, found);
  if (tree.kind === "object") for (const [, value] of tree.entries) all(value, found);
  return found;
}

const RAW = [
  ...["null", "true", "false", "0", "-0", "1", "-1", "2", "3", "0.5", "1e-300", "1e308", "1e999", "-1e999", "1e38"],
  ...["255", "256", "65536", "1048576", "1048577", "2147483647", "2147483648", "4294967296", "9007199254740993"],
  ...["1099511627776", "[]", "{}", '""', "[[]]", "[null]", "[1,1]", "[0,0]", "[1,1,1,1]", "NaN", "01", "'a'", ""],
];
const TEXTS = [
  ...["", "same", "input", "__proto__", "constructor", "toString", "\u0000", "\n", "\u202e", "\ud800", "a".repeat(600)],
  ...["a.".repeat(300), "NaN", "1", "null", "../../etc/passwd", "%s%n", "é".repeat(200)],
];

const copy = (tree: Tree): Tree => structuredClone(tree);

/** Makes one tree another in its place. */
function become(tree: Tree, other: Tree): void {
  for (const key of Object.keys(tree)) delete (tree as unknown as Record<string, unknown>)[key];
  Object.assign(tree, other);
}

/** What may stand in any place. */
function anything(trees: readonly Tree[], random: Random): Tree {
  const kind = random.next();
  if (kind < 0.45) return { kind: "raw", text: random.pick(RAW) };
  if (kind < 0.65) return { kind: "text", value: random.pick(TEXTS) };
  if (kind < 0.97) return copy(random.pick(trees));
  const depth = random.pick([2, 60, 63, 64, 65, 1000, 20_000]);
  const [open, close] = random.chance(0.5) ? ["[", "]"] : ['{"a":', "}"];
  return { kind: "raw", text: `${open.repeat(depth)}0${close.repeat(depth)}` };
}

function changeObject(entries: [string, Tree][], trees: readonly Tree[], random: Random): void {
  if (entries.length === 0) return;
  const at = random.below(entries.length);
  const [key, value] = entries[at];
  const kind = random.next();
  if (kind < 0.25) entries.splice(at, 1);
  else if (kind < 0.4) entries.splice(at, 0, [key, copy(value)]);
  else if (kind < 0.6) {
    const [taken, its] = random.pick(trees.flatMap((found) => (found.kind === "object" ? found.entries : [])));
    entries.push([taken, copy(its)]);
  } else if (kind < 0.75) entries[at] = [random.pick(TEXTS), value];
  else changeTree(value, trees, random);
}

function changeArray(items: Tree[], trees: readonly Tree[], random: Random): void {
  if (items.length === 0) {
    items.push(copy(random.pick(trees)));
    return;
  }
  const at = random.below(items.length);
  const kind = random.next();
  if (kind < 0.25) items.splice(at, 1);
  else if (kind < 0.45) items.splice(at, 0, copy(items[at]));
  else if (kind < 0.48) {
    const text = write(items[at]);
    const count = Math.min(random.pick([10, 1000, 20_000]), Math.floor(200_000 / (text.length + 1)));
    items.push({ kind: "raw", text: new Array(Math.max(1, count)).fill(text).join(",") });
  } else if (kind < 0.6) items.push(...items.splice(at, 1));
  else changeTree(items[at], trees, random);
}

function changeTree(tree: Tree, trees: readonly Tree[], random: Random): void {
  if (random.chance(0.33)) {
    become(tree, anything(trees, random));
  } else if (tree.kind === "object") {
    changeObject(tree.entries, trees, random);
  } else if (tree.kind === "array") {
    changeArray(tree.items, trees, random);
  } else if (tree.kind === "text") {
    const inner = /^[[{]/.test(tree.value) ? changeJson(tree.value, random) : null;
    tree.value = inner ?? (random.chance(0.5) ? random.pick(TEXTS) : tree.value.slice(random.below(3)));
  } else {
    const number = Number(tree.text);
    const nearby = [number + 1, number - 1, -number, number * 2, number / 3, number + 2 ** 20];
    become(tree, { kind: "raw", text: Number.isFinite(number) ? String(random.pick(nearby)) : random.pick(RAW) });
  }
}

/** JSON text with one to four changes; null if the text is none. */
export function changeJson(text: string, random: Random): string | null {
  let tree: Tree;
  try {
    tree = treeOf(JSON.parse(text));
  } catch {
    return null;
  }
  for (let change = 1 + random.below(4); change > 0; change--) {
    const trees = all(tree);
    changeTree(random.pick(trees), trees, random);
  }
  return write(tree);
}

/** Trees as a rule, now and then the text's bytes. */
export const mutateJson: Mutate = ({ bytes }, random, others) => {
  const changed = random.chance(0.9) ? changeJson(new TextDecoder().decode(bytes), random) : null;
  if (changed === null) return changeBytes(bytes, random, random.pick(others).bytes);
  const written = new TextEncoder().encode(changed);
  return random.chance(0.05) ? changeBytes(written, random) : written;
};
