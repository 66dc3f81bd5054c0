/**
 * Which points and phases a kernel has, and its filters' values at them: G g G^T of winograd_f32.ts, in float64 along x
 * and then along y.
 *
 *   weights  [group][block of 8 channels][point][phase][channel of the group][8] f32
 *
 * Cost: 240 multiply-adds for each channel, phase and filter.
 */
import { TILE_CHANNELS } from "./conv_tile_f32";
import { ownScratch } from "./layout";

/** Points that every phase of an axis has: those of four taps, or of two. */
// @ts-ignore: decorator
@inline
export function nearPoints(kernel: i32, stride: i32): i32 {
  return kernel > 2 * stride ? 5 : 3;
}

/** Phases with a value at infinity, the first ones. */
// @ts-ignore: decorator
@inline
export function farPhases(kernel: i32, stride: i32): i32 {
  return max(0, kernel - (kernel > 2 * stride ? 3 : 1) * stride);
}

/** G[point][tap] for axes of up to four taps a phase, then [point][tap] for those of two; point 5 is infinity. */
// prettier-ignore
const EVALUATIONS = memory.data<f64>([
  1, 0, 0, 0,
  -1.0 / 3, -1.0 / 3, -1.0 / 3, -1.0 / 3,
  1.0 / 3, -1.0 / 3, 1.0 / 3, -1.0 / 3,
  1.0 / 15, 2.0 / 15, 4.0 / 15, 8.0 / 15,
  -16.0 / 15, 8.0 / 15, -4.0 / 15, 2.0 / 15,
  0, 0, 0, 1,

  -1, 0, 0, 0,
  0.5, 0.5, 0, 0,
  0.5, -0.5, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 1, 0, 0,
]);

/** sum over taps of G[point][tap] * at[tap * step], in float64, of values of type T. */
// @ts-ignore: decorator
@inline
function evaluate<T>(near: i32, point: i32, at: usize, step: usize, taps: i32): f64 {
  const row = EVALUATIONS + ((<usize>((near == 5 ? 0 : 6) + point)) << 5);
  let sum: f64 = 0;
  for (let tap: usize = 0; tap < <usize>taps; ++tap) {
    sum += load<f64>(row + (tap << 3)) * <f64>load<T>(at + tap * step);
  }
  return sum;
}

/** Phases that have a point; 0 for points that the axis has not. */
// @ts-ignore: decorator
@inline
export function phasesAt(point: i32, near: i32, stride: i32, far: i32): i32 {
  return point < near ? stride : point == 5 ? far : 0;
}

/** Taps of a phase. */
// @ts-ignore: decorator
@inline
function tapsOf(kernel: i32, stride: i32, phase: i32): i32 {
  return (kernel - phase + stride - 1) / stride;
}

/**
 * OIHW f32 -> the filters' values at Winograd's points, rounded once, zeros past a group's last channel; sizes by
 * `winogradF32WeightBytes`.
 */
export function winogradF32Pack(
  src: usize,
  dst: usize,
  channels: i32,
  inputs: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  groups: i32,
): void {
  const nearY = nearPoints(kernelHeight, strideHeight);
  const nearX = nearPoints(kernelWidth, strideWidth);
  const farY = farPhases(kernelHeight, strideHeight);
  const farX = farPhases(kernelWidth, strideWidth);
  const outputs = channels / groups;
  const blocks = (outputs + TILE_CHANNELS - 1) / TILE_CHANNELS;
  const pointPhases = (nearY * strideHeight + farY) * (nearX * strideWidth + farX);
  const blockBytes = (<usize>(pointPhases * inputs * TILE_CHANNELS)) << 2;
  memory.fill(dst, 0, <usize>(groups * blocks) * blockBytes);
  // The values of a filter's phase along x, [4][6] f64.
  const rows = ownScratch();
  for (let n = 0; n < channels; ++n) {
    const output = n % outputs;
    const block = dst + <usize>((n / outputs) * blocks + output / TILE_CHANNELS) * blockBytes;
    const lane = (<usize>(output % TILE_CHANNELS)) << 2;
    for (let c = 0; c < inputs; ++c) {
      const filter = src + ((<usize>((n * inputs + c) * kernelHeight * kernelWidth)) << 2);
      for (let py = 0; py < strideHeight; ++py) {
        const tapsY = tapsOf(kernelHeight, strideHeight, py);
        for (let px = 0; px < strideWidth; ++px) {
          const tapsX = tapsOf(kernelWidth, strideWidth, px);
          for (let i = 0; i < tapsY; ++i) {
            const taps = filter + ((<usize>((i * strideHeight + py) * kernelWidth + px)) << 2);
            for (let b = 0; b < 6; ++b) {
              const value = evaluate<f32>(nearX, b, taps, (<usize>strideWidth) << 2, tapsX);
              store<f64>(rows + ((<usize>(i * 6 + b)) << 3), value);
            }
          }
          let at = block;
          for (let a = 0; a < 6; ++a) {
            const phasesY = phasesAt(a, nearY, strideHeight, farY);
            for (let b = 0; b < 6; ++b) {
              const phasesX = phasesAt(b, nearX, strideWidth, farX);
              if (py < phasesY && px < phasesX) {
                const k = (py * phasesX + px) * inputs + c;
                const value = evaluate<f64>(nearY, a, rows + ((<usize>b) << 3), 48, tapsY);
                store<f32>(at + ((<usize>(k * TILE_CHANNELS)) << 2) + lane, <f32>value);
              }
              at += (<usize>(phasesY * phasesX * inputs * TILE_CHANNELS)) << 2;
            }
          }
        }
      }
    }
  }
}
