/**
 * Rows of floats times a float64 each, rounded once: how a batch norm's scale goes into a convolution's weights.
 *
 *   data[row][i] = f32(scale[row] * data[row][i])
 *
 *   data    [rows][length] f32            scales  [rows] f64
 *
 * Cost: a load, a product and a store a float. A host's own loop would take several times as long in code that has not
 * run before.
 */

/** `data` in place; both 4-byte aligned. */
export function scaleRowsF32(data: usize, scales: usize, rows: i32, length: i32): void {
  for (let row = 0; row < rows; ++row) {
    const scale = load<f64>(scales);
    const end = data + ((<usize>length) << 2);
    for (; data < end; data += 4) store<f32>(data, <f32>(<f64>load<f32>(data) * scale));
    scales += 8;
  }
}
