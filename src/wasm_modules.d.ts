/** What workerd gives for the import of a .wasm file. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  // biome-ignore lint/style/noDefaultExport: the host's own form
  export default module;
}

/** What edge-light hosts give. */
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  // biome-ignore lint/style/noDefaultExport: the host's own form
  export default module;
}
