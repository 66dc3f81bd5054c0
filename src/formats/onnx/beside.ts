/** Which files beside a model hold its tensors: for those who read files, before they import. */
import { bytesArgument, type FileBytes } from "../../arguments.js";
import { externalLocations } from "./external_data.js";
import { readModelProto } from "./read_model.js";

/**
 * The names of the files beside an .onnx file that its tensors lie in: plain names without a folder, each once. Their
 * bytes go to `importOnnx` as `externalData`. Most files have none.
 * @throws XnorkitError `bad-file` for what is no ONNX model, and for a location that is no plain file name.
 */
export function onnxExternalFiles(bytes: FileBytes): readonly string[] {
  const { graph, functions } = readModelProto(bytesArgument("onnxExternalFiles", "bytes", bytes));
  const nodes = [...graph!.nodes, ...functions.flatMap((body) => body.nodes)];
  const inAttributes = nodes.flatMap(({ attributes }) => attributes.flatMap(({ t }) => (t === undefined ? [] : [t])));
  return externalLocations([...graph!.initializers, ...inAttributes]);
}
