/** ResNetE18 in a worker, a program that was compiled when the worker was built. Its weights are random. */
import { loadProgram } from "xnorkit/program";
import program from "./build/resnet18_e1.xnorprog";
import { resnetService } from "./resnet_service.js";

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: resnetService(await loadProgram(program)) };
