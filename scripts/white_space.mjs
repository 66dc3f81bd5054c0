// Takes white space and comments out of a module. Names stay, and lines of some length: a stack trace says which
// function threw, and Node shows the line of an error that nobody catches. Bundlers do the rest for themselves.
import { minify } from "terser";

const options = {
  module: true,
  ecma: 2022,
  compress: false,
  mangle: false,
  // What tells bundlers that a call has no effect, or to leave an import alone.
  format: { comments: /webpackIgnore|@vite-ignore|turbopackIgnore/, preserve_annotations: true, max_line_len: 120 },
};

/** Terser moves it before the statement when what is returned begins with it; rollup warns of it there. */
const misplaced = /\/\* @__PURE__ \*\/(?=\s*return\b)/g;

/** The same module without white space. */
export async function withoutWhiteSpace(code) {
  return (await minify(code, options)).code.replace(misplaced, "");
}
