/** Facts as text for a terminal: facts of one sort once, with how many there are, and the numbers that prove them. */
import { optionsArgument, resultArgument } from "../arguments.js";
import type { Explanation } from "./explain.js";
import type { Fact } from "./facts.js";
import type { Proof } from "./proofs/numbers.js";
import { cut, grouped, wrap } from "./text.js";

/** How wide an explanation is printed, and how much of it. */
export interface ExplanationTextOptions {
  /** Columns; default 100. */
  readonly width?: number;
  /** Every fact on its own, not the first of each sort. */
  readonly all?: boolean;
}

/** What is said without the names and numbers in it: facts of one sort say the same of different layers. */
function sortOf({ kind, text, proofs }: Fact): string {
  const words = text.replace(/[\w:-]+(\.[\w:-]+)+/g, "~").replace(/-?\d+(\.\d+)?/g, "#");
  return `${kind} ${words} ${proofs.every(({ holds }) => holds)}`;
}

function numberText(value: number): string {
  if (Number.isInteger(value)) return grouped(value);
  return value.toExponential(1);
}

function proofText({ what, value, limit, mustAgree, holds }: Proof): string {
  const relation = mustAgree ? (value === limit ? "=" : "<=") : ">";
  const verdict = holds
    ? `${numberText(value)} ${relation} ${numberText(limit)}`
    : `${numberText(value)}, NOT ${relation} ${numberText(limit)}`;
  return `${holds ? "shown" : "WRONG"}: ${verdict}: ${what}`;
}

/** An explanation as lines of at most `width` columns. */
export function explanationText(explanation: Explanation, options: ExplanationTextOptions = {}): readonly string[] {
  const { facts, input } = resultArgument("explanationText", "explanation", "explain", ["facts"], explanation);
  const { width = 100, all = false } = optionsArgument("explanationText", ["width", "all"], options);
  const sorts = new Map<string, Fact[]>();
  for (const [index, fact] of facts.entries()) {
    const key = all ? String(index) : sortOf(fact);
    sorts.set(key, [...(sorts.get(key) ?? []), fact]);
  }
  const shownOn = ` on ${input}`;
  const lines: string[] = [];
  for (const same of sorts.values()) {
    const [first, ...others] = same;
    const [head, ...rest] = wrap(first.text, width - 2);
    lines.push(`- ${head}`, ...rest.map((line) => `  ${line}`));
    const proofs = first.proofs.map((proof) => ({
      ...proof,
      what: proof.what.replace(`,${shownOn}`, "").replace(shownOn, ""),
    }));
    const shown = all ? proofs : proofs.slice(0, 4);
    for (const proof of shown) {
      const [line, ...more] = wrap(proofText(proof), width - 4);
      lines.push(`    ${line}`, ...more.map((text) => `      ${text}`));
    }
    if (shown.length < proofs.length)
      lines.push(
        `    and ${proofs.length - shown.length} more, ` +
          `all of them ${proofs.every(({ holds }) => holds) ? "shown" : "NOT shown"}`,
      );
    if (others.length > 0) {
      const proven = others.every((fact) => fact.proofs.every(({ holds }) => holds));
      const names = others.map(({ path }) => path).join(", ");
      lines.push(cut(`  the same holds for ${others.length} more${proven ? "" : ", NOT all shown"}: ${names}`, width));
    }
  }
  return lines;
}
