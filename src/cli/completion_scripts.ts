/** What shells complete of the command line, as a script for each of them, from the tables of the commands. */

/** An option as it is completed. */
export interface CompletedOption {
  /** Without its dashes. */
  readonly name: string;
  readonly short?: string;
  /** Its values, if they are few; null takes a file (or anything). Undefined: it takes no value. */
  readonly values?: readonly string[] | null;
}

/** A command as it is completed. */
export interface CompletedCommand {
  readonly name: string;
  readonly does: string;
  readonly options: readonly CompletedOption[];
  /** Words that may stand as its arguments, beside files. */
  readonly words: readonly string[];
}

/** The shells. */
export const shells = ["bash", "zsh", "fish"] as const;

/** A shell. */
export type Shell = (typeof shells)[number];

function flagsOf({ name, short }: CompletedOption): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** The words of a list inside single quotes; names of commands, options and models have no quotes. */
function quoted(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}

/** `a | b) body ;;` */
function branch(patterns: readonly string[], body: string): string {
  return `    ${patterns.join(" | ")}) ${body} ;;`;
}

/**
 * One function that fills COMPREPLY; where it leaves it empty, `-o default` completes files. An option's value is known
 * by the word before it, past the `=` that bash makes a word of its own.
 */
function bashFunction(commands: readonly CompletedCommand[]): string {
  const valued = new Map<string, string>();
  for (const { options } of commands) {
    for (const option of options) {
      if (option.values === undefined) continue;
      for (const flag of flagsOf(option)) valued.set(flag, quoted(option.values ?? []));
    }
  }
  const flagsByValues = new Map<string, string[]>();
  for (const [flag, values] of valued) flagsByValues.set(values, [...(flagsByValues.get(values) ?? []), flag]);
  const values = [...flagsByValues].map(([words, flags]) =>
    branch(flags, `COMPREPLY=($(compgen -W ${words} -- "$current")); return`),
  );
  const own = commands.map(({ name, options, words }) =>
    branch([name], `flags=${quoted(options.flatMap(flagsOf))} words=${quoted(words)}`),
  );
  return `_xnorkit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags='' words=''
  COMPREPLY=()
  if [[ $current == '=' ]]; then current=''; elif [[ $before == '=' ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W ${quoted([...commands.map(({ name }) => name), "--help", "--version"])} -- "$current"))
    return
  fi
  case "$before" in
${values.join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${own.join("\n")}
  esac
  if [[ $current == -* ]]; then words=$flags; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
`;
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const head = "# bash completion of xnorkit: source <(xnorkit completion bash)\n";
  return `${head}${bashFunction(commands)}complete -o default -F _xnorkit xnorkit\n`;
}

/** zsh runs bash's function; its own bashcompinit brings \`compgen\` and \`complete\`. */
function zshScript(commands: readonly CompletedCommand[]): string {
  const load = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n";
  const head = "# zsh completion of xnorkit: source <(xnorkit completion zsh)\n";
  return `${head}${load}${bashFunction(commands)}complete -o default -F _xnorkit xnorkit\n`;
}

function fishText(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, does, options, words }) => {
    const after = `complete -c xnorkit -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c xnorkit -n __fish_use_subcommand -f -a ${name} -d ${fishText(does)}`,
      ...(words.length === 0 ? [] : [`${after} -a ${fishText(words.join(" "))}`]),
      ...options.map(({ name: long, short, values }) => {
        const flags = `-l ${long}${short === undefined ? "" : ` -s ${short}`}`;
        if (values === undefined) return `${after} ${flags}`;
        return `${after} ${flags} -r${values === null ? "" : ` -a ${fishText(values.join(" "))}`}`;
      }),
    ];
  });
  return `# fish completion of xnorkit: xnorkit completion fish | source\n${lines.join("\n")}\n`;
}

/** The script of a shell. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}
