import { availableParallelism } from 'node:os';
import { EffvitError } from '../core/EffvitError.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { type OutputComparison, OutputTally } from '../quantize/compareModels.js';
import type { LabelledPlanes } from '../quantize/FramePlanes.js';
import { inputNormalization, normalize } from '../quantize/InputNormalization.js';
import { inputDims, OrtRunner, throwIfCancelled } from '../quantize/OrtRunner.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';
import { QuantizedModel } from '../toolchain/QuantizedModel.js';
import type { Toolchain } from '../toolchain/toolchainStatus.js';

export interface EvaluateOptions {
  readonly toolchain: Toolchain;
  readonly config: MakertbinFile;
  /** The float model of batch 1. */
  readonly floatPath: string;
  /** Of any batch. */
  readonly quantizedPath: string;
  readonly pictures: AsyncIterable<LabelledPlanes>;
  readonly signal: AbortSignal;
  readonly onPicture: (done: number) => void;
}

/** Each process has its own copy of the model, some 600 MB, and uses one core. */
const MOST_PROCESSES = 4;

/**
 * Compares the BPU's model with the float model on each picture. A model of a larger batch gets the pictures in tasks
 * of that size, as they come; the last one is filled up with its last picture.
 *
 * @throws EffvitError NOT_FOUND without pictures, TOOL_FAILED, TIMED_OUT, CANCELLED
 */
export async function evaluateCompiled(options: EvaluateOptions): Promise<OutputComparison> {
  const { config, signal } = options;
  const normalization = inputNormalization(config.config);
  const model = await readOnnx(options.floatPath);
  const dims = inputDims(model);
  const [, , heightPx = 0, widthPx = 0] = dims;
  const float = await OrtRunner.create(model);
  const tally = new OutputTally();
  const pictures = options.pictures[Symbol.asyncIterator]();
  const count = Math.max(1, Math.min(MOST_PROCESSES, availableParallelism()));
  let done = 0;
  /** Runs one process, which takes the next task after each answer. */
  const serve = async (): Promise<void> => {
    const { toolchain, quantizedPath: path } = options;
    const quantized = await QuantizedModel.start({ toolchain, path, widthPx, heightPx });
    const stop = (): void => void quantized.dispose();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for (;;) {
        const task = await nextTask(pictures, quantized.batch, options.signal);
        if (task.length === 0) break;
        const logits = await quantized.run(joined(task, quantized.batch));
        for (const [place, picture] of task.entries()) {
          const reference = await float.runForOutput(normalize(picture, normalization, dims));
          const { classCount } = quantized;
          tally.add(reference, logits.subarray(place * classCount, (place + 1) * classCount), picture);
          options.onPicture(++done);
        }
      }
    } catch (error) {
      throwIfCancelled(signal);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      await quantized.dispose();
    }
  };
  try {
    // The processes end before the float model is released.
    const ends = await Promise.allSettled(Array.from({ length: count }, serve));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    await pictures.return?.(undefined);
    await float.dispose();
  }
  if (done === 0)
    throw new EffvitError('NOT_FOUND', 'There is no picture to evaluate on: name a list with some.');
  return tally.comparison;
}

/** Up to `count` pictures; fewer at the end. */
async function nextTask(
  pictures: AsyncIterator<LabelledPlanes>,
  count: number,
  signal: AbortSignal,
): Promise<LabelledPlanes[]> {
  const task: LabelledPlanes[] = [];
  while (task.length < count) {
    const next = await pictures.next();
    throwIfCancelled(signal);
    if (next.done === true) break;
    task.push(next.value);
  }
  return task;
}

/** The NV12 of a task of `batch` pictures. */
function joined(task: readonly LabelledPlanes[], batch: number): Uint8Array {
  return Buffer.concat(
    Array.from({ length: batch }, (_, place) => {
      const nv12 = (task[place] ?? task.at(-1))?.nv12;
      if (nv12 === undefined) throw new Error('Pictures to evaluate on come with their NV12.');
      return nv12;
    }),
  );
}
