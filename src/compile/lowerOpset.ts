import {
  getInt,
  intAttr,
  intsAttr,
  type OnnxModel,
  type OnnxNode,
  standardOpset,
} from '../onnx/OnnxModel.js';
import { tensorToNumbers } from '../onnx/OnnxTensor.js';

/** The newest opset that the vendor's compiler reads. */
export const COMPILER_OPSET = 11;

/** The newest opset whose changes this file handles. */
const NEWEST_OPSET = 21;

/** Operators that do the same with float tensors from opset 11 to {@link NEWEST_OPSET}. */
const SAME = new Set(
  (
    'Abs Add And AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos ' +
    'DepthToSpace Div Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gemm GlobalAveragePool ' +
    'GlobalMaxPool Greater HardSigmoid Identity InstanceNormalization LeakyRelu Less Log LRN MatMul Max MaxPool Min ' +
    'Mul Neg Not Or PRelu Pad Pow Range Reciprocal Relu Reshape Round ScatterElements ScatterND Selu Shape Sigmoid ' +
    'Sign Sin Size Slice Softplus Softsign SpaceToDepth Sqrt Sub Sum Tanh Tile TopK Transpose Where Xor ArgMax ArgMin'
  ).split(' '),
);

/** Attributes of opset 11 that are the second input in later opsets. */
const INPUT_TO_ATTRIBUTE: Readonly<Record<string, string>> = {
  Squeeze: 'axes',
  Unsqueeze: 'axes',
  ReduceSum: 'axes',
  ReduceMean: 'axes',
  ReduceMax: 'axes',
  ReduceMin: 'axes',
  ReduceL2: 'axes',
  ReduceProd: 'axes',
  Split: 'split',
};

/** From opset 13 on they work along one axis; before, they flattened around it. For the last axis both are the same. */
const ALONG_AXIS = new Set(['Softmax', 'LogSoftmax']);

/** Attributes that later opsets added, with the value that gives the behaviour of opset 11. */
const ADDED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Reshape: { allowzero: 0 },
  Shape: { start: 0 },
  BatchNormalization: { training_mode: 0 },
};

/**
 * Converts a model to opset 11 in place, if that changes no result. Models of opset 11 or older are not changed.
 *
 * @param rankOf returns the rank of a value; undefined if unknown.
 * @returns why the conversion is impossible, one entry per node; empty if the model was converted.
 */
export function lowerOpset(model: OnnxModel, rankOf: (value: string) => number | undefined): string[] {
  const version = standardOpset(model) ?? 0;
  if (version <= COMPILER_OPSET) return [];
  if (version > NEWEST_OPSET)
    return [`opset ${version} is newer than ${NEWEST_OPSET}, the last that is known here`];
  const problems: string[] = [];
  for (const node of model.graph.nodes) {
    if (node.domain !== '' && node.domain !== 'ai.onnx') continue;
    const problem = lowerNode(node, model, version, rankOf);
    if (problem !== undefined) problems.push(`${node.opType} ${node.name || node.outputs[0]} ${problem}`);
  }
  if (problems.length > 0) return problems;
  model.opsets = model.opsets.map((opset) =>
    opset.domain === '' || opset.domain === 'ai.onnx' ? { ...opset, version: COMPILER_OPSET } : opset,
  );
  model.irVersion = Math.min(model.irVersion, 7);
  return [];
}

function lowerNode(
  node: OnnxNode,
  model: OnnxModel,
  version: number,
  rankOf: (value: string) => number | undefined,
): string | undefined {
  const moved = INPUT_TO_ATTRIBUTE[node.opType];
  if (moved !== undefined) return inputToAttribute(node, model, moved);
  if (ALONG_AXIS.has(node.opType)) {
    const fallback = version >= 13 ? -1 : 1;
    const axis = getInt(node, 'axis', fallback);
    const rank = rankOf(node.inputs[0] ?? '');
    if (version < 13 || axis === -1 || axis === (rank ?? 0) - 1) {
      node.attributes.set('axis', intAttr(version < 13 ? axis : -1));
      return undefined;
    }
    return `works along axis ${axis}, which is not the last: opset ${COMPILER_OPSET} flattens there`;
  }
  if (!SAME.has(node.opType)) return `is not in opset ${COMPILER_OPSET}, or means something else there`;
  for (const [attribute, meaning] of Object.entries(ADDED[node.opType] ?? {})) {
    if (getInt(node, attribute, meaning) !== meaning) {
      return `has ${attribute}, which opset ${COMPILER_OPSET} does not know`;
    }
    node.attributes.delete(attribute);
  }
  if (node.opType === 'AveragePool' && node.attributes.has('dilations')) {
    return `has dilations, which opset ${COMPILER_OPSET} does not know`;
  }
  if (node.opType === 'Shape' && node.attributes.has('end')) return 'has end, which opset 11 does not know';
  if (node.opType === 'Pad' && (node.inputs[3] ?? '') !== '') return 'has axes, which opset 11 does not know';
  return undefined;
}

function inputToAttribute(node: OnnxNode, { graph }: OnnxModel, attribute: string): string | undefined {
  const name = node.inputs[1] ?? '';
  node.attributes.delete('noop_with_empty_axes');
  if (node.opType === 'Split') node.attributes.delete('num_outputs');
  if (name === '') return undefined;
  const constant = graph.initializers.get(name) ?? constantOf(name, graph.nodes);
  if (constant === undefined)
    return `has ${attribute} that are computed: opset ${COMPILER_OPSET} wants them fixed`;
  node.attributes.set(attribute, intsAttr(tensorToNumbers(constant)));
  node.inputs.length = 1;
  return undefined;
}

function constantOf(name: string, nodes: readonly OnnxNode[]) {
  const value = nodes
    .find(({ opType, outputs }) => opType === 'Constant' && outputs[0] === name)
    ?.attributes.get('value');
  return value?.type === 'tensor' ? value.value : undefined;
}
