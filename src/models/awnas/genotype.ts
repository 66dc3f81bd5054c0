/**
 * Genotypes of AWNAS: the operations of the cells of each group, written as the arguments of a Python named tuple.
 * AWNAS gives the text to Python's eval (aw_nas/common.py, genotype_from_str); here it is parsed:
 *
 *     genotype   = ... "Genotype(" arguments ")" ... | arguments
 *     arguments  = [ argument { "," argument } [ "," ] ]
 *     argument   = [ field "=" ] ( connections | nodes )            field = group | group "_concat"
 *     connections = "[" [ connection { "," connection } [ "," ] ] "]"
 *     connection = "(" primitive "," from "," to ")"
 *     nodes      = "[" [ node { "," node } [ "," ] ] "]"
 *
 * Round and square brackets are exchangeable, as tuples and lists are to AWNAS.
 */
import { XnorkitError } from "../../errors.js";
import { describeClosest } from "../../graph/suggest.js";
import { describeToken, readTokens, type Token, type TokenReader } from "./genotype_tokens.js";

/** An operation of a cell between two of its nodes; nodes are numbered from the cell's inputs on. */
export interface Connection {
  readonly primitive: string;
  readonly from: number;
  readonly to: number;
}

/** What the cells of one group compute. */
export interface GenotypeGroup {
  /** `normal_0`, `reduce_1`. */
  readonly name: string;
  /** In the order of the text. */
  readonly connections: readonly Connection[];
  /**
   * The nodes that make the output, in the order of the text; null if the text does not say (the search space's
   * default).
   */
  readonly concat: readonly number[] | null;
}

/** The groups in the order of the search space. */
export interface Genotype {
  readonly groups: readonly GenotypeGroup[];
}

export interface GenotypeOptions {
  /** Names of the cell groups in their order: `reduce_i` for the reducing ones, else `normal_i`. */
  readonly groupNames: readonly string[];
}

/** Enough for any cell; what names a larger node or is longer is no genotype. */
const MAX_NODE = 1_000_000;
const MAX_CHARACTERS = 2 ** 20;

type Field = { readonly value: Token } & (
  | { readonly kind: "connections"; readonly connections: readonly Connection[] }
  | { readonly kind: "nodes"; readonly nodes: readonly number[] }
);

/**
 * Parses the text of a genotype: keyword or positional arguments, alone or in `Genotype(...)` anywhere in the text (the
 * rest is passed over, as AWNAS does).
 *
 * @throws XnorkitError `bad-option` with the column (and line, if there are several), what was expected there and what
 *   was found; for unknown, repeated and missing groups, connections to an earlier or the same node, and output nodes
 *   that do not exist.
 */
