/** Every reader of files that users did not make: what is fuzzed, a row each. */
import { readFileSync } from "node:fs";
import { decodePng, type PictureDecoder, pictureDecoder } from "../../src/decode/index.js";
import { readCifar } from "../../src/formats/cifar.js";
import { readIdx } from "../../src/formats/idx.js";
import { readMxnetParams } from "../../src/formats/mxnet/params.js";
import { type FormatReader, type Reading, readers, type Source } from "../../src/formats/readers.js";
import { readImageHeader } from "../../src/image/index.js";
import { graphFromJson, inferShapes, readWeights } from "../../src/index.js";
import { importMxnet } from "../../src/mxnet.js";
import { loadProgram } from "../../src/program.js";
import { smallGraph } from "../formats/support.js";
import { mutate as damageOnnx } from "../onnx/mutate.js";
import { inputOf } from "../runtime/program_support.js";
import { sharedPath } from "../support/shared.js";
import { damage, type Victim as TfliteVictim, victimOf } from "../tflite/hostile_support.js";
import { mutateBytes } from "./mutate/bytes.js";
import { compressed } from "./mutate/compressed.js";
import { mutateJpeg } from "./mutate/jpeg.js";
import { changeJson, mutateJson } from "./mutate/json.js";
import { mutateTorch } from "./mutate/pickle.js";
import { mutatePng } from "./mutate/png.js";
import { mutateProgram } from "./mutate/program.js";
import { mutateSafetensors } from "./mutate/safetensors.js";
import { mutateTar } from "./mutate/tar.js";
import { mutateYaml } from "./mutate/yaml.js";
import type { Mutate, Target } from "./target.js";
import * as victims from "./victims.js";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A file that lies alone. */
function sourceOf(name: string, bytes: Uint8Array): Source {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => Uint8Array.from(bytes.subarray(offset, offset + length)),
    beside: async (wanted) => readBeside(wanted),
  };
}

/** The files beside the goldens, for networks that keep their weights there. */
function readBeside(name: string): Uint8Array {
  try {
    return readFileSync(sharedPath(`goldens/onnx/${name.replace(/[^\w.]/g, "")}`));
  } catch {
    return new Uint8Array(0);
  }
}

/** Everything that a reading gives, looked at. */
async function useReading(reading: Reading): Promise<void> {
  if (reading.kind === "model") inferShapes(reading.model.graph);
  else if (reading.kind === "graph") {
    inferShapes(reading.graph);
    await reading.weights?.weights(reading.graph);
  } else if (reading.kind === "weights") await reading.weights(smallGraph());
}

/** A row of the table of readers, by the way that the command line takes. */
function byTable(row: string, file: string): Target["read"] {
  const reader: FormatReader = readers.find(({ name }) => name === row)!;
  return async (bytes) => useReading(await reader.read(sourceOf(file, bytes), {}));
}

const mutateOnnx: Mutate = (victim, random, others) =>
  random.chance(0.03) ? mutateBytes(victim, random, others) : damageOnnx(victim, random.next);

const tfliteVictims = new Map<string, TfliteVictim>();

const mutateTflite: Mutate = (victim, random, others) => {
  if (random.chance(0.1)) return mutateBytes(victim, random, others);
  const known = tfliteVictims.get(victim.name) ?? victimOf(victim.name, victim.bytes);
  tfliteVictims.set(victim.name, known);
  return damage(known, random.next);
};

/** Symbol and parameters around the first zero byte. */
function splitSymbol(bytes: Uint8Array): readonly [symbol: string, params: Uint8Array] {
  const end = bytes.indexOf(0);
  return end < 0 ? [decode(bytes), new Uint8Array(0)] : [decode(bytes.subarray(0, end)), bytes.subarray(end + 1)];
}

