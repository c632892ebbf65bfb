import { EffvitError } from '../../core/EffvitError.js';
import { QuantizedModel } from '../../toolchain/QuantizedModel.js';
import type { ExactResults } from '../BackendSpec.js';
import type { InferenceResult } from '../InferenceBackend.js';

/**
 * The logits that the board would give: the vendor's quantised model runs in a separate process, one per worker. A
 * frame takes at least as long as this computation.
 *
 * @throws EffvitError BAD_MODEL for a quantised model of another batch than 1, TOOL_FAILED, TIMED_OUT
 */
export async function exactAnswers({ path, toolchain, widthPx, heightPx }: ExactResults): Promise<{
  readonly classCount: number;
  answer(nv12: Uint8Array): Promise<InferenceResult>;
  dispose(): Promise<void>;
}> {
  const model = await QuantizedModel.start({ toolchain, path, widthPx, heightPx });
  if (model.batch !== 1) {
    await model.dispose();
    throw new EffvitError(
      'BAD_MODEL',
      `${path} computes ${model.batch} pictures at a time, and exact results need the quantised model of batch 1.`,
      { context: { file: path } },
    );
  }
  return {
    classCount: model.classCount,
    answer: async (nv12) => ({ logits: await model.run(nv12), inputNs: 0, inferenceNs: 0 }),
    dispose: async () => await model.dispose(),
  };
}
