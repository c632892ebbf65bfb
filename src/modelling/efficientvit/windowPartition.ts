import type { OnnxDim } from '../onnx/OnnxModel.js';
import type { GraphBuilder, Value } from './GraphBuilder.js';

/** How a feature map is cut into square windows. */
export interface Windows {
  readonly perSide: number;
  readonly windowPx: number;
  /** The batch as Reshape takes it: a number, or 0 where it is only known at run time. */
  readonly batchRows: number;
}

/** [batch, C, H, W] to [batch * windows, C, windowPx, windowPx], windows in reading order. */
export function partitionWindows(builder: GraphBuilder, at: string, input: Value, windows: Windows): Value {
  const { perSide, windowPx, batchRows } = windows;
  const [batch = null, channels = null] = input.shape;
  const split = [Number(channels), perSide, windowPx, perSide, windowPx];
  const cut = builder.reshape(`${at}/partition/Reshape`, input, [batchRows, ...split], [batch, ...split]);
  const ordered = builder.transpose(`${at}/partition/Transpose`, cut, [0, 2, 4, 1, 3, 5]);
  const count = batchRows === 0 ? -1 : batchRows * perSide * perSide;
  const shape = [Number(channels), windowPx, windowPx];
  return builder.reshape(
    `${at}/partition/Reshape_1`,
    ordered,
    [count, ...shape],
    [windowCount(windows), ...shape],
  );
}

/** The inverse of {@link partitionWindows}. */
export function mergeWindows(
  builder: GraphBuilder,
  at: string,
  input: Value,
  windows: Windows,
  batch: OnnxDim,
): Value {
  const { perSide, windowPx, batchRows } = windows;
  const channels = Number(input.shape[1]);
  const rest = [perSide, perSide, channels, windowPx, windowPx];
  const cut = builder.reshape(
    `${at}/merge/Reshape`,
    input,
    [batchRows === 0 ? -1 : batchRows, ...rest],
    [batch, ...rest],
  );
  const ordered = builder.transpose(`${at}/merge/Transpose`, cut, [0, 3, 1, 4, 2, 5]);
  const shape = [channels, perSide * windowPx, perSide * windowPx];
  return builder.reshape(`${at}/merge/Reshape_1`, ordered, [batchRows, ...shape], [batch, ...shape]);
}

/** The leading dimension of the windows: a number, or a name of its own. */
function windowCount({ batchRows, perSide }: Windows): OnnxDim {
  return batchRows === 0 ? 'windows' : batchRows * perSide * perSide;
}