const mutateSymbol: Mutate = (victim, random, others) => {
  const [symbol, params] = splitSymbol(victim.bytes);
  const changed = random.chance(0.9) ? changeJson(symbol, random) : null;
  if (changed === null) return mutateBytes(victim, random, others);
  return Uint8Array.from(Buffer.concat([Buffer.from(changed), Buffer.of(0), params]));
};

/** Pictures of more pixels are not decoded here; a pixel of a JPEG may take 24 bytes beside another 24 MB. */
const MAX_PIXELS = 2 ** 19;

let decoder: Promise<PictureDecoder> | undefined;

async function decodePicture(bytes: Uint8Array): Promise<void> {
  decoder ??= WebAssembly.compile(
    readFileSync(new URL(import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"))),
  ).then(pictureDecoder);
  readImageHeader(bytes);
  await (await decoder)(bytes, { maxPixels: MAX_PIXELS });
}

/** A server's that runs programs of strangers: what it has memory and time for. */
const PROGRAM_LIMITS = { macs: 3e7, memoryBytes: 2 ** 26 };

async function runProgram(bytes: Uint8Array): Promise<void> {
  const program = await loadProgram(bytes, { limits: PROGRAM_LIMITS });
  program.run(inputOf(program.inputShape, program.inputType));
}

export const targets: readonly Target[] = [
  {
    name: "onnx",
    victims: victims.onnxVictims,
    mutate: mutateOnnx,
    read: byTable("an ONNX model", "net.onnx"),
    // The largest of the files beside the goldens.
    extraBytes: 10 * 2 ** 20,
  },
  {
    name: "tflite",
    victims: victims.tfliteVictims,
    mutate: mutateTflite,
    read: byTable("a TensorFlow Lite file", "net.tflite"),
  },
  {
    name: "symbol",
    victims: victims.symbolVictims,
    mutate: mutateSymbol,
    read: (bytes) => inferShapes(importMxnet(...splitSymbol(bytes)).graph),
  },
  {
    name: "params",
    victims: victims.paramsVictims,
    mutate: mutateBytes,
    read: (bytes) => readMxnetParams(bytes),
  },
  {
    name: "torch",
    victims: victims.torchVictims,
    mutate: mutateTorch,
    read: byTable("a torch checkpoint", "net.pt"),
  },
  {
    name: "safetensors",
    victims: victims.safetensorsVictims,
    mutate: mutateSafetensors,
    read: async (bytes) => {
      readWeights(bytes);
      await byTable("a safetensors file", "net.safetensors")(bytes);
    },
  },
  {
    name: "packed",
    victims: victims.packedVictims,
    mutate: mutateSafetensors,
    read: byTable("a safetensors file", "net.safetensors"),
  },
  {
    name: "graph",
    victims: victims.graphVictims,
    mutate: mutateJson,
    read: (bytes) => inferShapes(graphFromJson(decode(bytes))),
  },
  {
    name: "description",
    victims: victims.descriptionVictims,
    mutate: mutateJson,
    read: byTable("a model description", "net.json"),
  },
  {
    name: "yaml",
    victims: victims.yamlVictims,
    mutate: mutateYaml,
    read: byTable("an AWNAS configuration", "net.yaml"),
  },
  { name: "idx", victims: victims.idxVictims, mutate: compressed(mutateBytes), read: readIdx },
  { name: "cifar", victims: victims.cifarVictims, mutate: compressed(mutateTar), read: (bytes) => readCifar(bytes) },
  {
    name: "png",
    victims: victims.pngVictims,
    mutate: mutatePng,
    read: (bytes) => decodePng(bytes, { maxPixels: MAX_PIXELS }),
  },
  {
    name: "jpeg",
    victims: victims.jpegVictims,
    mutate: mutateJpeg,
    read: decodePicture,
    extraBytes: 24 * MAX_PIXELS + 24 * 2 ** 20,
  },
  {
    name: "program",
    victims: victims.programVictims,
    mutate: mutateProgram,
    read: runProgram,
    extraBytes: PROGRAM_LIMITS.memoryBytes,
  },
];
