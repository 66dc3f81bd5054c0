/** Reads the handwritten digits in the pictures that the command line names, on Bun. */
import { digitsModel } from "xnorkit/models/digits";
import { digitReader } from "../support/digits.js";
import { jpegModule } from "../support/jpeg_module.js";
import { openNetwork } from "../support/network.js";

const MAX_PIXELS = 100e6;

const classify = digitReader(await openNetwork(digitsModel()), jpegModule, MAX_PIXELS);
for (const file of Bun.argv.slice(2)) {
  const { label, probabilities, ms } = await classify(await Bun.file(file).bytes());
  console.log(`${file}\t${label}\t${(100 * Math.max(...probabilities)).toFixed(1)} %\t${ms.toFixed(2)} ms`);
}
