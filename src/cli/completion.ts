/** `xnorkit completion`: the script that a shell needs to complete commands, options and names of models. */

import { resizeRules } from "../image/index.js";
import { presetNames } from "../image/presets.js";
import type { Commands } from "./command.js";
import { type CompletedCommand, completionScript, shells } from "./completion_scripts.js";
import { GRAINS } from "./grain.js";
import { modelChoices } from "./load_model.js";
import { badUsage, checkPositionals, commonOptions, type Options, parseCommand } from "./options.js";
import type { Io } from "./output.js";

export const usage = `usage: xnorkit completion bash|zsh|fish

Prints a script that lets the shell complete commands, options, names of models, and files. Once for a shell:
  bash   source <(xnorkit completion bash)      as a line of ~/.bashrc
  zsh    source <(xnorkit completion zsh)       as a line of ~/.zshrc
  fish   xnorkit completion fish | source       as a line of ~/.config/fish/config.fish
`;

export const options = {} as const;

/** Values of options that have few. */
const optionValues: Readonly<Record<string, readonly string[]>> = {
  model: modelChoices(),
  preprocess: presetNames,
  resize: resizeRules,
  grain: GRAINS,
  kernel: ["table", "popcount", "auto"],
  type: ["f32", "u8"],
  host: ["any", "workerd"],
  split: ["test", "train"],
  threads: ["auto"],
};

function completedOptions(all: Options): CompletedCommand["options"] {
  return Object.entries(all).map(([name, { type, short }]) => ({
    name,
    ...(short !== undefined && { short }),
    ...(type === "string" && { values: optionValues[name] ?? null }),
  }));
}

/** Words that a command takes as its arguments. */
function wordsOf(name: string, commands: Commands): readonly string[] {
  switch (name) {
    case "summary":
    case "compare":
    case "explain":
    case "convert":
    case "compile":
      return modelChoices();
    case "bench":
      return ["kernels", "models", "start", "answer", "peers"];
    case "completion":
      return shells;
    case "help":
      return [...commands.keys()];
    default:
      return [];
  }
}

export async function run(argv: readonly string[], io: Io, commands: Commands): Promise<void> {
  const { positionals } = parseCommand(argv, options);
  checkPositionals(positionals, shells.join("|"), 1, 1);
  const shell = shells.find((known) => known === positionals[0]);
  if (shell === undefined) throw badUsage(`there is no shell "${positionals[0]}": expected ${shells.join(", ")}`);
  const completed = await Promise.all(
    [...commands].map(async ([name, { does, load }]) => {
      const command = await load();
      const all = completedOptions({ ...command.options, ...commonOptions });
      return { name, does, options: all, words: wordsOf(name, commands) };
    }),
  );
  const help = { name: "help", does: "print how a command is used", options: [], words: wordsOf("help", commands) };
  io.stdout.write(completionScript(shell, [...completed, help]));
}
