/** Program files where the command line takes a model: `--model X.xnorprog`. */

import type { Ports } from "../classify/port_layout.js";
import { findReader } from "../formats/readers.js";
import { SNIFF_BYTES } from "../formats/sniff.js";
import type { ThreadChoice } from "../runtime/open_kernels.js";
import { loadProgram, type Program } from "../runtime/program.js";
import { atPath, isFile, readBytes, withFile } from "./files.js";
import { badUsage } from "./options.js";

/** The bytes of a program file; null if the path is none, or no file. */
export async function readProgramFile(path: string): Promise<Uint8Array | null> {
  if (!(await isFile(path))) return null;
  const start = await withFile(path, (file) => file.read(0, Math.min(file.size, SNIFF_BYTES)));
  return findReader(path, start)?.name === "a program" ? readBytes(path) : null;
}

/** What commands ask of networks, and what was decided when a program was compiled. */
const DECIDED = [
  ...(["weights", "random-weights", "reference", "labels"] as const),
  ...(["preprocess", "mean", "std", "input-shape"] as const),
];

type Choice = { readonly model?: string } & { readonly [K in (typeof DECIDED)[number]]?: string | boolean };

/**
 * The program that a command's --model names; null if it names another kind of model.
 * @throws XnorkitError that starts with the path if it cannot run here, `bad-usage` if an option is given that is about
 *   networks.
 */
export async function openProgram(choice: Choice, threads?: ThreadChoice): Promise<Program | null> {
  const { model: path } = choice;
  const bytes = path === undefined ? null : await readProgramFile(path);
  if (path === undefined || bytes === null) return null;
  const given = DECIDED.find((option) => choice[option] !== undefined);
  if (given !== undefined) {
    throw badUsage(`--${given} is of no use to ${path}: it is a program, in which that is decided already`);
  }
  return atPath(path, () => loadProgram(bytes, { threads }));
}

/** What a program knows of its network's ports. */
export function portsOf({ name, inputShape, layout, preprocess, labels }: Program): Ports {
  return { name, inputShape, layout, ...(preprocess && { preprocess }), ...(labels && { labels }) };
}
