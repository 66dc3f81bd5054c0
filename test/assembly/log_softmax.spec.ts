/** Log softmax at channels around the vectors, in the debug build. */
import { logSoftmaxF32 } from "../../assembly/log_softmax";

/** The largest error against the definition in doubles, in place; a tail lane that is not 0 counts 1. */
function largestError(channels: i32): f64 {
  const stride = (channels + 3) & ~3;
  const map = heap.alloc(2 * stride * 4);
  const given = heap.alloc(2 * stride * 4);
  memory.fill(map, 0, 2 * stride * 4);
  for (let i = 0; i < 2 * stride; ++i) {
    if (i % stride < channels) store<f32>(map + i * 4, <f32>((i * 37) % 19) - 9);
  }
  memory.copy(given, map, 2 * stride * 4);
  logSoftmaxF32(map, map, 2, channels);
  let worst: f64 = 0;
  for (let pixel = 0; pixel < 2; ++pixel) {
    let sum: f64 = 0;
    for (let c = 0; c < channels; ++c) sum += Math.exp(<f64>load<f32>(given + (pixel * stride + c) * 4));
    for (let c = 0; c < stride; ++c) {
      const at = (pixel * stride + c) * 4;
      const expected = c < channels ? <f64>load<f32>(given + at) - Math.log(sum) : 0;
      worst = max(worst, Math.abs(<f64>load<f32>(map + at) - expected) * (c < channels ? 1 : 1e9));
    }
  }
  heap.free(map);
  heap.free(given);
  return worst;
}

describe("log softmax", () => {
  test("channels around the vectors", () => {
    for (let channels = 1; channels <= 40; ++channels) expect(largestError(channels)).toBeLessThan(2e-6);
  });
});
