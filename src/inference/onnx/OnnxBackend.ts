import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { EffvitError } from '../../core/EffvitError.js';
import { float16ToFloat32 } from '../../core/float16.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import type { InferenceBackend, InferenceResult, LoadedModelInfo } from '../InferenceBackend.js';
import { checkGraph, type GraphContract } from './checkGraph.js';
import { vectorShape } from './chooseOutput.js';
import { countOf } from './graphFault.js';
import { InputTensor } from './InputTensor.js';
import { loadFault } from './loadFault.js';
import { loadRuntime, ONE_THREAD, type OrtModule } from './loadRuntime.js';

interface Loaded {
  readonly session: InferenceSession;
  readonly input: InputTensor;
  readonly feeds: Record<string, Tensor>;
  readonly logits: Float32Array<ArrayBuffer>;
  /** The output buffer of a graph with float16 output, so that runs allocate none. */
  readonly halves: Uint16Array | undefined;
  readonly fetches: Record<string, Tensor>;
}

/**
 * An ONNX classifier on the CPU: one session, which computes on the thread that calls `run`.
 *
 * During `load` or `run` the thread must not be terminated and the process must not exit: ONNX Runtime would abort the
 * process.
 */
export class OnnxBackend implements InferenceBackend {
  readonly #spec: OnnxBackendSpec;
  #loaded: Loaded | undefined;

  constructor(spec: OnnxBackendSpec) {
    this.#spec = spec;
  }

  async load(): Promise<LoadedModelInfo> {
    await this.dispose();
    const ort = loadRuntime();
    const session = await openSession(ort, this.#spec);
    try {
      const contract = checkGraph(this.#spec, session);
      const outputShape = contract.output.shape ?? (await tryOutputShape(ort, session, contract, this.#spec));
      this.#loaded = allocate(ort, session, contract, outputShape, this.#spec);
      const { widthPx, heightPx } = this.#spec.input;
      return {
        backend: 'onnx',
        isSimulated: false,
        inputWidthPx: widthPx,
        inputHeightPx: heightPx,
        classCount: countOf(outputShape),
        runtime: `onnxruntime ${ort.env.versions.node ?? ort.env.versions.common} (CPU)`,
      };
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const loaded = this.#loaded;
    if (loaded === undefined) throw new EffvitError('CLOSED', 'The model is not loaded: call load first.');
    const startNs = monotonicNs();
    loaded.input.fill(nv12);
    const filledNs = monotonicNs();
    try {
      await loaded.session.run(loaded.feeds, loaded.fetches);
    } catch (error) {
      throw new EffvitError(
        'INFERENCE_FAILED',
        `ONNX Runtime failed on a frame with ${this.#spec.modelPath}: ${firstLine(error)}.`,
        { context: { file: this.#spec.modelPath }, cause: error },
      );
    }
    if (loaded.halves !== undefined) float16ToFloat32(loaded.halves, loaded.logits);
    const inferenceNs = monotonicNs() - filledNs;
    return { logits: loaded.logits, inputNs: filledNs - startNs, inferenceNs };
  }

  async dispose(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.session.release();
  }
}

async function openSession(ort: OrtModule, spec: OnnxBackendSpec): Promise<InferenceSession> {
  const { intraOpThreads = 1 } = spec;
  const options = { ...ONE_THREAD, intraOpNumThreads: intraOpThreads };
  // Additional threads spin while they wait; they must stop after the run, because others need the cores.
  const spinning = { force_spinning_stop: '1' };
  if (spec.optimizedPath !== undefined) {
    try {
      return await ort.InferenceSession.create(spec.optimizedPath, {
        ...options,
        // The file already contains the optimised graph.
        graphOptimizationLevel: 'disabled',
        extra: {
          session: {
            ...spinning,
            use_memory_mapped_ort_model: '1',
            use_ort_model_bytes_for_initializers: '1',
          },
        },
      });
    } catch {
      // The cache is optional: a damaged or pruned file costs only time and memory.
    }
  }
  try {
    return await ort.InferenceSession.create(spec.modelPath, {
      ...options,
      graphOptimizationLevel: 'all',
      extra: { session: spinning },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new EffvitError('BAD_MODEL', loadFault(spec.modelPath, message), { cause: error });
  }
}

function allocate(
  ort: OrtModule,
  session: InferenceSession,
  contract: GraphContract,
  outputShape: readonly number[],
  spec: OnnxBackendSpec,
): Loaded {
  const input = new InputTensor(spec, contract.inputType);
  const { name, type } = contract.output;
  const logits = new Float32Array(countOf(outputShape));
  const halves = type === 'float16' ? new Uint16Array(logits.length) : undefined;
  const fetched =
    halves === undefined
      ? new ort.Tensor('float32', logits, outputShape)
      : new ort.Tensor('float16', halves, outputShape);
  return {
    session,
    input,
    feeds: { [contract.inputName]: tensorOver(ort, input, contract) },
    logits,
    halves,
    fetches: { [name]: fetched },
  };
}

function tensorOver(ort: OrtModule, { data }: InputTensor, { inputShape }: GraphContract): Tensor {
  if (data instanceof Uint8Array) return new ort.Tensor('uint8', data, inputShape);
  if (data instanceof Uint16Array) return new ort.Tensor('float16', data, inputShape);
  return new ort.Tensor('float32', data, inputShape);
}

/** The output's shape from a run on an empty frame, for graphs that do not declare it. */
async function tryOutputShape(
  ort: OrtModule,
  session: InferenceSession,
  contract: GraphContract,
  spec: OnnxBackendSpec,
): Promise<readonly number[]> {
  const feeds = {
    [contract.inputName]: tensorOver(ort, new InputTensor(spec, contract.inputType), contract),
  };
  try {
    const { name } = contract.output;
    const dims = (await session.run(feeds, [name]))[name]?.dims ?? [];
    return vectorShape(spec, name, dims) ?? dims;
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw new EffvitError(
      'BAD_MODEL',
      `${spec.modelPath} does not run on a frame of ${spec.input.widthPx}x${spec.input.heightPx}: ${firstLine(error)}.`,
      { context: { file: spec.modelPath }, cause: error },
    );
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/\.+$/, '');
}
