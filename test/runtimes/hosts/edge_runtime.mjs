/**
 * Runs a bundle (argv[2]) in edge-runtime, as its platform does: .wasm?module imports come compiled (argv[3]),
 * compiling bytes is forbidden. Prints what the bundle answers.
 */
import { readFileSync } from "node:fs";
import { EdgeRuntime } from "edge-runtime";

const [bundle, wasm] = process.argv.slice(2);
const module = await WebAssembly.compile(readFileSync(wasm));
const noCompiling = 'WebAssembly.compile = () => Promise.reject(new Error("edge runtimes compile no bytes"));';
const runtime = new EdgeRuntime({
  initialCode: `${noCompiling}\n${readFileSync(bundle, "utf8")}`,
  extend: (context) => Object.assign(context, { simdModule: module }),
});
const response = await runtime.dispatchFetch("http://localhost/conformance");
console.log(await response.text());
