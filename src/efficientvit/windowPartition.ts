import type { OnnxDim } from '../onnx/OnnxModel.js';
import type { GraphBuilder, Value } from './GraphBuilder.js';

/** Geometry of a feature map's square windows. */
export interface Windows {
  readonly perSide: number;
  readonly windowPx: number;
}

/**
 * [batch, C, H, W] to [windows * batch, C, windowPx, windowPx]: the batch's first windows, then its second ones,
 * in reading order.
 *
 * Uses Split and Concat of whole windows. A Reshape to six dimensions with a Transpose needs fewer nodes, but its
 * innermost dimension is the window's width, which a BPU pads to a multiple.
 */
export function partitionWindows(
  builder: GraphBuilder,
  at: string,
  input: Value,
  { perSide, windowPx }: Windows,
): Value {
  const lengths = new Array<number>(perSide).fill(windowPx);
  const rows = builder.split(`${at}/partition/Split`, input, 2, lengths);
  const windows = rows.flatMap((row, index) =>
    builder.split(`${at}/partition/Split_${index + 1}`, row, 3, lengths),
  );
  const total = typeof input.shape[0] === 'number' ? undefined : 'windows';
  return builder.concat(`${at}/partition/Concat`, windows, 0, total);
}

/** The inverse of {@link partitionWindows}. */
export function mergeWindows(
  builder: GraphBuilder,
  at: string,
  input: Value,
  { perSide }: Windows,
  batch: OnnxDim,
): Value {
  const batches = new Array<OnnxDim>(perSide * perSide).fill(batch);
  const windows = builder.split(`${at}/merge/Split`, input, 0, batches);
  const rows = Array.from({ length: perSide }, (_, row) =>
    builder.concat(`${at}/merge/Concat_${row}`, windows.slice(row * perSide, (row + 1) * perSide), 3),
  );
  return builder.concat(`${at}/merge/Concat_${perSide}`, rows, 2);
}
