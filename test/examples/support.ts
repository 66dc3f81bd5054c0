/** Pictures to post, and the examples as processes of their own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import encodeJpegFile, { init as initJpegEncoder } from "@jsquash/jpeg/encode.js";
import { PNG } from "pngjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));

const installed = (name: string) => join(root, "test/runtimes/node_modules", name);
export const runtimes = {
  workerd: installed("@cloudflare/workerd-linux-64/bin/workerd"),
  bun: installed("@oven/bun-linux-x64/bin/bun"),
  deno: installed("@deno/linux-x64-glibc/deno"),
} as const;

/** The `skip` option of a test that needs a runtime; with XNORKIT_NO_SKIP it fails instead. */
export function skipWithoutRuntime(name: keyof typeof runtimes): string | false {
  if (existsSync(runtimes[name]) || process.env.XNORKIT_NO_SKIP) return false;
  return `${name} is not installed (npm ci --prefix test/runtimes)`;
}

export const samplePaths: readonly string[] = Array.from({ length: 10 }, (_, i) => `examples/digits/${i}.png`);

/** The ten sample digits as PNG files; each shows its index. */
export const samples = samplePaths.map((path) => new Uint8Array(readFileSync(join(root, path))));

/** A PNG of one grey level. */
export function blankPng(side: number, level: number): Uint8Array {
  const png = new PNG({ width: side, height: side });
  png.data.fill(level);
  for (let alpha = 3; alpha < png.data.length; alpha += 4) png.data[alpha] = 255;
  return new Uint8Array(PNG.sync.write(png));
}

let encoder: Promise<unknown> | undefined;

/** The picture of a PNG file as a JPEG file. */
export async function toJpeg(png: Uint8Array): Promise<Uint8Array> {
  const wasm = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm");
  encoder ??= Promise.resolve(initJpegEncoder(new WebAssembly.Module(readFileSync(wasm))));
  await encoder;
  const { width, height, data } = PNG.sync.read(Buffer.from(png));
  const pixels = { width, height, data: new Uint8ClampedArray(data), colorSpace: "srgb" } as ImageData;
  return new Uint8Array(await encodeJpegFile(pixels, { quality: 90 }));
}

/** Runs a command in the repository, bounded in time, and returns what it printed. */
export function runCommand(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", timeout: 120_000 });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Starts a server of the examples on a free port; it prints its address when it listens. */
export async function startServer(
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [script], {
    cwd: root,
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = line.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
    if (url !== undefined) return { url, child };
  }
  throw new Error(`${script} stopped before it listened`);
}

/** Stops a server as a terminal does; returns its exit code. */
export async function stopServer(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  child.kill("SIGINT");
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

/** A script of the examples, which are plain JavaScript; the caller states what it exports. */
export async function importExample<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(join(root, "examples", path)).href)) as T;
}
