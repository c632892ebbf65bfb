import { compareNodes } from './compareNodes.js';
import { type CompareOptions, compareOutputs, type OutputComparison } from './compareOutputs.js';
import type { Coverage, QuantizationPlan } from './NodePlan.js';
import type { FloatValue } from './OrtRunner.js';
import type { LabelledPlanes } from './PicturePlanes.js';
import type { PlanOptions } from './planNodes.js';
import type { BuildOptions, Quantizer } from './Quantizer.js';
import { PRECISIONS, type Precision } from './QuantParams.js';
import { softmaxRequests } from './softmaxVariants.js';

/** The model with every softmax in one form, all else as planned. */
export interface AblationRow {
  readonly softmax: Precision;
  readonly coverage: Coverage;
  readonly outputs: OutputComparison;
  /** Cosine similarity of the softmax nodes' outputs with the float model's, mean and worst. */
  readonly softmaxCosine: { readonly mean: number; readonly min: number };
}

interface Variant {
  readonly softmax: Precision;
  readonly coverage: Coverage;
  readonly plan: QuantizationPlan;
}

/** Plans of all variants, for {@link Quantizer.calibrate}: the coverage asked for, and everything in int8. */
export function softmaxVariants(quantizer: Quantizer, options: PlanOptions): Variant[] {
  const coverages = new Set<Coverage>([options.coverage, 'full']);
  return [...coverages].flatMap((coverage) =>
    PRECISIONS.map((softmax) => {
      const requests = softmaxRequests(quantizer.model.graph, options.requests, softmax);
      return { softmax, coverage, plan: quantizer.plan({ ...options, coverage, requests }) };
    }),
  );
}

/** Measures what the softmax's form alone costs. @throws EffvitError as compareOutputs */
export async function ablateSoftmax(
  quantizer: Quantizer,
  variants: readonly Variant[],
  build: BuildOptions,
  pictures: () => AsyncIterable<LabelledPlanes> | Iterable<LabelledPlanes>,
  samples: readonly FloatValue[],
  options: CompareOptions & { readonly onVariant?: (done: number, total: number) => void },
): Promise<AblationRow[]> {
  const rows: AblationRow[] = [];
  for (const { softmax, coverage, plan } of variants) {
    const { model } = quantizer.build(plan, build);
    const outputs = await compareOutputs(quantizer.model, model, pictures(), options);
    const nodes = await compareNodes(quantizer.model, model, samples, options.signal);
    const cosines = nodes.filter((node) => node.opType === 'Softmax').map((node) => node.cosine);
    const mean = cosines.reduce((sum, cosine) => sum + cosine, 0) / Math.max(1, cosines.length);
    rows.push({ softmax, coverage, outputs, softmaxCosine: { mean, min: Math.min(1, ...cosines) } });
    options.onVariant?.(rows.length, variants.length);
  }
  return rows;
}
