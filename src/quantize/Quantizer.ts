import type { OnnxModel } from '../onnx/OnnxModel.js';
import { chooseRange, type RangeMethod } from './chooseRange.js';
import { type CollectOptions, collectHistograms } from './collectHistograms.js';
import { insertQuantization, type QuantizedGraph } from './insertQuantization.js';
import type { QuantizationPlan } from './NodePlan.js';
import type { FloatValue } from './OrtRunner.js';
import { type PlanOptions, planNodes } from './planNodes.js';
import { prepareFloatModel } from './prepareFloatModel.js';
import { type FloatValues, probeFloatValues } from './probeFloatValues.js';
import { LEVELS, quantParamsOf } from './QuantParams.js';
import { upgradeOpset } from './upgradeOpset.js';
import type { ValueHistogram } from './ValueHistogram.js';
import type { InputMeans } from './weightBias.js';

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
  readonly #means = new Map<string, InputMeans>();

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
   * Measures the values that the plans need, over all inputs.
   *
   * @returns the number of inputs
   * @throws EffvitError as collectHistograms
   */
  async calibrate(
    plans: readonly QuantizationPlan[],
    inputs: AsyncIterable<FloatValue> | Iterable<FloatValue>,
    options: CollectOptions = {},
  ): Promise<number> {
    const needed = new Set<string>();
    const meanAxes = new Map<string, number>();
    for (const plan of plans) {
      // A trial build with arbitrary parameters records which values need calibration.
      insertQuantization(this.model, plan, {
        reduceRange: false,
        paramsOf: (value, precision) => {
          needed.add(value);
          return quantParamsOf({ min: -1, max: 1 }, precision);
        },
        meansOf: (value, axis) => {
          meanAxes.set(value, axis);
          return undefined;
        },
      });
    }
    const request = { histograms: needed, meanAxes };
    const { histograms, means, frameCount } = await collectHistograms(this.model, request, inputs, options);
    for (const [name, histogram] of histograms) this.#histograms.set(name, histogram);
    for (const [name, mean] of means) this.#means.set(name, mean);
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
      meansOf: (value) => (correctBias ? this.#means.get(value) : undefined),
    });
  }
}
