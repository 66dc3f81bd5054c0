import type { BinaryConv, CountsFormat, CountsSink } from "./binary_conv.js";
import type { BinaryKernel } from "./choose_kernel.js";
import type { Call } from "./plan.js";
import type { PlanBuilder } from "./plan_builder.js";
import { popcountCalls, popcountFormat } from "./popcount_calls.js";
import { tableCalls, tableFormat } from "./table_calls.js";

/** How the chosen kernel writes the counts of a convolution. */
export function countsFormat(kernel: BinaryKernel, conv: BinaryConv): CountsFormat {
  return kernel === "table" ? tableFormat(conv) : popcountFormat(conv);
}

/** The calls that compute the counts with each plane of weights, band by band, each band followed by what `sink` does with it. */
export function countsCalls(builder: PlanBuilder, kernel: BinaryKernel, conv: BinaryConv, sink: CountsSink): Call[] {
  return kernel === "table" ? tableCalls(builder, conv, sink) : popcountCalls(builder, conv, sink);
}
