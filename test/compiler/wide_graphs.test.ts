/** Random graphs of unusual sizes against the reference: a share of wide_graphs.slow.test.ts. */
import { test } from "node:test";
import { checkWideGraphs } from "./random_models.js";

test("graphs of lines, many channels, oblong and dilated kernels give the reference's numbers", async (t) => {
  t.diagnostic(await checkWideGraphs(100));
});
