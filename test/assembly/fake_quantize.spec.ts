/** Values on an integer grid, in the debug build. */
import { fakeQuantizeF32 } from "../../assembly/fake_quantize";

/** The value of one number on a grid. */
function on(x: f32, scale: f32, zeroPoint: f32, halfAway: bool): f32 {
  const map = heap.alloc(16);
  memory.fill(map, 0, 16);
  store<f32>(map, x);
  fakeQuantizeF32(map, map, 1, 1, scale, zeroPoint, -128, 127, halfAway ? 1 : 0);
  const value = load<f32>(map);
  for (let i = 4; i < 16; i += 4) expect<f32>(load<f32>(map + i)).toBe(0);
  heap.free(map);
  return value;
}

describe("fake quantization", () => {
  test("halves go to even, or away from zero", () => {
    for (let n = -100; n < 100; ++n) {
      const half: f32 = (<f32>n + 0.5) * 0.25;
      const even: f32 = n & 1 ? <f32>(n + 1) : <f32>n;
      const away: f32 = n < 0 ? <f32>n : <f32>(n + 1);
      expect<f32>(on(half, 0.25, 0, false)).toBe(even * 0.25);
      expect<f32>(on(half, 0.25, 0, true)).toBe(away * 0.25);
    }
  });

  test("values outside the range are cut to it", () => {
    expect<f32>(on(1000, 0.5, 28, true)).toBe(49.5);
    expect<f32>(on(-Infinity, 0.5, 28, true)).toBe(-78);
    expect<bool>(isNaN(on(NaN, 0.5, 28, true))).toBe(true);
  });
});
