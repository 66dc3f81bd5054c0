/** The command line: finds the command, runs it, and turns what it throws into one line and an exit code. */
import { type ErrorCode, MAX_MESSAGE, XnorkitError } from "../errors.js";
import { describeClosest, quoteName } from "../graph/suggest.js";
import { printable } from "../printable.js";
import type { CommandEntry, Commands } from "./command.js";
import { namesUrl } from "./fetched.js";
import { systemReason } from "./files.js";
import { badUsage } from "./options.js";
import type { Io } from "./output.js";

const commands: Commands = new Map([
  ["classify", { does: "say what pictures show", load: () => import("./classify.js") }],
  ["run", { does: "run a network on a tensor file", load: () => import("./run.js") }],
  ["evaluate", { does: "count correct answers on a data set", load: () => import("./evaluate.js") }],
  ["summary", { does: "print layers, shapes, operations and bytes", load: () => import("./summary.js") }],
  ["compare", { does: "set two networks side by side: what differs, and where", load: () => import("./compare.js") }],
  ["explain", { does: "answer questions about a network, with proofs by numbers", load: () => import("./explain.js") }],
  ["convert", { does: "write a packed model file, 1 bit a binary weight", load: () => import("./convert.js") }],
  ["compile", { does: "write a program: a network ready to run on one input", load: () => import("./compile.js") }],
  ["bench", { does: "measure kernels, models, and other libraries beside", load: () => import("./bench.js") }],
  ["completion", { does: "print what a shell needs to complete all this", load: () => import("./completion.js") }],
]);

const usage = `xnorkit: binary neural networks on WebAssembly SIMD

usage: xnorkit COMMAND [options]
       xnorkit help COMMAND

commands
${[...commands].map(([name, { does }]) => `  ${name.padEnd(10)} ${does}`).join("\n")}

  --help     after a command: its options
  --json     only JSON on stdout: the result, or { "error": { "code", "message" } }
  --verbose  the stack trace of an error
  --version  the version of xnorkit

A file may be named by its URL (https: or http:). XNORKIT_CACHE names a folder that keeps such files for the next time.
Exit codes: 0 done, 1 bad input (or a failure), 2 bad usage.
`;

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  // As far from src/cli, where it is a source, as from dist/cli, where it is bundled.
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}

function findCommand(name: string): CommandEntry {
  const entry = commands.get(name);
  if (entry !== undefined) return entry;
  throw badUsage(`there is no command ${quoteName(name)}: ${describeClosest(name, commands.keys())} (or --help)`);
}

/** What stands before a `--`, after which all are arguments. */
function optionsOf(argv: readonly string[]): readonly string[] {
  return argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
}

async function dispatch(argv: readonly string[], io: Io): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined) throw badUsage(`a command is missing: one of ${[...commands.keys()].join(", ")} (or --help)`);
  if (name === "--help" || name === "-h" || name === "help") {
    const [about] = rest.filter((word) => !word.startsWith("-"));
    io.stdout.write(name === "help" && about !== undefined ? (await findCommand(about).load()).usage : usage);
    return;
  }
  if (name === "--version") {
    io.stdout.write(`${await version()}\n`);
    return;
  }
  const command = await findCommand(name).load();
  const options = optionsOf(rest);
  if (options.includes("--help") || options.includes("-h")) io.stdout.write(command.usage);
  else {
    if (rest.some(namesUrl)) await (await import("./fetch_url.js")).fetchArguments(rest, io);
    await command.run(rest, io, commands);
  }
}

interface Failure {
  /** That of a XnorkitError, or "internal" for a mistake of the program itself. */
  readonly code: ErrorCode | "internal";
  /** One line: what people can act on, or how to report it. */
  readonly message: string;
}

function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  const line = printable(message.replace(/\s*\n\s*/g, " "), MAX_MESSAGE);
  if (error instanceof XnorkitError) return { code: error.code, message: line };
  return { code: "internal", message: `internal error: ${line} (run again with --verbose and report what it prints)` };
}

/**
 * Runs a command.
 * @param argv the arguments after the program's name.
 * @returns the exit code: 0 done, 1 bad input or failure, 2 bad usage.
 */
export async function main(argv: readonly string[], io: Io): Promise<0 | 1 | 2> {
  try {
    await dispatch(argv, io);
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    io.stderr.write(`xnorkit: ${failure.message}\n`);
    if (optionsOf(argv).includes("--json")) {
      const { printJson } = await import("./output.js");
      printJson(io, { error: failure });
    }
    if (argv.includes("--verbose") && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return error instanceof XnorkitError && error.code === "bad-usage" ? 2 : 1;
  }
}

/**
 * Runs the command of this process. A reader that closes the pipe early (`| head`) ends it quietly; where stdout cannot
 * be written otherwise, a full disk say, that is a failure.
 */
export async function runProcess(): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`xnorkit: stdout: ${systemReason(error)}\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => {}); // nobody is there to be told
  process.exitCode = await main(process.argv.slice(2), process);
}
