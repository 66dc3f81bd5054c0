/**
 * The runner that `xnorkit compile --module` writes into modules: without kernels of its own, which the module brings,
 * and on one thread, since workers want the shared build.
 * scripts/bundle.mjs makes dist/lib/runner.js of it.
 */
export { base64Bytes } from "./base64.js";
export { loadProgram } from "./program.js";
