// Reads the kernels' sources with the compiler's own parser: what each export of assembly/index.ts is called with and
// its doc comment, and the constants whose doc comments end in `@host NAME`, the name under which the host knows them.
import { readdirSync, readFileSync } from "node:fs";
import { CommentKind, NodeKind, newOptions, newProgram, parse } from "assemblyscript";

const folder = new URL("../../assembly/", import.meta.url);

/** Decorators, and the comments that hush TypeScript about them, between a doc comment and what it is of. */
const DECORATORS = /(?:\/\/[^\n]*\n|@\w+\s*)*$/;

/** The statements of a file, and the text of the doc comment that stands right before a byte of it. */
function parseFile(name) {
  const text = readFileSync(new URL(`${name}.ts`, folder), "utf8");
  const program = newProgram(newOptions());
  const comments = new Map();
  program.parser.onComment = (kind, comment, { end }) => {
    if (kind === CommentKind.Block) comments.set(end, comment);
  };
  parse(program, text, `${name}.ts`, true);
  const [error] = program.diagnostics;
  if (error !== undefined) throw new Error(`assembly/${name}.ts: ${error.message}`);
  const docBefore = (start) => comments.get(text.slice(0, start).replace(DECORATORS, "").trimEnd().length) ?? "";
  return { statements: program.sources[program.sources.length - 1].statements, docBefore };
}

/** The first paragraph of a doc comment, in one line. */
function firstParagraph(comment) {
  const lines = comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\*?\s*/, "").trim());
  const start = lines.findIndex((line) => line !== "");
  const end = lines.indexOf("", start);
  return lines.slice(start, end < 0 ? undefined : end).join(" ");
}

function kernelOf(file, name) {
  const declared = file.statements.find(({ kind, name: of }) => {
    return kind === NodeKind.FunctionDeclaration && of.text === name;
  });
  if (declared === undefined) throw new Error(`assembly/index.ts exports ${name}, which is no function of its file`);
  const doc = firstParagraph(file.docBefore(declared.range.start));
  if (doc === "") throw new Error(`kernel ${name} has no doc comment: say what it computes, and its layouts`);
  const { parameters } = declared.signature;
  return {
    name,
    doc,
    parameters: parameters.map((parameter) => parameter.name.text),
    types: parameters.map(({ type }) => type.name.identifier.text),
  };
}

/** The comment at the head of assembly/index.ts, and every kernel in the order in which they stand there. */
export function readAbi() {
  const files = new Map();
  const index = parseFile("index");
  const kernels = index.statements.flatMap(({ kind, members, path }) => {
    if (kind !== NodeKind.Export) throw new Error("assembly/index.ts holds exports alone, one a line");
    const file = path.value.replace("./", "");
    if (!files.has(file)) files.set(file, parseFile(file));
    return members.map(({ exportedName }) => ({ file, ...kernelOf(files.get(file), exportedName.text) }));
  });
  return { comment: index.docBefore(index.statements[0].range.start), kernels };
}

/** A product of integers, as constants are written. */
function integer(text, place) {
  const factors = text.split("*").map((factor) => Number(factor.trim()));
  if (factors.every(Number.isSafeInteger)) return factors.reduce((a, b) => a * b);
  throw new Error(`${place} is ${text}: what the host knows must be an integer, or a product of integers`);
}

/** TANH, LEAKY_CLIP -> tanh: 0, leaky_clip: 1. */
function enumeration({ values }) {
  return Object.fromEntries(values.map(({ name }, index) => [name.text.toLowerCase(), index]));
}

/** The name, value and doc comment of every constant that the host knows. */
export function readConstants() {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .sort();
  return files.flatMap((file) => {
    const { statements, docBefore } = parseFile(file.replace(".ts", ""));
    return statements.flatMap((statement) => {
      const [, doc, name] = /^(.*) @host (\w+)$/.exec(firstParagraph(docBefore(statement.range.start))) ?? [];
      if (name === undefined) return [];
      const value =
        statement.kind === NodeKind.EnumDeclaration
          ? enumeration(statement)
          : integer(statement.declarations[0].initializer.range.toString(), `assembly/${file}: ${name}`);
      return [{ file: `assembly/${file}`, name, doc, value }];
    });
  });
}
