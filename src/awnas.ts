/** xnorkit/awnas: networks of AWNAS's cells from its search space, model configuration and genotype. */
export { awnasFromDescription } from "./models/awnas/description.js";
export { type AwnasOptions, awnas } from "./models/awnas/model.js";
export { primitiveNames } from "./models/awnas/primitives.js";
export { type AwnasResnetOptions, awnasModelNames, getAwnasModel } from "./models/awnas/resnet.js";
export { awnasFromYaml, type YamlOptions } from "./models/awnas/yaml.js";
