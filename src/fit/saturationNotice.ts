import { hasExactInt8 } from '../core/cpuFlags.js';
import { readInput } from '../core/readInput.js';
import { readOnnx } from '../onnx/readOnnx.js';
import { saturatingNodes } from './saturatingNodes.js';

/**
 * What to tell of an int8 model that this CPU computes wrongly in part: one of full range if there is no VNNI.
 * Nothing for other models and CPUs; a file that cannot be read is reported by whoever loads it.
 */
export async function saturationNotice(
  onnxPath: string,
  isExact: boolean = hasExactInt8(),
): Promise<string | undefined> {
  if (isExact) return undefined;
  let nodes: string[];
  try {
    const content = await readInput(onnxPath);
    // Float models, nearly all of them, are not decoded for this.
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
