import { EffvitError } from '../core/EffvitError.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { elementCount } from '../onnx/OnnxTensor.js';
import { type FloatValue, OrtRunner } from './OrtRunner.js';

/** Shapes of every float32 value of the graph that is no constant, the input included, by name. */
export type FloatValues = ReadonlyMap<string, readonly number[]>;

/**
 * Runs the model once on zeros: the runtime's own word on which values are floats and of what shape.
 *
 * @throws EffvitError UNSUPPORTED for inputs that are no float image tensor
 */
export async function probeFloatValues(model: OnnxModel): Promise<FloatValues> {
  const { graph } = model;
  const dims = inputDims(model);
  const names = graph.nodes.flatMap((node) => node.outputs.filter((output) => output !== ''));
  const runner = await OrtRunner.create(model, { optimization: 'disabled', extraOutputs: names });
  try {
    const input: FloatValue = { dims, data: new Float32Array(elementCount(dims, 'The input')) };
    const values = await runner.run(input);
    const shapes = new Map<string, readonly number[]>([[runner.inputName, dims]]);
    for (const [name, value] of values) shapes.set(name, value.dims);
    return shapes;
  } finally {
    await runner.dispose();
  }
}

/** The image tensor of one frame: free dimensions (the batch) count 1. @throws EffvitError UNSUPPORTED */
export function inputDims(model: OnnxModel): readonly number[] {
  const [input, ...others] = model.graph.inputs;
  if (input === undefined || others.length > 0) {
    throw new EffvitError(
      'UNSUPPORTED',
      `The model has ${model.graph.inputs.length} inputs: only models with one can be quantised.`,
    );
  }
  const dims = input.shape?.map((length, index) =>
    typeof length === 'number' ? length : index === 0 ? 1 : 0,
  );
  if (input.dataType !== 'float32' || dims?.length !== 4 || dims.some((length) => length < 1)) {
    const shape = input.shape?.map((length) => length ?? '?').join('x') ?? 'of unknown shape';
    throw new EffvitError(
      'UNSUPPORTED',
      `The model's input ${JSON.stringify(input.name)} is ${input.dataType ?? 'no tensor'} ${shape}: ` +
        'only a float32 image tensor of fixed size (1x3x224x224) can be quantised.',
      { context: { graphName: input.name } },
    );
  }
  const [batch, channels] = dims;
  if (batch !== 1 || channels !== 3) {
    const what = batch === 1 ? 'no colour picture in NCHW' : `a fixed batch of ${batch}`;
    throw new EffvitError(
      'UNSUPPORTED',
      `The model's input ${JSON.stringify(input.name)} is ${dims.join('x')}, ${what}: only a float32 image tensor of 1x3xheightxwidth can be quantised.`,
      { context: { graphName: input.name } },
    );
  }
  return dims;
}
