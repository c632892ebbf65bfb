import type { OnnxGraph } from '../onnx/OnnxModel.js';

/**
 * How a graph is quantised: `qdq` with QuantizeLinear and DequantizeLinear pairs around float operators, `integer` with
 * integer operators, `weights` with integer constants only.
 */
export interface QuantizationInfo {
  readonly kind: 'none' | 'qdq' | 'integer' | 'weights';
  /** Counts of quantised constants and activations by element type. */
  readonly weightTypes: Readonly<Record<string, number>>;
  readonly activationTypes: Readonly<Record<string, number>>;
}

/** Integer operators (standard and com.microsoft). */
const INTEGER_OPERATORS = /^(QLinear\w+|ConvInteger|MatMulInteger|DynamicQuantizeMatMul|QGemm|MatMulNBits)$/;

const NARROW_TYPE = /^(?:u?int(?:2|4|8|16)|float8e4m3fn|float8e5m2)$/;

/** Whether and how a graph is quantised, from its operators and constants. */
export function quantizationOf(graph: OnnxGraph): QuantizationInfo {
  const weightTypes: Record<string, number> = {};
  const activationTypes: Record<string, number> = {};
  const add = (counts: Record<string, number>, type: string): void => {
    counts[type] = (counts[type] ?? 0) + 1;
  };
  let hasPairs = false;
  let hasIntegerOperators = false;
  const counted = new Set<string>();
  for (const node of graph.nodes) {
    if (INTEGER_OPERATORS.test(node.opType)) {
      hasIntegerOperators = true;
      for (const name of node.inputs) {
        const tensor = graph.initializers.get(name);
        // Zero points and scales are scalars or one value a channel; weights are neither.
        if (tensor === undefined || tensor.dims.length < 2 || !NARROW_TYPE.test(tensor.dataType)) continue;
        if (!counted.has(name)) add(weightTypes, tensor.dataType);
        counted.add(name);
      }
    }
    if (node.opType === 'QuantizeLinear') {
      hasPairs = true;
      // Without a zero point the output is uint8.
      add(activationTypes, graph.initializers.get(node.inputs[2] ?? '')?.dataType ?? 'uint8');
    }
    const constant = graph.initializers.get(node.inputs[0] ?? '');
    if (node.opType === 'DequantizeLinear' && constant !== undefined && !counted.has(node.inputs[0] ?? '')) {
      add(weightTypes, constant.dataType);
      counted.add(node.inputs[0] ?? '');
    }
  }
  const kind = hasIntegerOperators
    ? 'integer'
    : hasPairs
      ? 'qdq'
      : Object.keys(weightTypes).length > 0
        ? 'weights'
        : 'none';
  return { kind, weightTypes, activationTypes };
}

/** Elements of constants that are weights: not shapes, scales or zero points. */
export function countConstants(graph: OnnxGraph): number {
  const bookkeeping = new Set<string>();
  for (const node of graph.nodes) {
    if (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear') {
      for (const name of node.inputs.slice(1)) bookkeeping.add(name);
    }
  }
  const inNodes = graph.nodes.flatMap((node) => {
    const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
    return value?.type === 'tensor' ? [value.value] : [];
  });
  const named = [...graph.initializers]
    .filter(([name]) => !bookkeeping.has(name))
    .map(([, tensor]) => tensor);
  let sum = 0;
  for (const { dataType, dims } of [...named, ...inNodes]) {
    if (dataType === 'int64' || dataType === 'bool' || dataType === 'string') continue;
    sum += dims.reduce((product, length) => product * length, 1);
  }
  return sum;
}
