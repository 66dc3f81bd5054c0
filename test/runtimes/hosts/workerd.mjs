/** Answers as a worker of workerd: a request gets the result. */
import { conformance } from "../conformance.mjs";

// biome-ignore lint/style/noDefaultExport: the host's own form
export default {
  async fetch() {
    return Response.json(await conformance());
  },
};
