/** The single-layer cases of BMXNet v2 (QActivation, QConv2D, QDense, activated_conv) as networks of one layer. */
import { readFileSync } from "node:fs";
import { type Block, buildGraph } from "../../src/graph/builder.js";
import type { Graph } from "../../src/graph/types.js";
import { type BinaryConfig, binaryConfig, defaultBinaryConfig } from "../../src/nn/binary_config.js";
import { activatedConv, qActivation, qConv2d, qDense } from "../../src/nn/bmxnet.js";
import type { Weights } from "../../src/weights.js";
import { sharedPath } from "../support/shared.js";
import { type FloatTensor, floatTensor, readTensors } from "./support.js";

export type LayerKind = "QActivation" | "QConv2D" | "QDense" | "activated_conv";

export interface OpGolden {
  readonly id: string;
  readonly kind: LayerKind;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly input: FloatTensor;
  readonly output: FloatTensor;
  /** The configuration that BMXNet made of the case's options. */
  readonly recordedConfig: BinaryConfig;
  /** The one that this library makes of them. */
  readonly config: BinaryConfig;
  /** Quantiser decisions nearer than 1e-5 to their threshold. */
  readonly nearTies: number;
}

interface RecordedConfig {
  readonly grad_cancel?: number;
  readonly bits?: number;
  readonly bits_a?: number;
  readonly activation?: string;
  readonly weight_quantization?: string;
  readonly approximation?: string;
}

interface RecordedCase {
  readonly id: string;
  readonly kind: LayerKind;
  readonly cfg: RecordedConfig;
  readonly effective_config: RecordedConfig;
  readonly kw?: Readonly<Record<string, number | boolean>>;
  readonly in_shape: readonly number[];
  readonly margins: { readonly near_tie_1e5: number };
}

export const OP_FILES = [
  "goldens/bmx_ops.json",
  "goldens/bmx_ops.weights.safetensors",
  "goldens/bmx_ops.io.safetensors",
] as const;

function readConfig(recorded: RecordedConfig) {
  return {
    bits: recorded.bits,
    bitsA: recorded.bits_a,
    activation: recorded.activation,
    weightQuantization: recorded.weight_quantization,
    approximation: recorded.approximation,
    gradCancel: recorded.grad_cancel,
  };
}

function layerBlock({ kind, kw = {} }: RecordedCase, config: BinaryConfig): Block {
  const options = Object.fromEntries(
    Object.entries(kw).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]),
  );
  switch (kind) {
    case "QActivation":
      return qActivation(options, config);
    case "QConv2D":
      return qConv2d(options as unknown as Parameters<typeof qConv2d>[0], config);
    case "QDense":
      return qDense(options as unknown as Parameters<typeof qDense>[0], config);
    case "activated_conv":
      return activatedConv(options as unknown as Parameters<typeof activatedConv>[0], config);
  }
}

/** Reads all cases. */
export function loadOpGoldens(): readonly OpGolden[] {
  const { cases } = JSON.parse(readFileSync(sharedPath(OP_FILES[0]), "utf8")) as {
    readonly cases: readonly RecordedCase[];
  };
  const parameters = readTensors(OP_FILES[1]);
  const io = readTensors(OP_FILES[2]);
  return cases.map((recorded) => {
    const { id, kind } = recorded;
    const config = binaryConfig(readConfig(recorded.cfg), defaultBinaryConfig);
    const layer = layerBlock(recorded, config);
    const root: Block = { type: "Case", forward: (scope, input) => scope.child("layer", layer, input) };
    const names = [...parameters.keys()].filter((name) => name.startsWith(`${id}/`));
    return {
      id,
      kind,
      graph: buildGraph(id, recorded.in_shape, root),
      weights: new Map(
        names.map((name) => [
          `layer.${name.slice(id.length + 1)}`,
          { kind: "f32" as const, ...floatTensor(parameters, name) },
        ]),
      ),
      input: floatTensor(io, `${id}/input`),
      output: floatTensor(io, `${id}/output`),
      config,
      recordedConfig: readConfig(recorded.effective_config) as BinaryConfig,
      nearTies: recorded.margins.near_tie_1e5,
    };
  });
}
