/** The project's guides as pages beside the page, made of their Markdown, and the links to them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import type { Plugin } from "vite";

const folder = new URL("../../docs/", import.meta.url);

interface Guide {
  readonly name: string;
  readonly title: string;
  /** What stands in the page's main element. */
  readonly html: string;
}

/** Where the sources are, if package.json says it. */
function repositoryUrl(): string | null {
  const { repository } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const url: string = typeof repository === "string" ? repository : (repository?.url ?? "");
  const found = /https:\/\/.+/.exec(url.replace(/^git\+/, "").replace(/\.git$/, ""));
  return found === null ? null : found[0];
}

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]!);

/** As in links of Markdown: `## Two commands` is `#two-commands`. */
const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replace(/ /g, "-");

/** A guide's link to another guide leads to its page, one to a source to the repository, if there is one. */
function linkTarget(href: string): string | null {
  if (/^(https?:|#)/.test(href)) return href;
  const [path, anchor] = href.split("#");
  const guide = /^(?:\.\/)?([\w-]+)\.md$/.exec(path);
  if (guide !== null && path !== INDEX) return `./${guide[1]}.html${anchor === undefined ? "" : `#${anchor}`}`;
  const repository = repositoryUrl();
  return repository === null ? null : new URL(path, `${repository}/blob/main/docs/`).href;
}

function readGuide(file: string): Guide {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const target = linkTarget(href);
        const text = this.parser.parseInline(tokens);
        return target === null ? text : `<a href="${escaped(target)}">${text}</a>`;
      },
      code({ text }) {
        return `<pre tabindex="0"><code>${escaped(text)}</code></pre>\n`;
      },
      table(token) {
        const cell = (tokens: (typeof token.header)[number]["tokens"], wanted: "th" | "td") => {
          const text = this.parser.parseInline(tokens);
          const tag = text === "" ? "td" : wanted;
          return `<${tag}>${text}</${tag}>`;
        };
        const cells = (row: typeof token.header, tag: "th" | "td") =>
          row.map(({ tokens }) => cell(tokens, tag)).join("");
        const rows = token.rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
        return (
          `<div class="scroll" tabindex="0" role="group" aria-label="A table"><table><thead><tr>` +
          `${cells(token.header, "th")}</tr></thead><tbody>${rows}</tbody></table></div>\n`
        );
      },
    },
  });
  // Comments are for the tests that run the guides' code.
  const text = readFileSync(new URL(file, folder), "utf8").replace(/<!--[\s\S]*?-->/g, "");
  const name = file.replace(/\.md$/, "");
  return { name, title: /^# (.+)$/m.exec(text)?.[1] ?? name, html: marked.parse(text, { async: false }) };
}

/** The list of the guides, in the order in which they are to be read. */
const INDEX = "README.md";

/** In the order of the index, then those that it does not name. */
function readGuides(): readonly Guide[] {
  const index = readFileSync(new URL(INDEX, folder), "utf8");
  const place = (file: string) => (index.includes(`(${file})`) ? index.indexOf(`(${file})`) : index.length);
  return readdirSync(fileURLToPath(folder))
    .filter((file) => file.endsWith(".md") && file !== INDEX)
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(readGuide);
}

function guidePage({ title, html }: Guide, styles: readonly string[]): string {
  const links = styles.map((href) => `    <link rel="stylesheet" href="${href}" />`).join("\n");
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta
      http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"
    />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped(title)} – xnorkit</title>
${links}
  </head>
  <body>
    <header class="page-head"><a href="../">xnorkit in the browser</a></header>
    <main class="guide">
${html}
    </main>
  </body>
</html>
`;
}

/** In place of `<!-- links -->`: the guides, and the repository if package.json names it. */
function links(guides: readonly Guide[]): string {
  const repository = repositoryUrl();
  const items = [
    ...guides.map(({ name, title }) => `<li><a href="./guides/${name}.html">${escaped(title)}</a></li>`),
    ...(repository === null ? [] : [`<li><a href="${escaped(repository)}">The repository</a></li>`]),
  ];
  return items.join("\n");
}

export function guides(): Plugin {
  return {
    name: "guides",
    transformIndexHtml: (html) => html.replace("<!-- links -->", links(readGuides())),
    generateBundle(_options, bundle) {
      const styles = Object.keys(bundle).filter((file) => file.endsWith(".css"));
      for (const guide of readGuides()) {
        const source = guidePage(
          guide,
          styles.map((file) => `../${file}`),
        );
        this.emitFile({ type: "asset", fileName: `guides/${guide.name}.html`, source });
      }
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const name = /^\/guides\/([\w-]+)\.html$/.exec(request.url ?? "")?.[1];
        const guide = readGuides().find((found) => found.name === name);
        if (guide === undefined) next();
        else response.setHeader("Content-Type", "text/html").end(guidePage(guide, ["../style.css"]));
      });
    },
  };
}
