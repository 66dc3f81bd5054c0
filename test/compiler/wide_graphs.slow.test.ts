/** 5000 random graphs of unusual sizes against the reference. */
import { test } from "node:test";
import { checkWideGraphs } from "./random_models.js";

test("graphs of lines, many channels, oblong and dilated kernels give the reference's numbers", async (t) => {
  t.diagnostic(await checkWideGraphs(5000));
});
