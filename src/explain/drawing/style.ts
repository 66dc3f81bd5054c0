/** Colours and rules of drawings, for light and dark screens and for paper. */

const LIGHT = {
  "--ink": "#1c1c1c",
  "--line": "#5c5c5c",
  "--binary": "#cfe2ff",
  "--float": "#ffe0b8",
  "--plain": "#f1f1f1",
  "--paper": "#ffffff",
  "--shortcut": "#b03060",
  "--frame": "#9a9a9a",
} as const;

const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  "--ink": "#ececec",
  "--line": "#a8a8a8",
  "--binary": "#1f4a86",
  "--float": "#7a4d12",
  "--plain": "#3a3a3a",
  "--paper": "#1c1c1c",
  "--shortcut": "#ff86ab",
  "--frame": "#777777",
};

function declarations(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([name, value]) => `${name}: ${value};`)
    .join(" ");
}

/** The colours as custom properties of a selector: light, dark where the screen is, light on paper. */
export function colourRules(selector: string): string {
  return [
    `${selector} { ${declarations(LIGHT)} }`,
    `@media screen and (prefers-color-scheme: dark) { ${selector} { ${declarations(DARK)} } }`,
  ].join("\n");
}

/** What the classes of a drawing look like; the layout gives every shape colours of its own, which these replace. */
export const DRAWING_RULES = `
.network text { fill: var(--ink); font-family: Arial, "Liberation Sans", Helvetica, sans-serif; }
.network .node > path, .network .node > polygon, .network .node > ellipse { stroke: var(--line); }
.network .node.binary > path, .network .node.binary > polygon { fill: var(--binary); }
.network .node.float > path, .network .node.float > polygon { fill: var(--float); }
.network .node.plain > path, .network .node.plain > polygon { fill: var(--plain); }
.network .node.sum > ellipse { fill: var(--paper); }
.network .cluster > path, .network .cluster > polygon { fill: none; stroke: var(--frame); }
.network .edge > path { stroke: var(--line); }
.network .edge > polygon { fill: var(--line); stroke: var(--line); }
.network .edge.shortcut > path { stroke: var(--shortcut); }
.network .edge.shortcut > polygon { fill: var(--shortcut); stroke: var(--shortcut); }
`;
