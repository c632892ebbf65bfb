import type { InferenceSession } from 'onnxruntime-node';
import { EffvitError, type EffvitErrorCode } from '../core/EffvitError.js';
import { createSession, loadRuntime, ONE_THREAD } from '../inference/onnx/loadRuntime.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { elementCount } from '../onnx/OnnxTensor.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';

/** A float32 value of the graph. */
export interface FloatValue {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * A model of one input in ONNX Runtime on this thread, one thread wide, for offline work: run() blocks while it
 * computes.
 */
export class OrtRunner {
  readonly inputName: string;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
    this.inputName = session.inputNames[0] ?? '';
  }

  /**
   * @param extraOutputs values of the graph to return besides the model's outputs
   * @param graphOptimizationLevel `all` as the node runs a model; `disabled` keeps every value of the graph
   * @throws EffvitError BAD_MODEL if the runtime refuses the model
   */
  static async create(
    model: OnnxModel,
    extraOutputs: readonly string[] = [],
    graphOptimizationLevel: 'all' | 'disabled' = 'all',
  ): Promise<OrtRunner> {
    const { inputs, outputs } = model.graph;
    const known = new Set([...inputs, ...outputs].map(({ name }) => name));
    const extra = extraOutputs
      .filter((name) => !known.has(name))
      // The runtime infers the types itself.
      .map((name) => ({ name, dataType: null, shape: null }));
    const graph = { ...model.graph, outputs: [...outputs, ...extra] };
    try {
      const content = serializeOnnx({ ...model, graph });
      return new OrtRunner(await createSession(content, { ...ONE_THREAD, graphOptimizationLevel }));
    } catch (error) {
      throw runtimeError('BAD_MODEL', 'ONNX Runtime does not take the model', error);
    }
  }

  /** All float32 outputs by name. @throws EffvitError INFERENCE_FAILED */
  async run(input: FloatValue): Promise<Map<string, FloatValue>> {
    try {
      const { Tensor } = loadRuntime();
      const feeds = { [this.inputName]: new Tensor('float32', input.data, input.dims) };
      const values = new Map<string, FloatValue>();
      for (const [name, { dims, data }] of Object.entries(await this.#session.run(feeds))) {
        if (data instanceof Float32Array) values.set(name, { dims, data });
      }
      return values;
    } catch (error) {
      throw runtimeError('INFERENCE_FAILED', 'ONNX Runtime failed on a picture', error);
    }
  }

  /** The model's own first output. @throws EffvitError INFERENCE_FAILED */
  async runForOutput(input: FloatValue): Promise<Float32Array> {
    const [name = ''] = this.#session.outputNames;
    const output = (await this.run(input)).get(name);
    if (output !== undefined) return output.data;
    throw new EffvitError('INFERENCE_FAILED', `The output ${name} is no float32 tensor.`);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

/** The runtime's reason in one sentence. */
function runtimeError(code: EffvitErrorCode, what: string, error: unknown): EffvitError {
  if (error instanceof EffvitError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const sentence = reason
    .replace(/\s+/g, ' ')
    .replace(/\. (?=[A-Z])/g, '; ')
    .replace(/[.\s]+$/, '');
  return new EffvitError(code, `${what}: ${sentence}.`, { cause: error });
}

/**
 * Opens a runner for each model, and disposes of all after `use`.
 *
 * @param extraOutputs of each model, as {@link OrtRunner.create} takes them
 * @throws EffvitError BAD_MODEL, or as `use`
 */
export async function withRunners<const M extends readonly OnnxModel[], T>(
  models: M,
  use: (runners: { readonly [K in keyof M]: OrtRunner }) => Promise<T>,
  extraOutputs: readonly (readonly string[])[] = [],
): Promise<T> {
  const runners: OrtRunner[] = [];
  try {
    for (const [index, model] of models.entries()) {
      runners.push(await OrtRunner.create(model, extraOutputs[index]));
    }
    return await use(runners as { readonly [K in keyof M]: OrtRunner });
  } finally {
    for (const runner of runners) await runner.dispose();
  }
}

/** @throws EffvitError CANCELLED */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new EffvitError('CANCELLED', 'The quantisation was cancelled; nothing was written.', {
      cause: signal.reason,
    });
  }
}

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
  const runner = await OrtRunner.create(model, names, 'disabled');
  try {
    const input = { dims, data: new Float32Array(elementCount(dims, 'The input')) };
    const values = [[runner.inputName, input] as const, ...(await runner.run(input))];
    return new Map(values.map(([name, value]) => [name, value.dims]));
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
  const refusal = (what: string, shape: string): EffvitError =>
    new EffvitError(
      'UNSUPPORTED',
      `The model's input ${JSON.stringify(input.name)} is ${what}: only a float32 image tensor of ${shape} can be quantised.`,
      { context: { graphName: input.name } },
    );
  const dims = input.shape?.map((length, index) =>
    typeof length === 'number' ? length : index === 0 ? 1 : 0,
  );
  if (input.dataType !== 'float32' || dims?.length !== 4 || dims.some((length) => length < 1)) {
    const shape = input.shape?.map((length) => length ?? '?').join('x') ?? 'of unknown shape';
    throw refusal(`${input.dataType ?? 'no tensor'} ${shape}`, 'fixed size (1x3x224x224)');
  }
  const [batch, channels] = dims;
  if (batch !== 1 || channels !== 3) {
    const what = batch === 1 ? 'no colour picture in NCHW' : `a fixed batch of ${batch}`;
    throw refusal(`${dims.join('x')}, ${what}`, '1x3xheightxwidth');
  }
  return dims;
}
