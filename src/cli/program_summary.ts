/** What `xnorkit summary` prints of a program: what it was compiled from and for, and its steps. */
import { readLimits } from "../runtime/limits.js";
import { readProgram } from "../runtime/program_header.js";
import { formatShape } from "../tensor.js";
import { formatCount, type Io, printJson, printLine, printTable } from "./output.js";

/** @throws XnorkitError what `loadProgram` throws before it runs. */
export function printProgram(io: Io, bytes: Uint8Array, json: boolean): void {
  const { header, constants } = readProgram(bytes, readLimits("summary"));
  const { name, input, output, taps, steps, xnorkit, kernels, work } = header;
  const memory = { constants: constants.length, arena: header.arenaBytes, scratch: header.scratchBytes };
  if (json) {
    const ports = { inputShape: input.shape, type: input.type, outputShape: output.shape };
    const tapped = Object.fromEntries(taps.map((tap) => [tap.name, tap.shape]));
    printJson(io, { program: name, xnorkit, kernels, ...ports, taps: tapped, work, memory, steps });
    return;
  }
  printLine(
    io,
    `program of ${name}, input ${formatShape(input.shape)} ${input.type}, output ${formatShape(output.shape)}`,
  );
  printLine(io, `compiled by xnorkit ${xnorkit} for the kernels ${kernels}`);
  printLine(
    io,
    `memory: ${formatCount(memory.constants)} bytes of weights, ${formatCount(memory.arena)} of activations, ` +
      `${formatCount(memory.scratch)} of scratch`,
  );
  printLine(io, "");
  printTable(
    io,
    [
      { head: "step" },
      { head: "kind" },
      { head: "binary MACs", align: "right" },
      { head: "float MACs", align: "right" },
      { head: "bytes", align: "right" },
    ],
    steps.map(({ name, kind, binaryMacs, floatMacs, bytes }) => [
      name,
      kind,
      ...[binaryMacs, floatMacs, bytes].map((count) => (count === 0 ? "" : formatCount(count))),
    ]),
  );
}
