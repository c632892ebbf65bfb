import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { chooseRange, type RangeMethod } from './chooseRange.js';
import { insertQuantization, type QuantizedGraph } from './insertQuantization.js';
import {
  type FloatValue,
  type FloatValues,
  type OrtRunner,
  probeFloatValues,
  throwIfCancelled,
  withRunners,
} from './OrtRunner.js';
import { type PlanOptions, planNodes, type QuantizationPlan } from './planNodes.js';
import { prepareFloatModel, upgradeOpset } from './prepareFloatModel.js';
import { LEVELS, quantParamsOf } from './QuantParams.js';
import { ValueHistogram } from './ValueHistogram.js';
import { ChannelMeans } from './weightBias.js';

export interface CalibrateOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onFrame?: (frameCount: number) => void;
}

export interface BuildOptions {
  readonly method: RangeMethod;
  readonly reduceRange: boolean;
  /** Default true. */
  readonly correctBias?: boolean;
}

/** A float model that is measured once and then quantised in as many ways as are to be compared. */
export class Quantizer {
  /** The prepared float model; not to be changed. */
  readonly model: OnnxModel;
  readonly floats: FloatValues;
  /** The file had float16 or bfloat16 values, which are float32 here. */
  readonly wasNarrow: boolean;
  readonly #histograms = new Map<string, ValueHistogram>();
  readonly #means = new Map<string, ChannelMeans>();

  private constructor(model: OnnxModel, floats: FloatValues, wasNarrow: boolean) {
    this.wasNarrow = wasNarrow;
    this.model = model;
    this.floats = floats;
  }

  /**
   * Takes the model over: it is brought into the form that can be quantised.
   *
   * @throws EffvitError BAD_MODEL, UNSUPPORTED
   */
  static async open(model: OnnxModel): Promise<Quantizer> {
    const { wasNarrow } = prepareFloatModel(model);
    const floats = await probeFloatValues(model);
    upgradeOpset(model, (value) => floats.get(value)?.length);
    return new Quantizer(model, floats, wasNarrow);
  }

  plan(options: PlanOptions): QuantizationPlan {
    return planNodes(this.model.graph, this.floats, options);
  }

  /**
   * Runs the float model over all inputs and measures the values that the plans need.
   *
   * @returns the number of inputs
   * @throws EffvitError CANCELLED; BAD_MODEL if a value comes out NaN or infinite; INFERENCE_FAILED
   */
  async calibrate(
    plans: readonly QuantizationPlan[],
    inputs: AsyncIterable<FloatValue> | Iterable<FloatValue>,
    { signal, onFrame }: CalibrateOptions = {},
  ): Promise<number> {
    const [histograms, means] = [this.#histograms, this.#means];
    histograms.clear();
    means.clear();
    for (const plan of plans) {
      // A trial build with arbitrary parameters records which values need calibration.
      insertQuantization(this.model, plan, {
        reduceRange: false,
        paramsOf: (value, precision) => {
          if (!histograms.has(value)) histograms.set(value, new ValueHistogram());
          return quantParamsOf({ min: -1, max: 1 }, precision);
        },
        meansOf: (value, axis) => {
          if (!means.has(value)) means.set(value, new ChannelMeans(axis));
          return undefined;
        },
      });
    }
    let frameCount = 0;
    const measure = async ([runner]: readonly [OrtRunner]): Promise<void> => {
      for await (const input of inputs) {
        throwIfCancelled(signal);
        const values = await runner.run(input);
        values.set(runner.inputName, input);
        frameCount++;
        for (const [name, value] of values) {
          means.get(name)?.add(value);
          const skipped = histograms.get(name)?.add(value.data) ?? 0;
          if (skipped === 0) continue;
          throw new EffvitError(
            'BAD_MODEL',
            `The value ${JSON.stringify(name)} of the model came out NaN or infinite ${skipped} times for ` +
              `calibration picture ${frameCount}: a model that overflows cannot be quantised.`,
            { context: { graphName: name } },
          );
        }
        onFrame?.(frameCount);
      }
    };
    await withRunners([this.model], measure, [[...new Set([...histograms.keys(), ...means.keys()])]]);
    return frameCount;
  }

  /** The quantised model; {@link calibrate} has to have seen the plan. */
  build(plan: QuantizationPlan, { method, reduceRange, correctBias = true }: BuildOptions): QuantizedGraph {
    return insertQuantization(this.model, plan, {
      reduceRange,
      paramsOf: (value, precision) => {
        const histogram = this.#histograms.get(value);
        if (histogram === undefined) throw new Error(`The value ${value} was not calibrated.`);
        return quantParamsOf(chooseRange(histogram, method, LEVELS[precision]), precision);
      },
      meansOf: (value) => (correctBias ? this.#means.get(value)?.result() : undefined),
    });
  }
}
