import { loadRuntime } from '../../src/inference/onnx/loadRuntime.js';
import type { OnnxModel } from '../../src/onnx/OnnxModel.js';
import { serializeOnnx } from '../../src/onnx/serializeOnnx.js';

/** Runs a model once on ONNX Runtime's CPU provider, one thread: input `data`, output `output`. */
export async function runOnnx(
  model: OnnxModel,
  data: Float32Array | Uint8Array,
  dims: readonly number[],
): Promise<Float32Array> {
  const ort = loadRuntime();
  const session = await ort.InferenceSession.create(serializeOnnx(model), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const input =
      data instanceof Uint8Array
        ? new ort.Tensor('uint8', data, dims)
        : new ort.Tensor('float32', data, dims);
    const results = await session.run({ data: input });
    const output = results['output']?.data;
    if (!(output instanceof Float32Array)) throw new Error('The model has no float32 output.');
    return output;
  } finally {
    await session.release();
  }
}

/** Largest difference of two vectors of one length; NaN where either holds one. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}.`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** {@link largestDifference} over the largest magnitude of `wanted`. */
export function relativeDifference(values: ArrayLike<number>, wanted: ArrayLike<number>): number {
  return largestDifference(values, wanted) / largestDifference(wanted, new Float32Array(wanted.length));
}
