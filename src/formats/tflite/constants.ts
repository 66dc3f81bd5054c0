/** The numbers of constant tensors. */
import { aligned, toFloat32 } from "../dtypes.js";
import { badOperator, unsupported } from "./operators.js";
import type { TfliteOperator, TfliteTensor } from "./schema.js";

/** Shapes, axes and slices count a few numbers. */
const MAX_INTEGERS = 64;

/** q to scale * (q - zeroPoint), by the index of the quantised dimension when there are several scales. */
function dequantize(op: TfliteOperator, { quantization, shape, data, index }: TfliteTensor): Float32Array {
  if (quantization === null) return badOperator(op, `reads int8 tensor ${index}, which has no scale`);
  const { scales, zeroPoints, dimension } = quantization;
  const isOne = scales.length === 1;
  const size = isOne ? 1 : shape[dimension];
  const zeros = zeroPoints.length;
  if (size !== scales.length || (zeros > 1 && zeros !== size)) {
    badOperator(op, `reads int8 tensor ${index}, whose ${scales.length} scales fit no dimension of it`);
  }
  let inner = 1;
  if (!isOne) for (const extent of shape.slice(dimension + 1)) inner *= extent;
  const bytes = data!;
  return Float32Array.from({ length: bytes.length }, (_, i) => {
    const channel = Math.floor(i / inner) % size;
    return scales[channel] * (((bytes[i] << 24) >> 24) - (zeroPoints[zeros > 1 ? channel : 0] ?? 0));
  });
}

/**
 * A constant as real numbers, row-major in the file's order: f32 (a view if its bytes are aligned), f16, or int8
 * dequantised.
 * @param spend Counts what is allocated, and what is only viewed: layers can share a constant, and each is checked.
 */
export function readFloats(op: TfliteOperator, tensor: TfliteTensor, spend: (bytes: number) => void): Float32Array {
  const { type, data, index } = tensor;
  const bytes = data!;
  switch (type) {
    case "f32":
      spend(bytes.length);
      return toFloat32({ dtype: "F32", bytes });
    case "f16":
      spend(2 * bytes.length);
      return toFloat32({ dtype: "F16", bytes });
    case "i8":
      spend(4 * bytes.length);
      return dequantize(op, tensor);
    default:
      return unsupported(op, `reads constant tensor ${index} of type ${type}, where f32, f16 or int8 is expected`);
  }
}

/** A small constant of i32 or i64 numbers. */
export function readIntegers(op: TfliteOperator, { type, data, index }: TfliteTensor): readonly number[] {
  const bytes = data!;
  const size = type === "i64" ? 8 : 4;
  if (type !== "i32" && type !== "i64") {
    unsupported(op, `reads constant tensor ${index} of type ${type}, where whole numbers are expected`);
  }
  if (bytes.length > MAX_INTEGERS * size) {
    badOperator(
      op,
      `reads ${bytes.length / size} whole numbers from tensor ${index}, expected at most ${MAX_INTEGERS}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / size }, (_, i) =>
    size === 4 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true)),
  );
}

/** The i32 numbers of a constant of any length, such as biases and thresholds. */
export function readInt32s(
  op: TfliteOperator,
  { type, data, index }: TfliteTensor,
  spend: (bytes: number) => void,
): Int32Array {
  const bytes = data!;
  spend(bytes.length);
  if (type !== "i32") unsupported(op, `reads constant tensor ${index} of type ${type}, where i32 is expected`);
  const { buffer, byteOffset } = aligned(bytes, 4);
  return new Int32Array(buffer, byteOffset, bytes.length / 4);
}
