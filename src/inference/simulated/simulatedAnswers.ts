import { EffvitError } from '../../core/EffvitError.js';
import { nv12AsChip } from '../../image/chipResizer.js';
import type { ExactResults, OnnxBackendSpec, SimulatedResults } from '../BackendSpec.js';
import { fillHashLogits, hashNv12, hashRegion } from './hashLogits.js';
import type { SimulatedInput } from './SimulatedPictures.js';

/** Computes the logits during the simulated service time. */
export interface Answers {
  readonly classCount: number;
  /** Valid until the next call. */
  answer(input: SimulatedInput): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export async function answersOf(results: SimulatedResults, seed: number): Promise<Answers> {
  switch (results.kind) {
    case 'hash':
      return hashAnswers(results.classCount, seed);
    case 'onnx':
      return await onnxAnswers(results.spec);
    case 'exact':
      return await exactAnswers(results);
  }
}

function hashAnswers(classCount: number, seed: number): Answers {
  const logits = new Float32Array(classCount);
  return {
    classCount,
    answer: async (input) => {
      fillHashLogits(logits, input instanceof Uint8Array ? hashNv12(input, seed) : hashRegion(input, seed));
      return logits;
    },
    dispose: async () => undefined,
  };
}

async function onnxAnswers(spec: OnnxBackendSpec): Promise<Answers> {
  const { OnnxBackend } = await import('../onnx/OnnxBackend.js');
  const backend = new OnnxBackend(spec);
  const { classCount } = await backend.load();
  return {
    classCount,
    answer: async (input) => (await backend.run(nv12Of(input))).logits,
    dispose: async () => await backend.dispose(),
  };
}

/**
 * The logits that the board would give: the vendor's quantised model runs in a separate process, one per worker. A
 * frame takes at least as long as this computation.
 *
 * @throws EffvitError BAD_MODEL for a quantised model of another batch than 1, TOOL_FAILED, TIMED_OUT
 */
export async function exactAnswers(results: ExactResults): Promise<Answers> {
  const { QuantizedModel } = await import('../../toolchain/QuantizedModel.js');
  const model = await QuantizedModel.start(results);
  if (model.batch !== 1) {
    await model.dispose();
    throw new EffvitError(
      'BAD_MODEL',
      `${results.path} computes ${model.batch} pictures at a time, and exact results need the quantised model of batch 1.`,
      { context: { file: results.path } },
    );
  }
  return {
    classCount: model.classCount,
    answer: async (input) => await model.run(nv12Of(input)),
    dispose: async () => await model.dispose(),
  };
}

/** A region scaled by the chip gets the chroma of every second pixel and row. */
function nv12Of(input: SimulatedInput): Uint8Array {
  return input instanceof Uint8Array ? input : nv12AsChip(input.bytes, input.shape, input.region, input.size);
}
