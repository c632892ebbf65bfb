import { EffvitError } from '../core/EffvitError.js';
import type { OnnxAttribute, OnnxGraph, OnnxValueInfo } from '../onnx/OnnxModel.js';
import {
  ELEMENT_TYPES,
  float32Tensor,
  type OnnxDataType,
  type OnnxTensor,
  tensorToFloat32,
} from '../onnx/OnnxTensor.js';

const NARROW: ReadonlySet<OnnxDataType | null> = new Set(['float16', 'bfloat16']);

/** Attributes that name the element type of an operator's output. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype']);

/**
 * Makes a float16 or bfloat16 graph one of float32, in place: constants exactly, casts to the narrow type to float32.
 *
 * @returns whether anything was narrow
 * @throws EffvitError UNSUPPORTED for narrow floats inside branches and loops
 */
export function widenFloats(graph: OnnxGraph): boolean {
  let isNarrow = false;
  const wide = (tensor: OnnxTensor): OnnxTensor => {
    if (!NARROW.has(tensor.dataType)) return tensor;
    isNarrow = true;
    return float32Tensor(tensor.dims, tensorToFloat32(tensor));
  };
  const wideValue = (value: OnnxValueInfo): OnnxValueInfo => {
    if (!NARROW.has(value.dataType)) return value;
    isNarrow = true;
    return { ...value, dataType: 'float32' };
  };
  for (const [name, tensor] of graph.initializers) graph.initializers.set(name, wide(tensor));
  for (const node of graph.nodes) {
    for (const [name, attribute] of node.attributes) {
      if (attribute.type === 'tensor') {
        node.attributes.set(name, { type: 'tensor', value: wide(attribute.value) });
      } else if (TYPE_ATTRIBUTES.has(name) && isNarrowCode(attribute)) {
        isNarrow = true;
        node.attributes.set(name, { type: 'int', value: ELEMENT_TYPES.float32.code });
      } else if (attribute.type === 'graph' && hasNarrow(attribute.value)) {
        throw new EffvitError(
          'UNSUPPORTED',
          `The model has float16 values inside ${node.opType} ${JSON.stringify(node.name)}: give the float32 model.`,
          { context: { graphName: node.name } },
        );
      }
    }
  }
  graph.inputs = graph.inputs.map(wideValue);
  graph.outputs = graph.outputs.map(wideValue);
  for (const [name, value] of graph.valueInfo) graph.valueInfo.set(name, wideValue(value));
  return isNarrow;
}

function isNarrowCode(attribute: OnnxAttribute): boolean {
  return (
    attribute.type === 'int' &&
    (Number(attribute.value) === ELEMENT_TYPES.float16.code ||
      Number(attribute.value) === ELEMENT_TYPES.bfloat16.code)
  );
}

function hasNarrow(graph: OnnxGraph): boolean {
  return (
    [...graph.initializers.values()].some(({ dataType }) => NARROW.has(dataType)) ||
    graph.nodes.some((node) =>
      [...node.attributes.values()].some(
        (attribute) =>
          isNarrowCode(attribute) ||
          (attribute.type === 'tensor' && NARROW.has(attribute.value.dataType)) ||
          (attribute.type === 'graph' && hasNarrow(attribute.value)),
      ),
    )
  );
}
