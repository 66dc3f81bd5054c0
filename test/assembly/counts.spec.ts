/** Sums of counts, and their corrections at borders of zeros, in the debug build. */
import { addCountsI32, addCountsU16, widenCountsU16 } from "../../assembly/counts";
import { zeroBorderI32 } from "../../assembly/zero_border";

function wrongSums(elements: i32): i32 {
  const wide = heap.alloc(elements * 4 + 4);
  const addend = heap.alloc(elements * 4);
  const narrow = heap.alloc(elements * 2);
  for (let i = 0; i < elements; ++i) {
    store<i32>(wide + i * 4, i * 1000003);
    store<i32>(addend + i * 4, 7 - i * 65537);
    store<u16>(narrow + i * 2, <u16>(i * 1237));
  }
  store<i32>(wide + elements * 4, -77);
  addCountsI32(wide, addend, elements, 3);
  addCountsU16(wide, narrow, elements, 7);
  widenCountsU16(narrow, addend, elements);
  let wrong = 0;
  for (let i = 0; i < elements; ++i) {
    if (load<i32>(wide + i * 4) != i * 1000003 + ((7 - i * 65537) << 3) + ((<i32>(<u16>(i * 1237))) << 7)) ++wrong;
    if (load<i32>(addend + i * 4) != <i32>load<u16>(narrow + i * 2)) ++wrong;
  }
  if (load<i32>(wide + elements * 4) != -77) ++wrong;
  heap.free(wide);
  heap.free(addend);
  heap.free(narrow);
  return wrong;
}

/** A square image and kernel; correction of tap t and channel c is 10 t + c + 1. */
function wrongBorder(size: i32, kernel: i32, stride: i32, dilation: i32, pad: i32, countStride: i32): i32 {
  const batch = 2;
  const out = (size + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
  const taps = kernel * kernel;
  const total = batch * out * out * countStride;
  const counts = heap.alloc(total * 4);
  const corrections = heap.alloc(taps * countStride * 4);
  const scratch = heap.alloc(countStride * 4);
  for (let i = 0; i < total; ++i) store<i32>(counts + i * 4, i);
  for (let i = 0; i < taps * countStride; ++i) {
    store<i32>(corrections + i * 4, 10 * (i / countStride) + (i % countStride) + 1);
  }
  zeroBorderI32(
    counts,
    corrections,
    scratch,
    batch,
    size,
    size,
    countStride,
    out,
    out,
    kernel,
    kernel,
    stride,
    stride,
    dilation,
    dilation,
    pad,
    pad,
  );
  let wrong = 0;
  for (let i = 0; i < total; ++i) {
    const pixel = i / countStride;
    let expected = i;
    for (let tap = 0; tap < taps; ++tap) {
      const y = ((pixel / out) % out) * stride - pad + (tap / kernel) * dilation;
      const x = (pixel % out) * stride - pad + (tap % kernel) * dilation;
      if (y < 0 || y >= size || x < 0 || x >= size) expected -= 10 * tap + (i % countStride) + 1;
    }
    if (load<i32>(counts + i * 4) != expected) ++wrong;
  }
  heap.free(counts);
  heap.free(corrections);
  heap.free(scratch);
  return wrong;
}

describe("counts", () => {
  test("sums and widening, any number of elements", () => {
    for (let elements = 1; elements <= 70; ++elements) expect(wrongSums(elements)).toBe(0);
  });

  test("corrections for taps outside the image", () => {
    for (let size = 1; size <= 7; ++size) {
      for (let stride = 1; stride <= 3; ++stride) {
        expect(wrongBorder(size, 1, stride, 1, 1, 5)).toBe(0);
        expect(wrongBorder(size, 3, stride, 1, 1, 9)).toBe(0);
        expect(wrongBorder(size, 3, stride, 2, 3, 4)).toBe(0);
        expect(wrongBorder(size, 5, stride, 1, 4, 2)).toBe(0);
      }
    }
  });
});
