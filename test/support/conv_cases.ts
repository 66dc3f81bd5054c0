/** Float convolutions to check kernels with: the definition in float64 and shapes of every kind. */
import type { ConvF32Shape } from "../../src/abi/sizes.js";

/** A convolution to check: what the kernels take, and the seed of its values. */
export interface ConvCase extends ConvF32Shape {
  readonly batch: number;
  readonly relu: boolean;
  readonly seed: number;
}

/** The definition, in float64, with the sum of absolute products that bounds float32's rounding. NCHW, OIHW. */
export function naiveConv(c: ConvCase, input: Float32Array, weight: Float32Array, bias: Float32Array) {
  const inputs = c.inChannels / c.groups;
  const outputs = c.outChannels / c.groups;
  const size = c.batch * c.outChannels * c.outHeight * c.outWidth;
  const output = new Float64Array(size);
  const magnitude = new Float64Array(size);
  let at = 0;
  for (let b = 0; b < c.batch; b++)
    for (let n = 0; n < c.outChannels; n++)
      for (let y = 0; y < c.outHeight; y++)
        for (let x = 0; x < c.outWidth; x++) {
          let sum = bias[n];
          let absolute = Math.abs(bias[n]);
          for (let i = 0; i < inputs; i++)
            for (let ky = 0; ky < c.kernelHeight; ky++)
              for (let kx = 0; kx < c.kernelWidth; kx++) {
                const row = y * c.strideHeight + ky * c.dilationHeight - c.padTop;
                const column = x * c.strideWidth + kx * c.dilationWidth - c.padLeft;
                if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                const channel = Math.floor(n / outputs) * inputs + i;
                const value = input[((b * c.inChannels + channel) * c.height + row) * c.width + column];
                const product = value * weight[((n * inputs + i) * c.kernelHeight + ky) * c.kernelWidth + kx];
                sum += product;
                absolute += Math.abs(product);
              }
          output[at] = c.relu ? Math.max(sum, 0) : sum;
          magnitude[at++] = absolute;
        }
  return { output, magnitude };
}

/** A square map, kernel and stride, padded by half the kernel. */
export function squareConv(
  inChannels: number,
  outChannels: number,
  size: number,
  kernel: number,
  stride = 1,
  groups = 1,
): ConvCase {
  const pad = kernel >> 1;
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return {
    ...{ batch: 1, relu: false, seed: 9, height: size, width: size, inChannels, outChannels, groups },
    ...{ outHeight: out, outWidth: out, kernelHeight: kernel, kernelWidth: kernel, padTop: pad, padLeft: pad },
    ...{ strideHeight: stride, strideWidth: stride, dilationHeight: 1, dilationWidth: 1 },
  };
}
