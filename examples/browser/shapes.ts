/** The shapes of convolutions that the page measures, and what it learns of them. */

export interface ConvShape {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface Speed {
  readonly milliseconds: number;
  /** 10^9 one-bit multiply-accumulates a second. */
  readonly gmacPerSecond: number;
}

export interface ShapeResult {
  readonly shape: ConvShape;
  /** Null where the table's 16-bit counts cannot hold the sum. */
  readonly table: Speed | null;
  readonly popcount: Speed;
}

export function shapeName({ height, width, inputs, outputs }: ConvShape): string {
  return `${height}×${width}×${inputs}×${outputs}`;
}

/** The 3x3 convolutions of ResNet-18's four stages, 115.6 million bit products each. */
export const RESNET18_SHAPES: readonly ConvShape[] = [
  { height: 56, width: 56, inputs: 64, outputs: 64 },
  { height: 28, width: 28, inputs: 128, outputs: 128 },
  { height: 14, width: 14, inputs: 256, outputs: 256 },
  { height: 7, width: 7, inputs: 512, outputs: 512 },
];
