/** The command line: finds the command, runs it, and turns what it throws into one line and an exit code. */
import { MAX_MESSAGE, XnorkitError } from "../errors.js";
import { describeClosest } from "../graph/suggest.js";
import { printable } from "../printable.js";
import { systemReason } from "./files.js";
import { badUsage } from "./options.js";
import type { Io } from "./output.js";

interface Command {
  /** What `--help` prints. */
  readonly usage: string;
  readonly run: (argv: readonly string[], io: Io) => Promise<void>;
}

interface CommandEntry {
  readonly does: string;
  /** Commands load what they need and no more: a start costs what the command costs. */
  readonly load: () => Promise<Command>;
}

const commands: ReadonlyMap<string, CommandEntry> = new Map([
  ["classify", { does: "say what pictures show", load: () => import("./classify.js") }],
  ["run", { does: "run a network on a tensor file", load: () => import("./run.js") }],
  ["evaluate", { does: "count correct answers on a data set", load: () => import("./evaluate.js") }],
  ["summary", { does: "print layers, shapes, operations and bytes", load: () => import("./summary.js") }],
  ["compare", { does: "set two networks side by side: what differs, and where", load: () => import("./compare.js") }],
  ["explain", { does: "answer questions about a network, with proofs by numbers", load: () => import("./explain.js") }],
  ["convert", { does: "write a packed model file, 1 bit a binary weight", load: () => import("./convert.js") }],
  ["bench", { does: "measure kernels, models, and other libraries beside", load: () => import("./bench.js") }],
]);

const usage = `xnorkit: binary neural networks on WebAssembly SIMD

usage: xnorkit COMMAND [options]

commands
${[...commands].map(([name, { does }]) => `  ${name.padEnd(10)} ${does}`).join("\n")}

  --help     after a command: its options
  --json     only JSON on stdout
  --verbose  the stack trace of an error
  --version  the version of xnorkit

Exit codes: 0 done, 1 bad input (or a failure), 2 bad usage.
`;

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  // As far from src/cli, where it is a source, as from dist/cli, where it is bundled.
  const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  return String(manifest.version);
}

async function dispatch(argv: readonly string[], io: Io): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined) throw badUsage(`a command is missing: one of ${[...commands.keys()].join(", ")} (or --help)`);
  if (name === "--help" || name === "-h" || name === "help") {
    io.stdout.write(usage);
    return;
  }
  if (name === "--version") {
    io.stdout.write(`${await version()}\n`);
    return;
  }
  const entry = commands.get(name);
  if (entry === undefined) {
    throw badUsage(`there is no command "${name}": ${describeClosest(name, commands.keys())} (or --help)`);
  }
  const command = await entry.load();
  const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (options.includes("--help") || options.includes("-h")) io.stdout.write(command.usage);
  else await command.run(rest, io);
}

/** An error as one line: what people can act on, or, for a mistake of the program itself, how to report it. */
function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = printable(message.replace(/\s*\n\s*/g, " "), MAX_MESSAGE);
  if (error instanceof XnorkitError) return `xnorkit: ${line}`;
  return `xnorkit: internal error: ${line} (run again with --verbose and report what it prints)`;
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
    io.stderr.write(`${errorLine(error)}\n`);
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
