/**
 * What a fresh process does: reads a packed model, computes one picture and says so. Run by start_cold.ts as
 * `cold_start.js MODEL f32|u8`.
 */
import { readFileSync } from "node:fs";
import { elementCount } from "../../src/tensor.js";

// The entry as the package's users import it, not its modules one by one.
const lib = new URL("../../dist/lib/index.js", import.meta.url).href;
const { createSession, loadModel } = (await import(lib)) as typeof import("../../src/index.js");
const [path, type] = process.argv.slice(2);
const session = await createSession(loadModel(readFileSync(path)));
const { inputShape: shape } = session.graph;
const data = type === "u8" ? new Uint8Array(elementCount(shape)) : new Float32Array(elementCount(shape));
const logits = session.run({ shape, data });
const { rss } = process.memoryUsage();
console.log(JSON.stringify({ outputs: logits.data.length, rssBytes: rss, wasmBytes: session.memoryBytes }));
