/** The networks that the soak runs, each with the input shapes that it meets. */
import { existsSync, readFileSync } from "node:fs";
import { XnorkitError } from "../../src/errors.js";
import { type Graph, getModel, inferShapes, type Model, randomWeights, resnetE, type Shape } from "../../src/index.js";
import { digitsModel } from "../../src/models/digits.js";
import * as nn from "../../src/nn.js";
import { importOnnx } from "../../src/onnx.js";
import { sharedPath } from "../support/shared.js";

/** A network of the soak. */
export interface SoakNetwork {
  readonly name: string;
  readonly model: Model;
  readonly shapes: readonly Shape[];
  /** Modules whose values are read as well. */
  readonly taps: readonly string[];
}

/** Those shapes that the network can read: some end in a dense layer on a map of one size. */
function fitting(graph: Graph, shapes: readonly Shape[]): readonly Shape[] {
  return shapes.filter((shape) => {
    try {
      return inferShapes(graph, shape).size > 0;
    } catch (error) {
      if (error instanceof XnorkitError && error.code === "bad-shape") return false;
      throw error;
    }
  });
}

const small = { initialLayers: "thumbnail", classes: 10 } as const;

function registered(name: string): SoakNetwork {
  return onPictures(name, getModel(name, { ...small, inputShape: [1, 3, 32, 32] }));
}

/** Two stages on weights and activations of two bits. */
function fewBits(): SoakNetwork {
  const [layers, channels] = [
    [1, 1],
    [24, 24, 40],
  ];
  const binary = { bits: 2, bitsA: 2 };
  return onPictures(
    "2/2 bits",
    resnetE({ ...small, version: 1, layers, channels, inputShape: [1, 3, 32, 32], binary }),
  );
}

function onPictures(name: string, graph: Graph): SoakNetwork {
  return {
    name,
    model: { graph, weights: randomWeights(graph, 1) },
    shapes: fitting(graph, [
      [1, 3, 32, 32],
      [2, 3, 32, 32],
      [2, 3, 32, 48],
      [1, 3, 64, 32],
    ]),
    taps: [],
  };
}

/** Odd sizes, groups, exact zeros, poolings, NHWC at its ports. */
function ownNetwork(): SoakNetwork {
  const { torch } = nn;
  const network = nn.sequential({
    stem: nn.sequential([nn.conv2d({ channels: 45, kernelSize: 3, padding: 1 }), nn.batchNorm()]),
    body: nn.sequential([
      nn.residual(nn.sequential([nn.batchNorm(), nn.activatedConv({ channels: 45, padding: 1 })])),
      nn.maxPool2d(),
      nn.batchNorm(),
      nn.qActivation(),
      nn.qConv2d({ channels: 66, kernelSize: 3, groups: 3, padding: 1 }),
      nn.batchNorm(),
      torch.binaryConv2d({ inChannels: 66, outChannels: 70, kernelSize: 3, padding: 1 }),
      nn.batchNorm(),
    ]),
    head: nn.sequential([nn.relu(), nn.globalAvgPool2d(), nn.dense({ units: 7 })]),
  });
  const graph = nn.buildGraph("own", [1, 19, 23, 5], network, { layout: "NHWC" });
  return {
    name: "own network",
    model: { graph, weights: randomWeights(graph, 2) },
    shapes: [
      [1, 19, 23, 5],
      [3, 8, 10, 5],
      [1, 40, 9, 5],
    ],
    taps: ["body.0"],
  };
}

/** Networks of other exporters, where the shared folder has them. */
function importedNetworks(): readonly SoakNetwork[] {
  return ["bireal_poly", "qonnx_cnv", "binarynet_mlp"].flatMap((name) => {
    const path = sharedPath(`goldens/onnx/${name}.onnx`);
    if (!existsSync(path)) return [];
    const { graph, weights } = importOnnx(new Uint8Array(readFileSync(path)));
    const [, ...rest] = graph.inputShape;
    return [
      {
        name: `${name}.onnx`,
        model: { graph, weights },
        shapes: fitting(graph, [graph.inputShape, [2, ...rest]]),
        taps: [],
      },
    ];
  });
}

/** All of them; those of files only if the files are there. */
export function soakNetworks(): readonly SoakNetwork[] {
  const digits: SoakNetwork = {
    name: "digits",
    model: digitsModel(),
    shapes: [
      [1, 1, 32, 32],
      [4, 1, 32, 32],
      [1, 1, 48, 40],
    ],
    taps: [],
  };
  return [
    digits,
    registered("resnet18_e1"),
    fewBits(),
    registered("binet18"),
    registered("naivenet17"),
    registered("densenet28"),
    ownNetwork(),
    ...importedNetworks(),
  ];
}
