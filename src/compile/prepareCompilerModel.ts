import { EffvitError } from '../core/EffvitError.js';
import { type OnnxModel, standardOpset } from '../onnx/OnnxModel.js';
import { nodeRequests } from '../quantize/nodeRequests.js';
import { probeFloatValues } from '../quantize/OrtRunner.js';
import type { MakertbinFile } from '../quantize/readMakertbinConfig.js';
import { COMPILER_OPSET, lowerOpset } from './lowerOpset.js';

/** Standard operators that the compiler does not take: control flow and outputs of dynamic size. */
const CONTROL = new Set(['If', 'Loop', 'Scan', 'NonZero', 'NonMaxSuppression', 'Unique', 'StringNormalizer']);
const QUANTIZED = new Set([
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
]);

/**
 * Converts a model in place to the form that the vendor's compiler takes. Models that the compiler would refuse after
 * minutes are refused here at once, with all problems in one message.
 *
 * @returns notes on changes that do not affect results, one sentence each.
 * @throws EffvitError UNSUPPORTED; BAD_CONFIG for nodes of the configuration that the model does not have
 */
export async function prepareCompilerModel(
  model: OnnxModel,
  config: MakertbinFile,
  place: string,
): Promise<string[]> {
  const problems = [...inputProblems(model), ...operatorProblems(model)];
  const notes = clipBoundsAsScalars(model);
  const before = standardOpset(model) ?? 0;
  const version =
    problems.length > 0 || before <= COMPILER_OPSET ? [] : lowerOpset(model, await ranksOf(model));
  if (version.length > 0) {
    problems.push(
      `it has opset ${before}, the compiler reads at most ${COMPILER_OPSET}, and ${version.slice(0, 5).join('; ')}${version.length > 5 ? ` and ${version.length - 5} more` : ''}: export it with opset ${COMPILER_OPSET}`,
    );
  }
  if (problems.length > 0) {
    throw new EffvitError('UNSUPPORTED', `${place} cannot be compiled: ${problems.join('; ')}.`);
  }
  if (before > COMPILER_OPSET) {
    notes.push(`The model was converted from opset ${before} to ${COMPILER_OPSET}, which changes no result.`);
  }
  nodeRequests(config, model.graph);
  return notes;
}

function inputProblems({ graph }: OnnxModel): string[] {
  const [input, ...others] = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  if (input === undefined || others.length > 0) {
    const names = graph.inputs.map(({ name }) => name).join(', ');
    return [
      `it has ${others.length + (input === undefined ? 0 : 1)} inputs (${names}) where a classifier has one`,
    ];
  }
  const dims = input.shape ?? [];
  const isStatic = dims.length === 4 && dims.every((dim) => typeof dim === 'number' && dim > 0);
  if (isStatic) return [];
  const shape = dims.map((dim) => dim ?? '?').join('x') || 'unknown';
  return [
    `its input ${input.name} has the shape ${shape}: every dimension must be fixed (1x3x224x224), the batch too`,
  ];
}

function operatorProblems({ graph }: OnnxModel): string[] {
  const foreign = new Map<string, number>();
  for (const { opType, domain } of graph.nodes) {
    const isStandard = domain === '' || domain === 'ai.onnx';
    if (isStandard && !CONTROL.has(opType) && !QUANTIZED.has(opType)) continue;
    const name = isStandard ? opType : `${domain}.${opType}`;
    foreign.set(name, (foreign.get(name) ?? 0) + 1);
  }
  if (foreign.size === 0) return [];
  const list = [...foreign].map(([name, count]) => `${name} (${count})`).join(', ');
  const isQuantized = [...foreign.keys()].every((name) => QUANTIZED.has(name));
  const remedy = isQuantized ? ': give the float model, the compiler quantises it' : '';
  return [`it has operators that the compiler does not take: ${list}${remedy}`];
}

/** Some exporters write bounds of shape [1]; the compiler takes only scalars. */
function clipBoundsAsScalars({ graph }: OnnxModel): string[] {
  let count = 0;
  for (const node of graph.nodes) {
    if (node.opType !== 'Clip') continue;
    for (const name of node.inputs.slice(1)) {
      const bound = graph.initializers.get(name);
      if (bound === undefined || bound.dims.length === 0 || bound.data.length !== 1) continue;
      graph.initializers.set(name, { ...bound, dims: [] });
      count++;
    }
  }
  return count === 0
    ? []
    : [`${count} bounds of Clip had the shape [1] and were made scalars, which changes no result.`];
}

/** Ranks from a run of the model, because exporters leave out shapes. */
async function ranksOf(model: OnnxModel): Promise<(value: string) => number | undefined> {
  const shapes = await probeFloatValues(model);
  return (value) => shapes.get(value)?.length;
}
