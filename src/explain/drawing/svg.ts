/** Drawings as SVG: what a layout program gives, with colours, a title and a text alternative. */
import { resultArgument, textArgument } from "../../arguments.js";
import type { Description } from "../describe.js";
import { colourRules, DRAWING_RULES } from "./style.js";

/** Lays out a DOT graph and returns SVG: a function of Graphviz, which tools bring along. */
export type Layout = (dot: string) => string;

export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** The svg element alone, without prolog and comments. */
function element(svg: string): string {
  const start = svg.indexOf("<svg");
  return svg
    .slice(Math.max(start, 0))
    .replace(/<!--[\s\S]*?-->\n?/g, "")
    .trim();
}

/** Width and height in points of a drawing. */
export function sizeOf(svg: string): { readonly width: number; readonly height: number } {
  const [, , width = "0", height = "0"] = /viewBox="([\d.-]+ [\d.-]+) ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** What is inside of the svg element: to be placed in another one. */
export function innerSvg(svg: string): string {
  const whole = element(svg);
  return whole.slice(whole.indexOf(">") + 1, whole.lastIndexOf("</svg>")).trim();
}

/** The drawing in words: its parts, their units, their shortcuts. */
export function drawingInWords(description: Description): string {
  const { parts } = resultArgument("drawingInWords", "description", "describe", ["parts"], description);
  return parts
    .map((part) => {
      const units = part.units.map(({ expression }) => expression);
      const distinct = [...new Set(units)].map((text) => {
        const count = units.filter((unit) => unit === text).length;
        return count > 1 ? `${count} times ${text}` : text;
      });
      return `${part.label}, ${part.outputShape.slice(1).join("x")}: ${distinct.join("; ")}.`;
    })
    .join(" ");
}

/** A drawing as a file of its own: it follows light and dark screens and reads itself out. */
export function standaloneSvg(laidOut: string, description: Description, words: string): string {
  textArgument("standaloneSvg", "laidOut", laidOut);
  textArgument("standaloneSvg", "words", words);
  const { name } = resultArgument("standaloneSvg", "description", "describe", ["parts"], description);
  const { width, height } = sizeOf(laidOut);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="network" role="img"` +
      ` aria-labelledby="title words" width="${width}pt" height="${height}pt" viewBox="0 0 ${width} ${height}">`,
    `<title id="title">${escapeXml(name)}</title>`,
    `<desc id="words">${escapeXml(words)}</desc>`,
    `<style>\n${colourRules(".network")}${DRAWING_RULES}</style>`,
    innerSvg(laidOut),
    "</svg>",
    "",
  ].join("\n");
}
