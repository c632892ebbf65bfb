import type { InferenceSession } from 'onnxruntime-node';
import { asEffvitError, EffvitError, sentencePart } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import type {
  BatchInference,
  BatchResult,
  InferenceBackend,
  InferenceResult,
  LoadedModelInfo,
} from '../InferenceBackend.js';
import { checkGraph, type GraphContract } from './checkGraph.js';
import { vectorShape } from './chooseOutput.js';
import { countOf, loadFault } from './graphFault.js';
import { InputTensor } from './InputTensor.js';
import { createSession, loadRuntime, ONE_THREAD, type OrtModule } from './loadRuntime.js';
import { openedModel } from './optimizedModel.js';
import { type RunTensors, runTensors, tensorOver } from './RunTensors.js';

interface Loaded {
  readonly session: InferenceSession;
  /** Places for the frames of the largest batch. */
  readonly input: InputTensor;
  /** By the first place and the number of the frames. */
  readonly tensors: Map<string, RunTensors>;
  readonly makeTensors: (first: number, count: number) => RunTensors;
}

/**
 * An ONNX classifier on the CPU: one session, which computes on the thread that calls `run`. Frames of a batch share the
 * reading of the weights.
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
    const session = await openSession(this.#spec);
    try {
      const contract = checkGraph(this.#spec, session);
      const outputShape = contract.output.shape ?? (await tryOutputShape(ort, session, contract, this.#spec));
      const { mostFrames = 1 } = this.#spec;
      const { widthPx, heightPx } = this.#spec.input;
      const input = new InputTensor(this.#spec, contract.inputType, mostFrames);
      const makeTensors = (first: number, count: number) =>
        runTensors(ort, input, contract, outputShape, first, count);
      this.#loaded = { session, input, tensors: new Map(), makeTensors };
      return {
        backend: 'onnx',
        isSimulated: false,
        inputWidthPx: widthPx,
        inputHeightPx: heightPx,
        classCount: countOf(outputShape),
        batchSizes: mostFrames > 1 ? Array.from({ length: mostFrames }, (_, index) => index + 1) : undefined,
        runtime: `onnxruntime ${ort.env.versions.node ?? ort.env.versions.common} (CPU)`,
      };
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const loaded = this.#require();
    const startNs = monotonicNs();
    loaded.input.fill(nv12);
    const inputNs = monotonicNs() - startNs;
    const { logits, inferenceNs } = await this.#run(0, 1);
    return { logits: logits[0] ?? new Float32Array(0), inputNs, inferenceNs };
  }

  get batch(): BatchInference | undefined {
    if ((this.#spec.mostFrames ?? 1) === 1) return undefined;
    return {
      write: (place, nv12) => this.#require().input.fill(nv12, place),
      run: async (firstPlace, count) => await this.#run(firstPlace, count),
    };
  }

  async #run(first: number, count: number): Promise<BatchResult> {
    const { session, tensors: known, makeTensors } = this.#require();
    const startNs = monotonicNs();
    const key = `${first}+${count}`;
    const tensors = known.get(key) ?? makeTensors(first, count);
    known.set(key, tensors);
    try {
      await session.run(tensors.feeds, tensors.fetches);
    } catch (error) {
      throw new EffvitError(
        'INFERENCE_FAILED',
        `ONNX Runtime failed on a frame with ${this.#spec.modelPath}: ${sentencePart(asEffvitError(error).message)}.`,
        { context: { file: this.#spec.modelPath }, cause: error },
      );
    }
    tensors.finish();
    return { logits: tensors.logits, inferenceNs: monotonicNs() - startNs };
  }

  #require(): Loaded {
    if (this.#loaded === undefined) {
      throw new EffvitError('CLOSED', 'The model is not loaded: call load first.');
    }
    return this.#loaded;
  }

  async dispose(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.session.release();
  }
}

async function openSession(spec: OnnxBackendSpec): Promise<InferenceSession> {
  const { intraOpThreads = 1 } = spec;
  const options = { ...ONE_THREAD, intraOpNumThreads: intraOpThreads };
  // Additional threads spin while they wait; they must stop after the run, because others need the cores.
  const spinning = { force_spinning_stop: '1' };
  if (spec.optimizedPath !== undefined) {
    try {
      return await createSession(spec.optimizedPath, {
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
  const model = (spec.mostFrames ?? 1) > 1 ? await openedModel(spec.modelPath) : spec.modelPath;
  try {
    return await createSession(model, {
      ...options,
      graphOptimizationLevel: 'all',
      extra: { session: spinning },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new EffvitError('BAD_MODEL', loadFault(spec.modelPath, message), { cause: error });
  }
}

/** The output's shape from a run on an empty frame, for graphs that do not declare it. */
async function tryOutputShape(
  ort: OrtModule,
  session: InferenceSession,
  contract: GraphContract,
  spec: OnnxBackendSpec,
): Promise<readonly number[]> {
  const { inputName, inputType, inputShape, output } = contract;
  const feeds = { [inputName]: tensorOver(ort, new InputTensor(spec, inputType).data, inputShape) };
  try {
    const { name } = output;
    const dims = (await session.run(feeds, [name]))[name]?.dims ?? [];
    return vectorShape(spec, name, dims) ?? dims;
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw new EffvitError(
      'BAD_MODEL',
      `${spec.modelPath} does not run on a frame of ${spec.input.widthPx}x${spec.input.heightPx}: ${sentencePart(asEffvitError(error).message)}.`,
      { context: { file: spec.modelPath }, cause: error },
    );
  }
}
