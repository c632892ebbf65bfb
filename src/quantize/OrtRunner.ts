import type { InferenceSession } from 'onnxruntime-node';
import { EffvitError, type EffvitErrorCode } from '../core/EffvitError.js';
import { loadRuntime, ONE_THREAD, type OrtModule } from '../inference/onnx/loadRuntime.js';
import type { OnnxModel } from '../onnx/OnnxModel.js';
import { serializeOnnx } from '../onnx/serializeOnnx.js';

export interface RunnerOptions {
  /** `all` as the node runs a model; `basic` keeps intermediate values near their names. Default `all`. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Values to return besides the model's outputs. */
  readonly extraOutputs?: readonly string[];
}

/** A float32 value of the graph. */
export interface FloatValue {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * A model in ONNX Runtime on this thread, one thread wide, for offline work: run() blocks while it computes.
 */
export class OrtRunner {
  readonly #ort: OrtModule;
  readonly #session: InferenceSession;
  readonly inputName: string;

  private constructor(ort: OrtModule, session: InferenceSession, inputName: string) {
    this.#ort = ort;
    this.#session = session;
    this.inputName = inputName;
  }

  /** @throws EffvitError BAD_MODEL if the runtime refuses the model */
  static async create(model: OnnxModel, options: RunnerOptions = {}): Promise<OrtRunner> {
    const known = new Set(model.graph.outputs.map((output) => output.name));
    const extra = (options.extraOutputs ?? [])
      .filter((name) => !known.has(name))
      // The runtime infers the types itself.
      .map((name) => ({ name, dataType: null, shape: null }));
    const graph = { ...model.graph, outputs: [...model.graph.outputs, ...extra] };
    const ort = await loadRuntime();
    try {
      const session = await ort.InferenceSession.create(serializeOnnx({ ...model, graph }), {
        ...ONE_THREAD,
        graphOptimizationLevel: options.optimization ?? 'all',
      });
      const [inputName, ...others] = session.inputNames;
      if (inputName === undefined || others.length > 0) {
        await session.release();
        throw new EffvitError(
          'UNSUPPORTED',
          `The model has ${session.inputNames.length} inputs: only models with one can be quantised.`,
        );
      }
      return new OrtRunner(ort, session, inputName);
    } catch (error) {
      throw runtimeError('BAD_MODEL', 'ONNX Runtime does not take the model', error);
    }
  }

  /** All float32 outputs by name. @throws EffvitError INFERENCE_FAILED */
  async run(input: FloatValue): Promise<Map<string, FloatValue>> {
    try {
      const results = await this.#session.run({
        [this.inputName]: new this.#ort.Tensor('float32', input.data, [...input.dims]),
      });
      const values = new Map<string, FloatValue>();
      for (const [name, tensor] of Object.entries(results)) {
        if (tensor.data instanceof Float32Array) values.set(name, { dims: tensor.dims, data: tensor.data });
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
    if (output === undefined)
      throw new EffvitError('INFERENCE_FAILED', `The output ${name} is no float32 tensor.`);
    return output.data;
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
