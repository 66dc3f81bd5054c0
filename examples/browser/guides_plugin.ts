/** The project's own documents as pages beside the page, made of their Markdown, and the links to them. */
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import type { Plugin } from "vite";

const root = new URL("../../", import.meta.url);

/** A Markdown file of the repository. */
interface Document {
  /** From the repository's root. */
  readonly path: string;
  /** Of its page, guides/NAME.html. */
  readonly name: string;
  readonly title: string;
  /** What stands in the page's main element. */
  readonly html: string;
}

const read = (path: string) => readFileSync(new URL(path, root), "utf8");

/** Where the sources are, if package.json says it. */
function repositoryUrl(): string | null {
  const { repository } = JSON.parse(read("package.json"));
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

/** The list of the guides, in the order in which they are to be read; the page has it at its foot. */
const INDEX = "docs/README.md";

/** What tells of the project as a whole. */
const PROJECT = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"];

const nameOf = (path: string) => basename(path, ".md");

/** In the order of the index, then those that it does not name. */
function guidePaths(): readonly string[] {
  const index = read(INDEX);
  const place = (file: string) => (index.includes(`(${file})`) ? index.indexOf(`(${file})`) : index.length);
  return readdirSync(fileURLToPath(new URL("docs/", root)))
    .filter((file) => file.endsWith(".md") && file !== basename(INDEX))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
    .map((file) => `docs/${file}`);
}

/** A picture of a document stands beside the pages. */
const pictureAddress = (path: string) => `./${basename(path)}`;

/**
 * Where a link leads that stands in the document `from`: to another document's page, elsewhere in the repository, if
 * there is an address of it, or out.
 */
function linkTarget(href: string, from: string): string | null {
  if (/^(https?:|#)/.test(href)) return href;
  const { pathname, hash } = new URL(href, `file:///${from}`);
  const path = pathname.slice(1);
  if (path === INDEX) return "../index.html#guides-title";
  if (PROJECT.includes(path) || guidePaths().includes(path)) return `./${nameOf(path)}.html${hash}`;
  const repository = repositoryUrl();
  return repository === null ? null : `${repository}/blob/main/${path}${hash}`;
}

/** @param pictures Gets the paths of those that the document shows. */
function readDocument(path: string, pictures: Set<string> = new Set()): Document {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const target = linkTarget(href, path);
        const text = this.parser.parseInline(tokens);
        return target === null ? text : `<a href="${escaped(target)}">${text}</a>`;
      },
      image({ href, text }) {
        const picture = new URL(href, `file:///${path}`).pathname.slice(1);
        pictures.add(picture);
        return `<img src="${pictureAddress(picture)}" alt="${escaped(text.replace(/\s+/g, " "))}" />`;
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
  const text = read(path).replace(/<!--[\s\S]*?-->/g, "");
  const title = /^# (.+)$/m.exec(text)?.[1] ?? nameOf(path);
  return { path, name: nameOf(path), title, html: marked.parse(text, { async: false }) };
}

function documentPage({ title, html }: Document, styles: readonly string[], icon: string): string {
  const links = styles.map((href) => `    <link rel="stylesheet" href="${href}" />`).join("\n");
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta
      http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
    />
    <meta name="color-scheme" content="light dark" />
    <title>${escaped(title)}${title === "xnorkit" ? "" : " – xnorkit"}</title>
    <link rel="icon" href="${icon}" type="image/svg+xml" />
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

/** The documents' pages as items of a list; the project's own files by their names. */
const links = (paths: readonly string[]) =>
  paths
    .map((path) => readDocument(path))
    .map(({ name, title, path }) => {
      const text = PROJECT.includes(path) ? path : title;
      return `<li><a href="./guides/${name}.html">${escaped(text)}</a></li>`;
    });

/** In place of the comments `guides` and `project`. The repository is linked when package.json names it. */
function withLinks(html: string): string {
  const repository = repositoryUrl();
  const outward = repository === null ? [] : [`<li><a href="${escaped(repository)}">Its sources</a></li>`];
  return html
    .replace("<!-- guides -->", links(guidePaths()).join("\n"))
    .replace("<!-- project -->", [...links(PROJECT), ...outward].join("\n"));
}

export function guides(): Plugin {
  return {
    name: "guides",
    transformIndexHtml: withLinks,
    generateBundle(_options, bundle) {
      const files = Object.keys(bundle).map((file) => `../${file}`);
      const styles = files.filter((file) => file.endsWith(".css"));
      const icon = files.find((file) => /\/icon[^/]*\.svg$/.test(file)) ?? "";
      const pictures = new Set<string>();
      for (const path of [...guidePaths(), ...PROJECT]) {
        const document = readDocument(path, pictures);
        const source = documentPage(document, styles, icon);
        this.emitFile({ type: "asset", fileName: `guides/${document.name}.html`, source });
      }
      for (const path of pictures) {
        const source = readFileSync(new URL(path, root));
        this.emitFile({ type: "asset", fileName: `guides/${basename(path)}`, source });
      }
    },
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const name = /^\/guides\/([\w-]+)\.html$/.exec(request.url ?? "")?.[1];
        const path = [...guidePaths(), ...PROJECT].find((found) => nameOf(found) === name);
        if (path === undefined) {
          next();
        } else {
          const page = documentPage(readDocument(path), ["../style.css"], "../icon.svg");
          response.setHeader("Content-Type", "text/html").end(page);
        }
      });
    },
  };
}
