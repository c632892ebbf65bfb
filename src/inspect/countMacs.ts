import type { OnnxGraph, OnnxNode } from '../onnx/OnnxModel.js';
import { getInt } from '../onnx/onnxAttributes.js';

/** Operators that are counted, with the inputs whose shapes the count needs. */
const OPERANDS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['Conv', [0, 1]],
  ['ConvTranspose', [0, 1]],
  ['ConvInteger', [0, 1]],
  ['QLinearConv', [0, 3]],
  ['MatMul', [0, 1]],
  ['MatMulInteger', [0, 1]],
  ['QLinearMatMul', [0, 3]],
  ['Gemm', [0, 1]],
  ['QGemm', [0, 3]],
  ['FusedConv', [0, 1]],
  ['FusedGemm', [0, 1]],
  ['FusedMatMul', [0, 1]],
]);

type Shape = readonly number[];

/** A whole shape by value name; undefined if it is not known. */
export type ShapeLookup = (name: string) => Shape | undefined;

/** The nodes of convolutions and matrix products. */
export function macNodes(graph: OnnxGraph): OnnxNode[] {
  return graph.nodes.filter((node) => OPERANDS.has(node.opType));
}

/** The values whose shapes {@link countMacs} needs. */
export function macValues(graph: OnnxGraph): string[] {
  return macNodes(graph).flatMap((node) => {
    const [first, second] = OPERANDS.get(node.opType) ?? [0, 1];
    return [node.inputs[first], node.inputs[second], node.outputs[0]].filter((name) => name !== undefined);
  });
}

/** Multiply-accumulates of all convolutions and matrix products; null if a shape is missing. */
export function countMacs(graph: OnnxGraph, shapeOf: ShapeLookup): number | null {
  let sum = 0;
  for (const node of macNodes(graph)) {
    const [first, second] = OPERANDS.get(node.opType) ?? [0, 1];
    const a = shapeOf(node.inputs[first] ?? '');
    const b = shapeOf(node.inputs[second] ?? '');
    const out = shapeOf(node.outputs[0] ?? '');
    if (a === undefined || b === undefined || out === undefined) return null;
    sum += macsOf(node, a, b, out);
  }
  return sum;
}

function macsOf(node: OnnxNode, a: Shape, b: Shape, out: Shape): number {
  const product = (shape: Shape): number => shape.reduce((count, length) => count * length, 1);
  switch (node.opType) {
    case 'Conv':
    case 'ConvInteger':
    case 'QLinearConv':
    case 'FusedConv':
      // Each output element is one kernel: input channels of its group times the window.
      return product(out) * product(b.slice(1));
    case 'ConvTranspose':
      return product(a) * product(b.slice(1));
    case 'Gemm':
    case 'FusedGemm':
    case 'QGemm':
      return product(out) * (a[getInt(node, 'transA', 0) === 0 ? 1 : 0] ?? 0);
    default: {
      const isTransposed = node.opType === 'FusedMatMul' && getInt(node, 'transA', 0) !== 0;
      return product(out) * (a.at(isTransposed ? -2 : -1) ?? 0);
    }
  }
}
