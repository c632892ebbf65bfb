import { getFloat, type OnnxNode } from '../onnx/OnnxModel.js';
import type { GraphIndex } from './GraphIndex.js';

/** Pixel range that a graph with its own normalisation expects; `unknown` for other graphs. */
export type PixelRange = '0 to 255' | '0 to 1' | 'unknown';

/** Operators that may stand between the picture and its normalisation. */
const PASSING =
  /^(?:Identity|Cast|Transpose|Reshape|Squeeze|Unsqueeze|Pad|Resize|Upsample|Slice|Gather|QuantizeLinear|DequantizeLinear)$/;

/** Span of normalised values: 2 for -1 to 1, 4.5 with ImageNet's standard deviations, 1 for plain division. */
const SMALLEST_SPAN = 0.5;
const LARGEST_SPAN = 10;

/** More operators than any exporter writes for a normalisation. */
const LONGEST_HEAD = 32;

/**
 * The pixel range that a graph expects, from the multiplications and additions at its beginning: if they map 0 to 255
 * to the small range that networks are trained on, it is 0 to 255.
 */
export function pixelRangeOf(index: GraphIndex, inputName: string): PixelRange {
  let name = inputName;
  let factor = 1;
  let offset = 0;
  let isNormalised = false;
  for (let step = 0; step < LONGEST_HEAD; step++) {
    const [node, ...others] = index.consumersOf(name);
    if (node === undefined || others.length > 0) break;
    if (!PASSING.test(node.opType)) {
      const affine = affineOf(index, node, name);
      if (affine === undefined) break;
      factor *= affine.factor;
      offset = offset * affine.factor + affine.offset;
      isNormalised = true;
    }
    name = node.outputs[0] ?? '';
  }
  if (!isNormalised) return 'unknown';
  const span = Math.abs(factor);
  // A mean of 100 or more implies 0 to 255, also without a division after it.
  if (isSpan(255 * span) || Math.abs(offset) > 50 * span) return '0 to 255';
  return isSpan(span) ? '0 to 1' : 'unknown';
}

function isSpan(span: number): boolean {
  return span >= SMALLEST_SPAN && span <= LARGEST_SPAN;
}

/** The node as value * factor + offset, of one channel for all; undefined for any other operator. */
function affineOf(
  index: GraphIndex,
  node: OnnxNode,
  name: string,
): { factor: number; offset: number } | undefined {
  if (node.opType === 'BatchNormalization') {
    const [gain = 1, bias = 0, mean = 0, variance = 1] = node.inputs
      .slice(1)
      .map((input) => index.constantOf(input)?.[0]);
    const factor = gain / Math.sqrt(variance + getFloat(node, 'epsilon', 1e-5));
    return { factor, offset: bias - mean * factor };
  }
  const isFirst = node.inputs[0] === name;
  const constant = index.constantOf(node.inputs[isFirst ? 1 : 0]);
  // One value for all channels or one a channel: more would be no normalisation.
  if (constant === undefined || constant.length === 0 || constant.length > 4) return undefined;
  const [value = 0] = constant;
  switch (node.opType) {
    case 'Mul':
      return { factor: value, offset: 0 };
    case 'Div':
      return isFirst && value !== 0 ? { factor: 1 / value, offset: 0 } : undefined;
    case 'Add':
      return { factor: 1, offset: value };
    case 'Sub':
      return isFirst ? { factor: 1, offset: -value } : { factor: -1, offset: value };
    default:
      return undefined;
  }
}
