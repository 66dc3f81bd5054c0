/**
 * Bi-Real Net's ResNet-18 (Liu et al., arXiv 1808.00278, and its PyTorch repository), told in no library's terms: a
 * float stem, 16 blocks of sign - 3x3 convolution with signs times mean |w| - batch norm, each with a shortcut, and a
 * float classifier.
 */
import { randomStream } from "../../src/models/random.js";

/** Batch norm in inference. */
export interface Norm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** A float convolution with its batch norm folded into weight and bias, as PyTorch's exporter leaves it. */
export interface FoldedConv {
  readonly channels: number;
  readonly inputs: number;
  /** [out][in][row][column]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface BiRealBlock {
  /** `layer2.0`, as the repository names it. */
  readonly path: string;
  readonly inputs: number;
  readonly channels: number;
  readonly stride: 1 | 2;
  /** Latent floats, [out][in][3][3]: the layer takes their signs and their means. */
  readonly weight: Float32Array;
  readonly norm: Norm;
  /** Average pooling 2x2, stride 2, and a 1x1 convolution, where the block makes the map smaller. */
  readonly shortcut: FoldedConv | null;
}

export interface BiReal {
  readonly inputShape: readonly [number, number, number, number];
  /** 7x7, stride 2, padding 3; max pooling 3x3, stride 2, padding 1 follows. */
  readonly stem: FoldedConv;
  readonly blocks: readonly BiRealBlock[];
  readonly classes: number;
  readonly features: number;
  /** [class][feature]. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface BiRealOptions {
  readonly seed: number;
  /** Height and width of the picture; 224. */
  readonly size?: number;
  /** Channels of the four stages; the first is the stem's. */
  readonly widths?: readonly [number, number, number, number];
  /** Blocks of each stage; 4. */
  readonly depth?: number;
  readonly classes?: number;
}

/** The network with random weights, a function of the options alone; variances are those of a trained one. */
export function bireal({
  seed,
  size = 224,
  widths = [64, 128, 256, 512],
  depth = 4,
  classes = 1000,
}: BiRealOptions): BiReal {
  function floats(name: string, count: number, deviation: number, center = 0): Float32Array<ArrayBuffer> {
    const random = randomStream(seed, name);
    return Float32Array.from({ length: count }, () => center + deviation * random.normal());
  }

  function folded(name: string, channels: number, inputs: number, kernel: number): FoldedConv {
    const fanIn = inputs * kernel * kernel;
    return {
      channels,
      inputs,
      weight: floats(`${name}.weight`, channels * fanIn, Math.sqrt(1 / fanIn)),
      bias: floats(`${name}.bias`, channels, 0.1),
    };
  }

  /**
   * Latent weights of which every sum and mean is exact in float32, in whatever order it is taken: the three taps of a
   * row are c + d, c and c - d in size, c one number for each output, all of them multiples of 2^-14. So no runtime's
   * rounding makes another scale, and signs behind it agree from library to library.
   */
  function latent(name: string, channels: number, inputs: number, size: number): Float32Array<ArrayBuffer> {
    const random = randomStream(seed, name);
    const unit = 2 ** -14;
    const weights = new Float32Array(channels * inputs * 9);
    for (let output = 0; output < channels; output++) {
      const center = Math.round((size * (0.75 + 0.5 * random.uniform())) / unit);
      for (let row = 0; row < inputs * 3; row++) {
        const spread = Math.floor(center * random.uniform());
        const turn = random.bits() % 3;
        for (let tap = 0; tap < 3; tap++) {
          const sign = random.bits() % 2 === 0 ? 1 : -1;
          weights[(output * inputs * 3 + row) * 3 + tap] = sign * (center + spread * (((tap + turn) % 3) - 1)) * unit;
        }
      }
    }
    return weights;
  }

  function block(path: string, inputs: number, channels: number, stride: 1 | 2): BiRealBlock {
    const fanIn = inputs * 9;
    const size = 0.016;
    return {
      path,
      inputs,
      channels,
      stride,
      weight: latent(`${path}.weight`, channels, inputs, size),
      norm: {
        gamma: floats(`${path}.gamma`, channels, 0.1, 0.5),
        beta: floats(`${path}.beta`, channels, 0.1),
        mean: floats(`${path}.mean`, channels, 0.1),
        // What the convolution gives: fanIn products of +-1 times the mean of |w|.
        variance: floats(`${path}.variance`, channels, 0.02, fanIn * size ** 2).map(Math.abs),
      },
      shortcut: stride === 2 ? folded(`${path}.downsample`, channels, inputs, 1) : null,
    };
  }

  const blocks = widths.flatMap((channels, stage) =>
    Array.from({ length: depth }, (_, index) => {
      const first = stage > 0 && index === 0;
      return block(`layer${stage + 1}.${index}`, first ? widths[stage - 1] : channels, channels, first ? 2 : 1);
    }),
  );
  const features = widths[3];
  return {
    inputShape: [1, 3, size, size],
    stem: folded("stem", widths[0], 3, 7),
    blocks,
    classes,
    features,
    weight: floats("fc.weight", classes * features, Math.sqrt(1 / features)),
    bias: floats("fc.bias", classes, 0.1),
  };
}
