/** The ResNetE18 worker on a packed model, which it compiles when it starts: what a program is measured against. */
import { loadModel } from "xnorkit";
import { openNetwork } from "../support/network.js";
import model from "./build/resnet18_e1.xnorkit";
import { resnetService } from "./resnet_service.js";

// biome-ignore lint/style/noDefaultExport: a module worker is its default export
export default { fetch: resnetService(await openNetwork(loadModel(new Uint8Array(model)))) };
