import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { EffvitError } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import type { InferenceBackend, InferenceResult, LoadedModelInfo } from '../InferenceBackend.js';
import { checkGraph, countOf, type GraphContract, vectorShape } from './checkGraph.js';
import { InputTensor } from './InputTensor.js';
import { loadRuntime, ONE_THREAD, type OrtModule } from './loadRuntime.js';

interface Loaded {
  readonly session: InferenceSession;
  readonly input: InputTensor;
  readonly feeds: Record<string, Tensor>;
  /** ONNX Runtime writes into it: no output is allocated by a run. */
  readonly logits: Float32Array;
  readonly fetches: Record<string, Tensor>;
}

/**
 * A float ONNX classifier on the CPU: one session on the calling thread, which `run` keeps busy.
 *
 * A thread must not be terminated, nor its process exit, during `load` or `run`: ONNX Runtime aborts the
 * process then.
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
      const outputShape = contract.outputShape ?? (await tryOutputShape(ort, session, contract, this.#spec));
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
    const beganNs = monotonicNs();
    loaded.input.fill(nv12);
    const filledNs = monotonicNs();
    try {
      await loaded.session.run(loaded.feeds, loaded.fetches);
    } catch (error) {
      throw new EffvitError(
        'INFERENCE_FAILED',
        `ONNX Runtime failed on a frame with ${this.#spec.modelPath}: ${firstLine(error)}.`,
        { cause: error },
      );
    }
    const inferenceNs = monotonicNs() - filledNs;
    return { logits: loaded.logits, inputNs: filledNs - beganNs, inferenceNs };
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
  // The further threads spin while they wait: not beyond the run, for the cores are others' too.
  const spinning = { force_spinning_stop: '1' };
  if (spec.optimizedPath !== undefined) {
    try {
      return await ort.InferenceSession.create(spec.optimizedPath, {
        ...options,
        // The file holds the optimised graph already.
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
      // The cache is a help, not a need: a damaged or pruned file costs time and memory only.
    }
  }
  try {
    return await ort.InferenceSession.create(spec.modelPath, {
      ...options,
      graphOptimizationLevel: 'all',
      extra: { session: spinning },
    });
  } catch (error) {
    throw new EffvitError(
      'BAD_MODEL',
      `ONNX Runtime cannot load ${spec.modelPath}: ${firstLine(error)}. Give an .onnx classifier.`,
      { cause: error },
    );
  }
}

function allocate(
  ort: OrtModule,
  session: InferenceSession,
  contract: GraphContract,
  outputShape: readonly number[],
  spec: OnnxBackendSpec,
): Loaded {
  const input = new InputTensor(spec);
  const logits = new Float32Array(countOf(outputShape));
  return {
    session,
    input,
    feeds: { [contract.inputName]: tensorOver(ort, input, contract) },
    logits,
    fetches: { [contract.outputName]: new ort.Tensor('float32', logits, outputShape) },
  };
}

function tensorOver(ort: OrtModule, input: InputTensor, contract: GraphContract): Tensor {
  return input.data instanceof Uint8Array
    ? new ort.Tensor('uint8', input.data, contract.inputShape)
    : new ort.Tensor('float32', input.data, contract.inputShape);
}

/** The output's shape from one run on an empty frame, for graphs that tell it only then. */
async function tryOutputShape(
  ort: OrtModule,
  session: InferenceSession,
  contract: GraphContract,
  spec: OnnxBackendSpec,
): Promise<readonly number[]> {
  const feeds = { [contract.inputName]: tensorOver(ort, new InputTensor(spec), contract) };
  try {
    const outputs = await session.run(feeds, [contract.outputName]);
    const dims = outputs[contract.outputName]?.dims ?? [];
    return vectorShape(spec, contract.outputName, dims) ?? dims;
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw new EffvitError(
      'BAD_MODEL',
      `${spec.modelPath} does not run on a frame of ${spec.input.widthPx}x${spec.input.heightPx}: ${firstLine(error)}.`,
      { cause: error },
    );
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').replace(/\.+$/, '');
}
