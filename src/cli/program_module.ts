/**
 * Programs as ES modules: everything in one file, or for hosts that compile no bytes with the kernels and the program
 * as files beside it. The runner is the package's own, bundled when the package is built.
 */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { XnorkitError } from "../errors.js";
import { escapeText } from "../printable.js";
import { isFile, readBytes, readText } from "./files.js";
import { badUsage } from "./options.js";
import { writeFileWhole, writeText } from "./write_file.js";

/** `any` host that compiles bytes, or workerd and its kin, which import them compiled. */
export type ModuleHost = "any" | "workerd";

/** @throws XnorkitError `bad-usage` if there is no such host. */
export function readModuleHost(value: string | undefined): ModuleHost {
  if (value === undefined || value === "any") return "any";
  if (value === "workerd") return value;
  throw badUsage(`--host is "${value}", expected any or workerd`);
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
}

interface ModuleOptions {
  readonly host: ModuleHost;
  /** Of the network, for the comment at the head. */
  readonly name: string;
}

/** A built file: src/cli, where this is a source, and dist/cli, where it is bundled, are equally deep. */
async function builtFile(path: string): Promise<string> {
  const found = fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
  if (await isFile(found)) return found;
  throw new XnorkitError("unsupported", `dist/${path} is not built, and modules hold it: run npm run build`);
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** A text that no comment is ended by. */
const commented = (text: string) => escapeText(text).replaceAll("*/", "* /").slice(0, 200);

/** Imports a file beside the module. */
const importLine = (name: string, file: string) => `import ${name} from ${JSON.stringify(`./${file}`)};`;

function head(name: string): string {
  return `/**
 * ${commented(name)}, compiled by xnorkit (MIT). load(options) gives what loadProgram of xnorkit/program
 * gives: run, tap, profile, inputShape, labels, dispose.
 */`;
}

/**
 * Writes a module, and what stands beside it.
 * @throws XnorkitError that starts with the path if it cannot be written.
 */
export async function writeModule(
  path: string,
  program: Uint8Array,
  { host, name }: ModuleOptions,
): Promise<readonly WrittenFile[]> {
  const runner = (await readText(await builtFile("lib/runner.js"))).trim();
  const kernels = await readBytes(await builtFile("wasm/simd.wasm"));
  const files: [path: string, contents: Uint8Array | string][] = [];
  if (host === "any") {
    const text = `${head(name)}
${runner}
const kernels = "${base64(kernels)}";
const program = "${base64(program)}";

export const load = (options) =>
  xnorkit.loadProgram(xnorkit.base64Bytes(program), { wasm: xnorkit.base64Bytes(kernels), ...options });
`;
    files.push([path, text]);
  } else {
    const stem = path.replace(/\.m?js$/i, "");
    const text = `${head(name)}
${importLine("kernels", `${basename(stem)}.wasm`)}
${importLine("program", `${basename(stem)}.bin`)}
${runner}

export const load = (options) => xnorkit.loadProgram(program, { wasm: kernels, ...options });
`;
    files.push([`${stem}.wasm`, kernels], [`${stem}.bin`, program], [path, text]);
  }
  const written: WrittenFile[] = [];
  for (const [file, contents] of files) {
    if (typeof contents === "string") await writeText(file, contents);
    else await writeFileWhole(file, (write) => write(contents));
    written.push({ path: file, bytes: typeof contents === "string" ? Buffer.byteLength(contents) : contents.length });
  }
  return written;
}
