/**
 * SHA-256 of the logits that a session gives on every golden and on the sample digits: the same bits on every machine,
 * so that a change of the house that moves one of them shows. Run as a script it writes hashes.json anew: when a change
 * is meant to move numbers, its commit says which and why.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createSession } from "../../src/runtime/session.js";
import type { Tensor } from "../../src/tensor.js";
import { AWNAS_FULL_GOLDEN, AWNAS_GOLDENS, BMXNET_GOLDENS, loadDigits, loadGolden } from "./support.js";

/** All networks of shared/goldens. */
export const HASHED_GOLDENS = [...BMXNET_GOLDENS, ...AWNAS_GOLDENS, AWNAS_FULL_GOLDEN] as const;

export const HASHES_FILE = fileURLToPath(new URL("hashes.json", import.meta.url));

function hash({ shape, data }: Tensor): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash("sha256").update(shape.join("x")).update(bytes).digest("hex");
}

/** The hash of one golden's logits. */
export async function goldenHash(name: string): Promise<string> {
  const golden = loadGolden(name);
  return hash((await createSession(golden)).run(golden.input));
}

/** The hash of the logits of the first 100 sample digits, given as pixels. */
export async function digitsHash(): Promise<string> {
  const { graph, weights, images } = loadDigits();
  const shape = [100, ...images.shape.slice(1)];
  const input = {
    shape,
    data: images.data.slice(
      0,
      shape.reduce((a, b) => a * b, 1),
    ),
  };
  return hash((await createSession({ graph, weights })).run(input));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const hashes: Record<string, string> = { digits: await digitsHash() };
  for (const name of HASHED_GOLDENS) hashes[name] = await goldenHash(name);
  writeFileSync(HASHES_FILE, `${JSON.stringify(hashes, null, 2)}\n`);
}
