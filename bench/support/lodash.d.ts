/** lodash as benchmark.js takes it: a set of functions. */
declare module "lodash/lodash.min.js" {
  const lodash: object;
  // biome-ignore lint/style/noDefaultExport: the package's own form
  export default lodash;
}
