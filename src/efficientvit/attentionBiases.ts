/**
 * Expands one head's attention biases: all pairs of pixels of a window with the same offset share one bias.
 *
 * Offsets |dy|, |dx| are numbered in the order of first occurrence over all pairs (row-major, first pixel outer), as in
 * the model's training code.
 *
 * @param table One head's biases, by offset number: windowPx ** 2 values.
 * @returns [N, N] row-major, N = windowPx ** 2: query pixel, key pixel.
 */
export function gatherAttentionBiases(table: Float32Array, windowPx: number): Float32Array {
  const pixels = windowPx * windowPx;
  const gathered = new Float32Array(pixels * pixels);
  for (let query = 0; query < pixels; query++) {
    const queryRow = Math.floor(query / windowPx);
    const queryColumn = query % windowPx;
    for (let key = 0; key < pixels; key++) {
      const rows = Math.abs(queryRow - Math.floor(key / windowPx));
      const columns = Math.abs(queryColumn - (key % windowPx));
      gathered[query * pixels + key] = table[rows * windowPx + columns] as number;
    }
  }
  return gathered;
}