export function parseGenotype(text: string, { groupNames }: GenotypeOptions): Genotype {
  if (text.length > MAX_CHARACTERS) {
    throw new XnorkitError(
      "bad-option",
      `the genotype has ${text.length} characters, expected ${MAX_CHARACTERS} at most: is it another text?`,
    );
  }
  const call = /Genotype\s*\(/.exec(text);
  const start = call === null ? 0 : call.index + call[0].length;
  const tokens = readTokens(text, start);
  const { fields, end } = readArguments(tokens, groupNames, call === null ? "end" : ")");
  return {
    groups: groupNames.map((name) => {
      const field = fields.get(name);
      if (field?.kind !== "connections") {
        throw tokens.error(
          end,
          `the group ${name} is missing, expected ${groupNames.join(", ")}: ${name}=[('primitive', from, to), ...]`,
        );
      }
      const concat = fields.get(`${name}_concat`);
      if (concat?.kind !== "nodes") return { name, connections: field.connections, concat: null };
      const last = field.connections.reduce((largest, { to }) => Math.max(largest, to), 0);
      const missing = concat.nodes.find((node) => field.connections.length > 0 && node > last);
      if (missing === undefined) return { name, connections: field.connections, concat: concat.nodes };
      throw tokens.error(
        concat.value.at,
        `${name}_concat names node ${missing}, but the last node of ${name} is ${last}`,
      );
    }),
  };
}

/** The text that AWNAS writes for a genotype; `parseGenotype` reads it back. */
export function formatGenotype({ groups }: Genotype): string {
  const connections = groups.map((group) => {
    const tuples = group.connections.map(({ primitive, from, to }) => `('${primitive}', ${from}, ${to})`);
    return `${group.name}=[${tuples.join(", ")}]`;
  });
  const concats = groups.flatMap(({ name, concat }) =>
    concat === null ? [] : [`${name}_concat=[${concat.join(", ")}]`],
  );
  return [...connections, ...concats].join(", ");
}

function readArguments(
  tokens: TokenReader,
  groupNames: readonly string[],
  close: "end" | ")",
): { readonly fields: ReadonlyMap<string, Field>; readonly end: number } {
  const names = [...groupNames, ...groupNames.map((name) => `${name}_concat`)];
  const fields = new Map<string, Field>();
  const isEnd = ({ kind, text }: Token) => kind === "end" || (close === ")" && kind === "punctuation" && text === ")");
  let keyword: string | null = null;
  while (!isEnd(tokens.peek())) {
    const first = tokens.peek();
    if (first.kind === "name") {
      tokens.next();
      keyword = first.text;
      if (!names.includes(keyword)) {
        throw tokens.error(first.at, `there is no group ${describeToken(first)}: ${describeClosest(keyword, names)}`);
      }
      expectPunctuation(tokens, "=");
    } else if (keyword !== null) {
      throw tokens.error(
        first.at,
        `expected the name of a group (an argument after ${keyword}= needs one), but found ${describeToken(first)}`,
      );
    } else if (fields.size === names.length) {
      throw tokens.error(
        first.at,
        `expected no more than the ${names.length} arguments ${names.join(", ")}, but found ${describeToken(first)}`,
      );
    }
    const name = keyword ?? names[fields.size];
    if (fields.has(name)) throw tokens.error(first.at, `${name} is given twice`);
    fields.set(name, readField(tokens, name, groupNames.includes(name)));
    if (!isEnd(tokens.peek())) expectPunctuation(tokens, ",", close === ")" ? '")"' : "the end");
  }
  const end = tokens.peek().at;
  if (close === ")") expectPunctuation(tokens, ")");
  return { fields, end };
}

function readField(tokens: TokenReader, name: string, isGroup: boolean): Field {
  const value = tokens.peek();
  if (isGroup) {
    const expected = `the connections of ${name}, [('primitive', from, to), ...]`;
    const connections = readSequence(tokens, expected, () => readConnection(tokens, name));
    return { kind: "connections", value, connections };
  }
  const expected = `the output nodes of ${name.replace(/_concat$/, "")}, [node, ...]`;
  const nodes = readSequence(tokens, expected, () => readNode(tokens, "a node number"));
  return { kind: "nodes", value, nodes };
}

/** Items with commas between them, in brackets of either kind. */
function readSequence<T>(tokens: TokenReader, expected: string, readItem: () => T): readonly T[] {
  const close = openBracket(tokens, expected);
  const items: T[] = [];
  while (!isPunctuation(tokens.peek(), close)) {
    items.push(readItem());
    if (!isPunctuation(tokens.peek(), close)) expectPunctuation(tokens, ",", `"${close}"`);
  }
  tokens.next();
  return items;
}

function readConnection(tokens: TokenReader, group: string): Connection {
  const close = openBracket(tokens, `a connection ('primitive', from, to) of ${group}`);
  const primitive = tokens.next();
  if (primitive.kind !== "string" || !/^\w+$/.test(primitive.text)) {
    const hint = primitive.kind === "name" ? ": write it in quotes" : "";
    throw tokens.error(
      primitive.at,
      `expected the name of a primitive as 'xnor_resnet_block', but found ${describeToken(primitive)}${hint}`,
    );
  }
  expectPunctuation(tokens, ",");
  const from = readNode(tokens, "the number of the node that it comes from");
  expectPunctuation(tokens, ",");
  const place = tokens.peek().at;
  const to = readNode(tokens, "the number of the node that it goes to");
  if (isPunctuation(tokens.peek(), ",")) tokens.next();
  expectPunctuation(tokens, close);
  if (from >= to) {
    throw tokens.error(
      place,
      `${primitive.text} goes from node ${from} to node ${to}, but a node reads only nodes before it`,
    );
  }
  return { primitive: primitive.text, from, to };
}

function readNode(tokens: TokenReader, expected: string): number {
  const token = tokens.next();
  const node = Number(token.text);
  if (token.kind === "number" && node >= 0 && node <= MAX_NODE) return node;
  throw tokens.error(token.at, `expected ${expected}, but found ${describeToken(token)}`);
}

function isPunctuation({ kind, text }: Token, wanted: string): boolean {
  return kind === "punctuation" && text === wanted;
}

function openBracket(tokens: TokenReader, expected: string): "]" | ")" {
  const token = tokens.next();
  if (isPunctuation(token, "[")) return "]";
  if (isPunctuation(token, "(")) return ")";
  throw tokens.error(token.at, `expected ${expected}, but found ${describeToken(token)}`);
}

function expectPunctuation(tokens: TokenReader, wanted: string, otherwise?: string): void {
  const token = tokens.next();
  if (isPunctuation(token, wanted)) return;
  const expected = otherwise === undefined ? `"${wanted}"` : `"${wanted}" or ${otherwise}`;
  throw tokens.error(token.at, `expected ${expected}, but found ${describeToken(token)}`);
}
