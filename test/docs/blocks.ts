/** The code blocks of a guide, in order. */

/** A block: its language, its text, where it stands, and what it takes for granted. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** From 1: that of the opening fence. */
  readonly line: number;
  /**
   * Code that stands in a comment before it, which readers do not see: <!-- given: const bytes = ... -->; what an
   * example takes for granted, such as a file's bytes.
   */
  readonly given: string;
}

/** The fenced blocks of a document. */
export function blocksOf(document: string): readonly Block[] {
  const pattern = /(?:<!-- given:([\s\S]*?)-->\s*)?^```(\w*)\n([\s\S]*?)^```$/gm;
  return [...document.matchAll(pattern)].map((match) => ({
    language: match[2],
    text: match[3],
    line: document.slice(0, document.indexOf("```", match.index)).split("\n").length,
    given: (match[1] ?? "").trim(),
  }));
}

/** The program of a block: what is given goes behind its imports. */
export function programOf({ text, given }: Block): string {
  return text.replace(/^((?:import .*\n)*)/, `$1${given}\n`);
}
