/** What a command of the command line is. */
import type { Options } from "./options.js";
import type { Io } from "./output.js";

/** A command's module. */
export interface Command {
  /** What `--help` prints. */
  readonly usage: string;
  /** All that it takes, beside what every command takes. */
  readonly options: Options;
  /** `commands` is the table of all, for commands that tell of others. */
  readonly run: (argv: readonly string[], io: Io, commands: Commands) => Promise<void>;
}

/** A command in the table of all. */
export interface CommandEntry {
  readonly does: string;
  /** Commands load what they need and no more: a start costs what the command costs. */
  readonly load: () => Promise<Command>;
}

/** Commands by name. */
export type Commands = ReadonlyMap<string, CommandEntry>;
