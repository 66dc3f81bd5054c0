/** Tells the page's service worker, as vite builds it, which files it keeps. */
import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const WORKER = "service_worker.js";

/** Larger files serve what few visitors ask for (the layout of drawings): they are kept once they were asked for. */
const MAX_BYTES = 400_000;

/**
 * Writes the list of the built files and a version of their contents at the head of the service worker. A browser takes
 * a new worker when its bytes differ, so a new build replaces the cache.
 */
export function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== "chunk") throw new Error(`the build gives no ${WORKER}`);
      const hash = createHash("sha256");
      const files: string[] = [];
      const late: string[] = [];
      for (const file of Object.values(bundle).sort((a, b) => (a.fileName < b.fileName ? -1 : 1))) {
        const content = file.type === "chunk" ? file.code : file.source;
        hash.update(file.fileName).update(content);
        if (file === worker) continue;
        // The page itself is asked for by its folder: some hosts redirect index.html to it.
        const address = file.fileName === "index.html" ? "./" : `./${file.fileName}`;
        (content.length > MAX_BYTES ? late : files).push(address);
      }
      const version = hash.digest("hex").slice(0, 16);
      const lists = `FILES = ${JSON.stringify(files)}, LATE_FILES = ${JSON.stringify(late)}`;
      worker.code = `const ${lists}, VERSION = "${version}";\n${worker.code}`;
    },
  };
}
