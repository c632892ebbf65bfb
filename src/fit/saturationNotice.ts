import { hasExactInt8 } from '../core/cpuFlags.js';
import { readInput } from '../core/readInput.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { saturatingNodes } from './saturatingNodes.js';

/**
 * Notice about an int8 model whose sums saturate on this CPU (full-range weights without VNNI); undefined for other
 * models and CPUs. An unreadable file is not reported here but when it is loaded.
 */
export async function saturationNotice(
  onnxPath: string,
  isExact: boolean = hasExactInt8(),
): Promise<string | undefined> {
  if (isExact) return undefined;
  let nodes: string[];
  try {
    const content = await readInput(onnxPath);
    // Float models, the majority, are not decoded for this check.
    if (!['DequantizeLinear', 'QLinear', 'Integer'].some((operator) => content.includes(operator))) {
      return undefined;
    }
    nodes = saturatingNodes((await readOnnx(onnxPath)).graph);
  } catch {
    return undefined;
  }
  if (nodes.length === 0) return undefined;
  return (
    `${onnxPath} is an int8 model of full range and this CPU has no VNNI: sums of ${nodes.length} of its nodes can ` +
    'saturate, which costs accuracy. Quantise it again with `effvit quantize` without --full-range, or take the float model.'
  );
}
