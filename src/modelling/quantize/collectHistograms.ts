import { EffvitError } from '../../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { type FloatValue, OrtRunner } from './OrtRunner.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { ValueHistogram } from './ValueHistogram.js';

export interface CollectOptions {
  readonly signal?: AbortSignal;
  readonly onFrame?: (frameCount: number) => void;
}

export interface Collected {
  /** One for each name asked for. */
  readonly histograms: ReadonlyMap<string, ValueHistogram>;
  readonly frameCount: number;
}

/**
 * Runs the float model over the calibration inputs and counts the values that `names` take on.
 *
 * @throws EffvitError CANCELLED; BAD_MODEL where a value comes out NaN or infinite; INFERENCE_FAILED
 */
export async function collectHistograms(
  model: OnnxModel,
  names: Iterable<string>,
  inputs: AsyncIterable<FloatValue> | Iterable<FloatValue>,
  options: CollectOptions = {},
): Promise<Collected> {
  const histograms = new Map<string, ValueHistogram>();
  for (const name of names) histograms.set(name, new ValueHistogram());
  const runner = await OrtRunner.create(model, { extraOutputs: withoutInput(histograms.keys(), model) });
  try {
    let frameCount = 0;
    for await (const input of inputs) {
      throwIfCancelled(options.signal);
      const values = await runner.run(input);
      histograms.get(runner.inputName)?.add(input.data);
      for (const [name, value] of values) {
        const skipped = histograms.get(name)?.add(value.data) ?? 0;
        if (skipped > 0) {
          throw new EffvitError(
            'BAD_MODEL',
            `The value ${JSON.stringify(name)} of the model came out NaN or infinite ${skipped} times for ` +
              `calibration picture ${frameCount + 1}: a model that overflows cannot be quantised.`,
          );
        }
      }
      frameCount++;
      options.onFrame?.(frameCount);
    }
    return { histograms, frameCount };
  } finally {
    await runner.dispose();
  }
}

function withoutInput(names: Iterable<string>, model: OnnxModel): string[] {
  const inputs = new Set(model.graph.inputs.map((input) => input.name));
  return [...names].filter((name) => !inputs.has(name));
}
