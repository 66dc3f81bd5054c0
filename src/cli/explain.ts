/** `xnorkit explain`: facts of a network, each shown by numbers. */
import { checkQuestion, explain, type Question, questions, type ValueRunner } from "../explain/explain.js";
import { explanationText } from "../explain/explanation_text.js";
import { randomWeights } from "../models/random_weights.js";
import { columnsOf } from "./grain.js";
import { readInput } from "./input_tensor.js";
import { findModel, MODEL_HELP, readModelWeights } from "./load_model.js";
import { badUsage, checkPositionals, modelOptions, parseCommand, readCount } from "./options.js";
import { type Io, printJson, printLine, printNotes } from "./output.js";
import { openRunner } from "./runner.js";

const meanings: Readonly<Record<Question, string>> = {
  bn: "which batch norms fold into which layers, which cannot and why, and what two in a row can become",
  shortcuts: "which tensor each shortcut reads, where it is added, and its share of the sum's variance",
  downsample: "on which branch the layers lie that halve the map or change the channels",
  spec: "what the numbers of a ResNet table became: layers, channels, blocks",
  float: "which layers compute in floats and why, and where values leave the bits",
  passes: "what each pass of the compiler did, operations in one line each",
};

export const usage = `usage: xnorkit explain M [QUESTION] [--weights F] [--input X.safetensors] [--all] [--json]

Answers a question about a network with facts, and shows each by numbers: parts of the network are run in two ways and
compared, on the given weights or on random ones. Without a question it lists them.

${questions.map((question) => `  ${question.padEnd(11)} ${meanings[question]}`).join("\n")}

  -w, --weights F          the parameters; random ones without
      --random-weights N   random parameters from seed N (1)
  -i, --input X            safetensors file with the tensor "input"; by default random numbers on a map of at most 64x64
      --all                every fact, not the first of each sort
      --json               print { "model", "question", "facts": [{ "path", "kind", "text", "data", "proofs" }] } as
                           JSON

${MODEL_HELP}`;

const { model: _, ...inputOptions } = modelOptions;
export const options = {
  ...inputOptions,
  "random-weights": { type: "string" },
  input: { type: "string", short: "i" },
  all: { type: "boolean" },
} as const;

/** The whole network on the kernels: a proof needs its values, and parts of it run on the reference. */
const onKernels: ValueRunner = async (model, input, names) => {
  const runner = await openRunner(model, { taps: names, inputShape: input.shape });
  runner.run(input);
  return new Map(
    names.map((name) => {
      const { shape, data } = runner.tap(name);
      return [name, { shape, data: Float32Array.from(data) }];
    }),
  );
};

export async function run(argv: readonly string[], io: Io): Promise<void> {
  const { values, positionals } = parseCommand(argv, options);
  checkPositionals(positionals, "M [QUESTION]", 1, 2);
  const [name, question] = positionals;
  const seed = readCount("--random-weights", values["random-weights"], 0);
  if (seed !== undefined && values.weights !== undefined) {
    throw badUsage("--weights and --random-weights exclude each other");
  }
  if (question !== undefined) checkQuestion(question);
  const input = values.input === undefined ? undefined : await readInput(values.input);
  const found = await findModel({ ...values, model: name, ...(input && { likelyShape: async () => input.shape }) });
  if (question === undefined) {
    for (const known of questions) printLine(io, `xnorkit explain ${name} ${known.padEnd(11)} ${meanings[known]}`);
    return;
  }
  const { graph } = found;
  const isRandom = seed !== undefined || found.weights.kind === "none";
  const { weights, notes } = isRandom
    ? { weights: randomWeights(graph, seed ?? 1), notes: ["the weights are random: --weights F names a file"] }
    : await readModelWeights(found);
  printNotes(io, [...found.notes, ...notes]);
  const explanation = await explain({ graph, weights }, question, { input, run: onKernels });
  if (values.json) {
    printJson(io, { model: name, ...explanation });
    return;
  }
  const { facts, input: described } = explanation;
  const proofs = facts.flatMap((fact) => fact.proofs);
  printLine(io, `${name}: ${question}, ${proofs.length} proofs on ${described}`);
  printLine(io, "");
  for (const line of explanationText(explanation, { width: columnsOf(io), all: values.all })) printLine(io, line);
}
