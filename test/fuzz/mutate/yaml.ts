/** Changes of YAML line by line and word by word: what indents, anchors, tags, keys and flow collections may do. */
import type { Random } from "../random.js";
import type { Mutate } from "../target.js";
import { changeBytes } from "./bytes.js";

const WORDS = [
  ...["null", "~", "true", "0", "-1", "1e999", ".inf", ".nan", "0x10", "0o17", "2147483648", '""', "''", "[]", "{}"],
  ...["&a", "*a", "!!binary", "!!set", "!!omap", "<<: *a", "|", ">", "- -", "? a", ": b", "%YAML 1.1", "---", "..."],
  ...["[1, [2, [3]]]", "{a: {b: c}}", "\t", "#", '"\\u0000"', "__proto__: 1", "constructor: 1", "a: &x [*x]"],
];

function changeLines(lines: string[], random: Random): void {
  const at = random.below(lines.length);
  const line = lines[at];
  const kind = random.next();
  if (kind < 0.12) lines.splice(at, 1);
  else if (kind < 0.24) lines.splice(at, 0, line);
  else if (kind < 0.34) lines[at] = `${" ".repeat(random.below(5))}${line}`;
  else if (kind < 0.44) lines[at] = line.replace(/^ {1,2}/, "");
  else if (kind < 0.5) lines.splice(random.below(lines.length), 0, ...lines.splice(at, 1 + random.below(3)));
  else if (kind < 0.7) lines[at] = line.replace(/:.*$/, `: ${random.pick(WORDS)}`);
  else if (kind < 0.8) lines.splice(at, 0, `${/^ */.exec(line)![0]}${random.pick(WORDS)}`);
  else if (kind < 0.9) {
    const words = line.split(/(?<=[\s,:[\]])/);
    words[random.below(words.length)] = random.pick(WORDS);
    lines[at] = words.join("");
  } else if (kind < 0.93) {
    const depth = random.pick([10, 100, 101, 1000, 20_000]);
    lines[at] = line.replace(/:.*$/, `: ${random.pick(["[", "{a: ", "- ", "? ", "&a [*a, "]).repeat(depth)}`);
  } else if (kind < 0.96) {
    // Aliases of aliases.
    const names = Array.from({ length: 2 + random.below(20) }, (_, i) => `k${i}`);
    const of = (i: number) =>
      i === 0 ? "[1, 2]" : `[${new Array(2 + random.below(8)).fill(`*k${i - 1}`).join(", ")}]`;
    lines.push(...names.map((name, i) => `${name}: &${name} ${of(i)}`));
  } else lines.push(...Array.from({ length: random.pick([100, 5000]) }, (_, i) => `k${i}: ${random.pick(WORDS)}`));
}

export const mutateYaml: Mutate = ({ bytes }, random, others) => {
  if (random.chance(0.1)) return changeBytes(bytes, random, random.pick(others).bytes);
  const lines = new TextDecoder().decode(bytes).split("\n");
  for (let change = 1 + random.below(4); change > 0 && lines.length > 0; change--) changeLines(lines, random);
  return new TextEncoder().encode(lines.join("\n"));
};
