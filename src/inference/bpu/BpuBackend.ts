import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { BpuBackendSpec } from '../BackendSpec.js';
import type {
  BatchInference,
  BatchResult,
  InferenceBackend,
  InferenceResult,
  LoadedModelInfo,
} from '../InferenceBackend.js';
import { MOST_REGIONS, type PictureResizer } from '../PictureResizer.js';
import { BpuTask } from './BpuTask.js';
import type { CompiledModel } from './CompiledModel.js';
import { LibDnn } from './LibDnn.js';
import { ModelLease } from './ModelLease.js';
import { Nv12Input } from './Nv12Input.js';
import { openModels } from './openModels.js';
import { RegionInput } from './RegionInput.js';

/** How long `dispose` waits for a hung task. */
const HUNG_LIMIT_MS = 2000;
const GREY = 128;

/** Resources of a loaded backend. */
interface Loaded {
  readonly models: readonly CompiledModel[];
  readonly input: Nv12Input | RegionInput;
  readonly task: BpuTask;
  /** The scores of each picture in a task. */
  readonly logits: readonly Float32Array[];
}

/**
 * A compiled model on the BPU, run by libdnn.so. All workers of the process share one loaded model file; each has its
 * own tensors in the BPU's memory and at most one task. `run` blocks its thread until the BPU has finished.
 */
export class BpuBackend implements InferenceBackend {
  readonly #spec: BpuBackendSpec;
  readonly #lease: ModelLease;
  #lib: LibDnn | undefined;
  #loaded: Loaded | undefined;

  constructor(spec: BpuBackendSpec) {
    this.#spec = spec;
    this.#lease = new ModelLease(spec.lease);
  }

  async load(): Promise<LoadedModelInfo> {
    await this.dispose();
    const { modelPath, libraryPath, widthPx, heightPx, march } = this.#spec;
    try {
      const lib = new LibDnn(libraryPath);
      this.#lib = lib;
      const packed = this.#lease.acquire(lib, modelPath);
      const loaded = allocate(lib, packed, this.#spec);
      this.#loaded = loaded;
      // That a model is for another chip may show only when it runs.
      const grey = new Uint8Array((widthPx * heightPx * 3) / 2).fill(GREY);
      for (const { batch } of loaded.models) {
        for (let place = 0; place < batch; place++) loaded.input.write(place, grey);
        checkFinite(this.#infer(0, batch).logits, modelPath);
      }
      const batchSizes = loaded.models.map(({ batch }) => batch);
      return {
        backend: 'bpu',
        isSimulated: false,
        inputWidthPx: widthPx,
        inputHeightPx: heightPx,
        classCount: loaded.models[0]?.classCount ?? 0,
        runtime: `libdnn ${lib.library.version}${march === undefined ? '' : ` (${march})`}`,
        batchSizes: Math.max(...batchSizes) > 1 ? batchSizes : undefined,
        mostRegions: this.resizer === undefined ? undefined : MOST_REGIONS,
      };
    } catch (error) {
      // Report the original error, not an error of the clean-up.
      await this.dispose().catch(() => undefined);
      throw asEffvitError(error, 'BPU_FAILED', `${modelPath} does not load`, { file: modelPath });
    }
  }

  get batch(): BatchInference | undefined {
    const largest = this.#loaded?.models.at(-1)?.batch ?? 1;
    if (largest === 1 && this.resizer === undefined) return undefined;
    return {
      write: (place, nv12) => this.#require().input.write(place, nv12),
      run: async (firstPlace, count) => this.#infer(firstPlace, count),
    };
  }

  get resizer(): PictureResizer | undefined {
    const input = this.#loaded?.input;
    return input instanceof RegionInput ? input : undefined;
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const startNs = monotonicNs();
    this.#require().input.write(0, nv12);
    const inputNs = monotonicNs() - startNs;
    const { logits, inferenceNs } = this.#infer(0, 1);
    checkFinite(logits, this.#spec.modelPath);
    return { logits: logits[0] ?? new Float32Array(0), inputNs, inferenceNs };
  }

  async dispose(): Promise<void> {
    const [lib, loaded] = [this.#lib, this.#loaded];
    this.#lib = undefined;
    this.#loaded = undefined;
    if (lib === undefined) return;
    const errors: Error[] = [];
    if (loaded !== undefined) {
      // The device may still use the tensors and the model, so they must stay allocated.
      if (!loaded.task.end(HUNG_LIMIT_MS)) return;
      for (const model of [...loaded.models].reverse()) errors.push(...model.free());
      errors.push(...loaded.input.free());
    }
    try {
      this.#lease.release(lib, this.#spec.modelPath);
    } catch (error) {
      errors.push(asEffvitError(error));
    }
    if (errors[0] !== undefined) throw errors[0];
  }

  /** Runs one task in the smallest batch that holds `count` pictures; more regions take several runs of the largest. */
  #infer(firstPlace: number, count: number): BatchResult {
    const { models, input, task, logits } = this.#require();
    const isRegions = input instanceof RegionInput;
    const model = models.find(({ batch }) => batch >= count) ?? (isRegions ? models.at(-1) : undefined);
    if (model === undefined || count > logits.length) {
      throw new EffvitError('INTERNAL', `No task takes ${count} pictures; this is a defect of effvit.`);
    }
    const startNs = monotonicNs();
    const result = logits.slice(0, count);
    const inputs = input.forTask(firstPlace, isRegions ? count : model.batch);
    task.run(model.outputsFor(count), inputs, model.handle);
    model.read(result);
    task.release();
    return { logits: result, inferenceNs: monotonicNs() - startNs };
  }

  #require(): Loaded {
    if (this.#loaded === undefined) {
      throw new EffvitError('CLOSED', 'The model is not loaded: call load first.');
    }
    return this.#loaded;
  }
}

/** @throws EffvitError BAD_MODEL, BPU_FAILED; then nothing stays allocated. */
function allocate(lib: LibDnn, packed: bigint, spec: BpuBackendSpec): Loaded {
  const { modelPath } = spec;
  const models = openModels(lib, packed, spec);
  const [smallest, largest] = [models[0], models.at(-1)];
  if (smallest === undefined || largest === undefined) {
    throw new EffvitError('INTERNAL', 'A file without models was opened; this is a defect of effvit.');
  }
  let input: Nv12Input | RegionInput | undefined;
  try {
    const { isResizer, layout, batch, classCount } = largest;
    const most = isResizer ? Math.max(batch, MOST_REGIONS) : batch;
    // Spare places, so that every picture can be retried alone in a task of the smallest batch from its place on.
    const places = isResizer ? most : batch + smallest.batch - 1;
    input = new (isResizer ? RegionInput : Nv12Input)(lib, layout, places, modelPath);
    const logits = Array.from({ length: most }, () => new Float32Array(classCount));
    return { models, input, task: new BpuTask(lib, spec), logits };
  } catch (error) {
    input?.free();
    for (const model of models) model.free();
    throw error;
  }
}

/** @throws EffvitError INFERENCE_FAILED */
function checkFinite(logits: readonly Float32Array[], modelPath: string): void {
  if (logits.every((values) => values.every(Number.isFinite))) return;
  throw new EffvitError(
    'INFERENCE_FAILED',
    `The output of ${modelPath} has NaN or infinite values: compile the model anew, and check its quantisation.`,
    { context: { file: modelPath } },
  );
}
