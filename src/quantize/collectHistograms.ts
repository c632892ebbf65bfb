import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { ChannelMeans } from './ChannelMeans.js';
import { type FloatValue, OrtRunner } from './OrtRunner.js';
import { throwIfCancelled } from './throwIfCancelled.js';
import { ValueHistogram } from './ValueHistogram.js';
import type { InputMeans } from './weightBias.js';

export interface CollectOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onFrame?: (frameCount: number) => void;
}

export interface Collected {
  /** One for each name asked for. */
  readonly histograms: ReadonlyMap<string, ValueHistogram>;
  /** One for each value of `meanAxes`. */
  readonly means: ReadonlyMap<string, InputMeans>;
  readonly frameCount: number;
}

/** What to measure of the values of a model, by their names. */
export interface MeasurementRequest {
  /** Values to count. */
  readonly histograms: Iterable<string>;
  /** Values to average, with the axis of their channels. */
  readonly meanAxes: ReadonlyMap<string, number>;
}

/**
 * Runs the float model over the calibration inputs and measures the requested values.
 *
 * @throws EffvitError CANCELLED; BAD_MODEL if a value comes out NaN or infinite; INFERENCE_FAILED
 */
export async function collectHistograms(
  model: OnnxModel,
  request: MeasurementRequest,
  inputs: AsyncIterable<FloatValue> | Iterable<FloatValue>,
  options: CollectOptions = {},
): Promise<Collected> {
  const histograms = new Map<string, ValueHistogram>();
  for (const name of request.histograms) histograms.set(name, new ValueHistogram());
  const means = new Map([...request.meanAxes].map(([name, axis]) => [name, new ChannelMeans(axis)]));
  const names = new Set([...histograms.keys(), ...means.keys()]);
  const runner = await OrtRunner.create(model, { extraOutputs: withoutInput(names, model) });
  try {
    let frameCount = 0;
    for await (const input of inputs) {
      throwIfCancelled(options.signal);
      const values = await runner.run(input);
      values.set(runner.inputName, input);
      for (const [name, value] of values) {
        means.get(name)?.add(value);
        const skipped = histograms.get(name)?.add(value.data) ?? 0;
        if (skipped > 0) {
          throw new EffvitError(
            'BAD_MODEL',
            `The value ${JSON.stringify(name)} of the model came out NaN or infinite ${skipped} times for ` +
              `calibration picture ${frameCount + 1}: a model that overflows cannot be quantised.`,
            { context: { graphName: name } },
          );
        }
      }
      frameCount++;
      options.onFrame?.(frameCount);
    }
    const results = new Map([...means].map(([name, mean]) => [name, mean.result()]));
    return { histograms, means: results, frameCount };
  } finally {
    await runner.dispose();
  }
}

function withoutInput(names: Iterable<string>, model: OnnxModel): string[] {
  const inputs = new Set(model.graph.inputs.map((input) => input.name));
  return [...names].filter((name) => !inputs.has(name));
}
