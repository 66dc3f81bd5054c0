/** How the nodes of AWNAS's cells are summed and joined, by numbers; `mul` changes tensors in place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildBare, runBare } from "./awnas_networks.js";

const x = [2, -3, 0.5];
const power = (exponent: number) => x.map((value) => value ** exponent);

describe("joining", () => {
  const genotypes = "normal_0=[('identity', 0, 1), ('identity', 0, 2), ('identity', 1, 2)]"; // nodes x, x, 2x

  test("sum and mean", () => {
    assert.deepEqual(
      runBare(buildBare(genotypes, { num_steps: 2, concat_op: "sum" })),
      x.map((value) => 3 * value),
    );
    assert.deepEqual(
      runBare(buildBare(genotypes, { num_steps: 2, concat_op: "mean" })),
      x.map((value) => 1.5 * value),
    );
  });

  test("concat, in the genotype's order", () => {
    const graph = buildBare(`${genotypes}, normal_0_concat=[2, 1]`, { num_steps: 2, concat_op: "concat" });
    assert.deepEqual(runBare(graph), [...x.map((value) => 2 * value), ...x]);
  });

  test("mul", () => {
    const graph = buildBare(genotypes, { num_steps: 2, concat_op: "mul" });
    assert.deepEqual(
      runBare(graph),
      x.map((value) => 2 * value * value),
    );
  });

  test("zeros of none", () => {
    assert.deepEqual(runBare(buildBare("normal_0=[('none', 0, 1), ('identity', 0, 1)]", { concat_op: "sum" })), x);
  });
});

describe("mul in place", () => {
  const one = "normal_0=[('identity', 0, 1)]";

  test("a node that is joined twice is read changed the second time", () => {
    // res = n; res *= n gives n^2, and the third factor is that tensor itself.
    const graph = buildBare(`${one}, normal_0_concat=[1, 1, 1]`, { concat_op: "mul" });
    assert.deepEqual(runBare(graph), power(4));
  });

  test("a node is a copy of what an identity gives it, so the input stays", () => {
    const graph = buildBare(`${one}, normal_0_concat=[1, 1]`, { concat_op: "mul", num_layers: 2 });
    assert.deepEqual(runBare(graph), power(4));
    const shortcut = buildBare(
      `${one}, normal_0_concat=[1, 1]`,
      { concat_op: "mul", num_layers: 2 },
      { cell_use_shortcut: true },
    );
    assert.deepEqual(
      runBare(shortcut),
      x.map((value) => value ** 4 + value ** 2),
    );
  });

  test("an input that is joined first is changed for the shortcut of the same cell", () => {
    const graph = buildBare(
      `${one}, normal_0_concat=[0, 1]`,
      { concat_op: "mul", num_layers: 2 },
      { cell_use_shortcut: true },
    );
    // Cell 0 turns x into x^2. Cell 1 turns that into x^4 and adds it to itself.
    assert.deepEqual(
      runBare(graph),
      x.map((value) => 2 * value ** 4),
    );
  });

  test("an input that is joined first is changed for later cells, which read it under both numbers", () => {
    // Both inputs of cell 0 are x; it becomes x^2 and is the output as well. Cell 1 reads x^2 and x^2 and gives x^4.
    const graph = buildBare("normal_0=[('identity', 0, 2)], normal_0_concat=[0, 2]", {
      num_init_nodes: 2,
      concat_op: "mul",
      num_layers: 2,
    });
    assert.deepEqual(runBare(graph), power(4));
  });

  test("an input that passes a preprocess is not", () => {
    const graph = buildBare(
      `${one}, normal_0_concat=[0, 1]`,
      { concat_op: "mul", num_layers: 2 },
      { cell_use_preprocess: true, cell_preprocess_normal: "avg_pool_3x3", cell_use_shortcut: true },
    );
    // Cell 0: x * x; cell 1: x^2 * x^2 + x^2.
    assert.deepEqual(
      runBare(graph),
      x.map((value) => value ** 4 + value ** 2),
    );
  });
});
