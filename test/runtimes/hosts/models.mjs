/**
 * Networks of every reader, as SHA-256 of the bits that they give: `node models.mjs GOLDENS TORCH` prints
 * `{ case: hash }` for the networks in one folder, each by both kernels, from its packed file and as a program, and for
 * the tensors of the files in the other.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSession, fromDescription, loadModel, readSafetensors, readWeights, saveModel } from "xnorkit";
import { awnasFromDescription } from "xnorkit/awnas";
import { compileProgram } from "xnorkit/compile";
import { readMxnetParams } from "xnorkit/mxnet";
import { importOnnx, onnxExternalFiles } from "xnorkit/onnx";
import { loadProgram } from "xnorkit/program";
import { importTflite } from "xnorkit/tflite";
import { readTorch } from "xnorkit/torch";

const [, , goldens, torchFiles] = process.argv;
const hashes = {};

function hash(parts) {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(typeof part === "string" ? part : bytesOf(part));
  return sum.digest("hex");
}

const bytesOf = ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength);
const file = (...path) => readFileSync(join(goldens, ...path));

/** Names of the files that end so, without the end. */
function named(ending, ...folder) {
  const names = readdirSync(join(goldens, ...folder)).filter((name) => name.endsWith(ending));
  return names.map((name) => name.slice(0, -ending.length)).sort();
}

function inputOf(bytes) {
  const { shape, dtype, bytes: values } = readSafetensors(bytes).tensors.get("input");
  const copy = Uint8Array.from(values);
  if (dtype === "F32") return { shape, data: new Float32Array(copy.buffer) };
  if (dtype === "U8") return { shape, data: copy };
  throw new Error(`an input is ${dtype}`);
}

/** Sessions by both kernels, of the packed model too, and a program. */
async function run(name, model, input) {
  for (const kernel of ["table", "popcount"]) {
    const session = await createSession(model, { kernel });
    hashes[`${name}, ${kernel}`] = hash([session.run(input).data]);
    session.dispose();
  }
  const packed = saveModel(model);
  const session = await createSession(loadModel(packed));
  hashes[`${name}, packed`] = hash([packed, session.run(input).data]);
  session.dispose();
  const inputType = input.data instanceof Uint8Array ? "u8" : "f32";
  const bytes = await compileProgram(model, { inputShape: input.shape, inputType });
  const program = await loadProgram(bytes);
  hashes[`${name}, program`] = hash([bytes, program.run(input).data]);
  program.dispose();
}

for (const name of named(".weights.safetensors").filter((each) => !each.endsWith("_ops") && !each.includes("full"))) {
  const description = JSON.parse(file(`${name}.json`).toString());
  const graph = name.startsWith("awnas") ? awnasFromDescription(description) : fromDescription(description);
  await run(
    name,
    { graph, weights: readWeights(file(`${name}.weights.safetensors`)) },
    inputOf(file(`${name}.io.safetensors`)),
  );
}
for (const name of named(".onnx", "onnx")) {
  const bytes = file("onnx", `${name}.onnx`);
  const externalData = Object.fromEntries(onnxExternalFiles(bytes).map((beside) => [beside, file("onnx", beside)]));
  await run(`onnx ${name}`, importOnnx(bytes, { externalData }), inputOf(file("onnx", `${name}.io.safetensors`)));
}
for (const name of named(".tflite", "tflite")) {
  const model = importTflite(file("tflite", `${name}.tflite`));
  await run(`tflite ${name}`, model, inputOf(file("tflite", `${name}.io.safetensors`)));
}
for (const name of named(".params")) {
  const tensors = [...readMxnetParams(file(`${name}.params`))];
  hashes[`mxnet ${name}`] = hash(
    tensors.flatMap(([key, { shape, data, bytes }]) => [key, shape.join(), data ?? bytes]),
  );
}
for (const name of readdirSync(torchFiles)
  .filter((each) => each.endsWith(".pt"))
  .sort()) {
  const tensors = [...readTorch(readFileSync(join(torchFiles, name)))];
  hashes[`torch ${name}`] = hash(
    tensors.flatMap(([key, { shape, data, bytes }]) => [key, shape.join(), data ?? bytes]),
  );
}
console.log(JSON.stringify(hashes));
