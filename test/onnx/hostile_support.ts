/** The files that tests damage, and how a damaged one may end: in one sentence, or in a valid graph. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { XnorkitError } from "../../src/errors.js";
import { inferShapes } from "../../src/graph/shapes.js";
import { importOnnx } from "../../src/onnx.js";
import { sharedPath } from "../support/shared.js";
import type { Victim } from "./mutate.js";

/** The goldens, and the trained networks of FINN and QONNX for their operators. */
export function victims(): readonly Victim[] {
  const from = (folder: string, pattern: RegExp) =>
    readdirSync(sharedPath(folder))
      .filter((name) => pattern.test(name))
      .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(sharedPath(`${folder}/${name}`))) }));
  return [...from("goldens/onnx", /\.onnx$/), ...from("data/onnx", /^tfc.*\.onnx$/)];
}

/** The files beside the goldens. */
export function besideVictims(): Readonly<Record<string, Uint8Array>> {
  const names = ["torch26_external_data.onnx.data", "torch26_functions.onnx.data"];
  return Object.fromEntries(names.map((name) => [name, readFileSync(sharedPath(`goldens/onnx/${name}`))]));
}

/** True if the file is imported; fails on anything else than a graph or a XnorkitError of one sentence. */
export function isImported(
  bytes: Uint8Array,
  externalData: Readonly<Record<string, Uint8Array>>,
  what: string,
): boolean {
  try {
    const { graph } = importOnnx(bytes, { externalData });
    inferShapes(graph);
    return true;
  } catch (error) {
    if (!(error instanceof XnorkitError)) throw new Error(`${what}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(error.message.length > 0 && error.message.length <= 500, `${what}: ${error.message.length} characters`);
    assert.ok(!/[\p{Cc}]/u.test(error.message), `${what}: control characters in ${JSON.stringify(error.message)}`);
    return false;
  }
}
