/** Small files of every target that once found something, or that stand for a kind of attack: corpus/TARGET/NAME. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Victim } from "./target.js";

const folder = new URL("corpus/", import.meta.url);

export function corpusOf(target: string): readonly Victim[] {
  const own = new URL(`${target}/`, folder);
  if (!existsSync(own)) return [];
  return readdirSync(own)
    .sort()
    .map((name) => ({ name, bytes: Uint8Array.from(readFileSync(new URL(name, own))) }));
}
