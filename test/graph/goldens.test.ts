/** The frameworks' own networks as graphs: parameters, taps and JSON. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { graphFromJson, graphToJson } from "../../src/graph/json.js";
import { findValue } from "../../src/graph/lookup.js";
import { checkWeights, parameterSpecs } from "../../src/graph/parameters.js";
import { inferShapes } from "../../src/graph/shapes.js";
import { fromDescription } from "../../src/models/description.js";
import type { Weight } from "../../src/weights.js";
import { BMXNET_GOLDENS } from "../goldens/support.js";
import { sharedPath } from "../support/shared.js";
import { readDescription, readTensors, skipWithoutGolden } from "./golden.js";

for (const name of BMXNET_GOLDENS) {
  describe(`golden ${name}`, { skip: skipWithoutGolden(name) }, () => {
    const build = () => fromDescription(readFileSync(sharedPath(`goldens/${name}.json`), "utf8"));

    test("has the parameters of the framework's file, in its order", () => {
      // The copies that gluon saves of the last stage of a dense network have no place of their own.
      const stored = readTensors(`${name}.weights`).filter((tensor) => !tensor.name.startsWith("current_stage."));
      const expected = stored.map((tensor) => ({ name: tensor.name, shape: tensor.shape }));
      const found = parameterSpecs(build()).map((spec) => ({ name: spec.name, shape: spec.shape }));
      assert.deepEqual(found, expected);
    });

    test("accepts the framework's weights", () => {
      const weights = readTensors(`${name}.weights`).map((tensor): [string, Weight] => [
        tensor.name,
        { kind: "f32", shape: tensor.shape, data: tensor.data },
      ]);
      checkWeights(build(), new Map(weights));
    });

    test("resolves every tap to a value of the stored shape", () => {
      const graph = build();
      const shapes = inferShapes(graph);
      const stored = new Map(readTensors(`${name}.io`).map((tensor) => [tensor.name, tensor.shape]));
      const { taps, output_shape } = readDescription(name);
      assert.ok(taps.length > 10);
      for (const tap of taps) {
        assert.deepEqual(shapes.get(findValue(graph, tap)), stored.get(`tap:${tap}`), tap);
      }
      assert.deepEqual(shapes.get(graph.output), output_shape);
      assert.deepEqual(graph.inputShape, stored.get("input"));
    });

    test("survives JSON exactly", () => {
      const graph = build();
      const text = graphToJson(graph);
      assert.deepEqual(graphFromJson(text), graph);
      assert.deepEqual(graphFromJson(JSON.parse(text)), graph);
    });
  });
}
