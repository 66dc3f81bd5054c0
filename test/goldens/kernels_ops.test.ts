/** The single layers of BMXNet v2 and AWNAS on the kernels, against what the frameworks recorded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSession } from "../../src/runtime/session.js";
import { skipWithout } from "../support/shared.js";
import { AWNAS_OP_FILES, loadAwnasOps } from "./awnas_ops.js";
import { loadOpGoldens, OP_FILES } from "./bmxnet_ops.js";
import { followDecisions } from "./decisions.js";
import { compare } from "./support.js";

const TOLERANCE = 1e-5;

type Case = ReturnType<typeof loadOpGoldens | typeof loadAwnasOps>[number];
type Kernel = "table" | "popcount";

/** Where the record has near ties, the reference on the kernels' own decisions is the measure; elsewhere the record. */
async function assertCase(golden: Case, kernel: Kernel): Promise<void> {
  const { id, input, output: expected, nearTies } = golden;
  const { differing, farthest, ...own } = await followDecisions(golden, input, { kernel });
  assert.ok(farthest < TOLERANCE, `${id}: ${differing} decisions differ, one ${farthest} from its threshold`);
  assert.ok(
    own.difference <= TOLERANCE * own.scale,
    `${id} differs by ${own.difference} from the reference on the same decisions, at a scale of ${own.scale}`,
  );
  const session = await createSession(golden, { kernel });
  const output = session.run(input);
  session.dispose();
  assert.deepEqual(output.shape, expected.shape, id);
  if (nearTies > 0) return;
  assert.equal(differing, 0, id);
  const { difference, scale } = compare(output.data as Float32Array, expected.data);
  assert.ok(difference <= TOLERANCE * scale, `${id} differs by ${difference} at a scale of ${scale}`);
}

function countKinds(cases: readonly Case[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of cases) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

for (const kernel of ["table", "popcount"] as const) {
  test(`the ${kernel} kernels compute all 112 layers of BMXNet v2`, { skip: skipWithout(...OP_FILES) }, async () => {
    const cases = loadOpGoldens();
    for (const golden of cases) await assertCase(golden, kernel);
    assert.deepEqual(countKinds(cases), { QActivation: 14, QConv2D: 41, QDense: 6, activated_conv: 51 });
    const tied = cases.filter(({ nearTies }) => nearTies > 0).map(({ id }) => id);
    assert.deepEqual(tied, ["qact.a8.dorefa"], "all others are compared with the record");
  });

  test(`the ${kernel} kernels compute all 107 layers of AWNAS`, { skip: skipWithout(...AWNAS_OP_FILES) }, async () => {
    const cases = loadAwnasOps();
    for (const golden of cases) await assertCase(golden, kernel);
    assert.deepEqual(countKinds(cases), {
      primitive: 72,
      BinaryConv2d: 15,
      BinaryConvBNReLU: 17,
      BinaryResNetBlock: 3,
    });
    assert.ok(cases.every(({ nearTies }) => nearTies === 0));
  });
}
