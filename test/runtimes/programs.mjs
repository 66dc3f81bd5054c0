/**
 * Programs on every host: compiled there, loaded there, and as a module that the command line wrote (digits_module.mjs,
 * which the test puts beside; hosts that compile no bytes get their variant of it).
 */
import { compileProgram } from "xnorkit/compile";
import { digitsModel } from "xnorkit/models/digits";
import { loadProgram } from "xnorkit/program";
import { load } from "./digits_module.mjs";

/** FNV-1a, to tell whether two files are the same. */
function hash(bytes) {
  let state = 0x811c9dc5;
  for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  return `${bytes.length} bytes, ${state.toString(16)}`;
}

/**
 * @returns logits by kind of program and input, in hexadecimal, and the hashes of the files, which are the same
 *   wherever they are compiled
 */
export async function runPrograms({ shape, pixels, floats, hex }) {
  const logits = {};
  const files = {};
  const inputs = { pixels, floats };
  for (const [input, data] of Object.entries(inputs)) {
    const inputType = input === "pixels" ? "u8" : "f32";
    const file = await compileProgram(digitsModel(), { inputShape: shape, inputType });
    files[input] = hash(file);
    const program = await loadProgram(file);
    logits[`program ${input}`] = hex(program.run({ shape, data }).data);
    program.dispose();
  }
  // Where the host gives a module of its own (hosts/edge_runtime.mjs), the program module takes that.
  const wasm = globalThis.simdModule;
  const program = await load(wasm === undefined ? {} : { wasm });
  logits["module pixels"] = hex(program.run({ shape, data: pixels }).data);
  return { logits, files };
}
