/** BMXNet's quantisers of many bits, in the debug build. */
import { dorefaF32, roundF32 } from "../../assembly/levels";
import { maxAbsTanhF32 } from "../../assembly/planes";

const PIXELS = 2;

function valueAt(i: i32): f32 {
  const which = i % 5;
  if (which == 0) return -0.25;
  if (which == 1) return 1.75;
  return <f32>((i * 37) % 101) / 100;
}

/** C's round of what is not negative. */
function rounded(p: f32): f32 {
  const whole = Mathf.floor(p);
  return whole + <f32>i32(p - whole >= 0.5);
}

function wrongValues(channels: i32, bits: i32): i32 {
  const stride = (channels + 3) & ~3;
  const map = heap.alloc(PIXELS * stride * 4);
  const out = heap.alloc(PIXELS * stride * 4);
  const largest = heap.alloc(4);
  for (let i = 0; i < PIXELS * stride; ++i) store<f32>(map + i * 4, i % stride < channels ? valueAt(i) : 0);
  const steps = <f32>((1 << bits) - 1);
  let wrong = 0;
  roundF32(map, out, PIXELS, channels, bits);
  for (let i = 0; i < PIXELS * stride; ++i) {
    const x = load<f32>(map + i * 4);
    const expected = rounded(Mathf.min(Mathf.max(x, 0), 1) * steps) / steps;
    if (load<f32>(out + i * 4) != expected) ++wrong;
  }
  maxAbsTanhF32(map, largest, PIXELS, channels);
  dorefaF32(map, out, PIXELS, channels, bits, largest);
  for (let i = 0; i < PIXELS * stride; ++i) {
    const y = load<f32>(out + i * 4);
    if (i % stride >= channels) {
      if (y != 0) ++wrong;
      continue;
    }
    // A level is as far from u as half a step, or a float's rounding.
    const u = Math.tanh(<f64>load<f32>(map + i * 4)) / (2 * <f64>load<f32>(largest)) + 0.5;
    if (Math.abs((<f64>y + 1) / 2 - u) > 0.5 / <f64>steps + 2e-7) ++wrong;
  }
  heap.free(map);
  heap.free(out);
  heap.free(largest);
  return wrong;
}

describe("levels", () => {
  test("values of round and dorefa at any number of bits and channels", () => {
    for (let bits = 1; bits <= 31; ++bits) {
      for (let channels = 1; channels <= 9; ++channels) expect(wrongValues(channels, bits)).toBe(0);
    }
  });
});
