import type { Tensor } from 'onnxruntime-node';
import { loadRuntime, ONE_THREAD, type OrtModule } from '../inference/onnx/loadRuntime.js';
import type { OnnxModel, OnnxValueInfo } from '../onnx/OnnxModel.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';

/** Models above this size are not run for their shapes. */
const LARGEST_INPUT_ELEMENTS = 2 ** 26;

/**
 * Shapes of intermediate values that a file does not state: the graph is run once on zeros, open dimensions
 * as 1, with those values as outputs.
 *
 * @returns the shapes that were found; none if ONNX Runtime refuses the graph.
 */
export async function probeShapes(
  model: OnnxModel,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const none = new Map<string, readonly number[]>();
  const made = new Set(model.graph.nodes.flatMap((node) => node.outputs));
  const wanted = [...new Set(names)].filter((name) => made.has(name));
  if (wanted.length === 0) return none;
  try {
    const ort = await loadRuntime();
    const feeds: Record<string, Tensor> = {};
    for (const input of model.graph.inputs) {
      if (model.graph.initializers.has(input.name)) continue;
      const tensor = zeros(ort, input);
      if (tensor === null) return none;
      feeds[input.name] = tensor;
    }
    const outputs = wanted.map((name): OnnxValueInfo => ({ name, dataType: null, shape: null }));
    const probed = { ...model, graph: { ...model.graph, outputs } };
    const session = await ort.InferenceSession.create(serializeOnnx(probed), {
      ...ONE_THREAD,
      graphOptimizationLevel: 'disabled',
    });
    try {
      const results = await session.run(feeds);
      return new Map(Object.entries(results).map(([name, tensor]) => [name, tensor.dims]));
    } finally {
      await session.release();
    }
  } catch {
    // A graph that does not run here can still be described without shapes.
    return none;
  }
}

function zeros(ort: OrtModule, { dataType, shape }: OnnxValueInfo): Tensor | null {
  if (shape === null) return null;
  const dims = shape.map((length) => (typeof length === 'number' && length > 0 ? length : 1));
  const count = dims.reduce((product, length) => product * length, 1);
  if (count > LARGEST_INPUT_ELEMENTS) return null;
  switch (dataType) {
    case 'float32':
      return new ort.Tensor('float32', new Float32Array(count), dims);
    case 'uint8':
      return new ort.Tensor('uint8', new Uint8Array(count), dims);
    case 'int8':
      return new ort.Tensor('int8', new Int8Array(count), dims);
    case 'int64':
      return new ort.Tensor('int64', new BigInt64Array(count), dims);
    default:
      return null;
  }
}
