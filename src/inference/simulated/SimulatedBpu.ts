import { EffvitError } from '../../core/EffvitError.js';
import type { PictureSize } from '../../image/chipResizer.js';
import { MARCH_OF_CHIP } from '../../model/BpuChip.js';
import type { DeviceModel } from '../../model/ModelManifest.js';
import { monotonicNs, NS_PER_MS } from '../../stats/monotonicNs.js';
import type { SimulatedBpuSpec, SimulatedResults } from '../BackendSpec.js';
import type {
  BatchInference,
  BatchResult,
  InferenceBackend,
  InferenceResult,
  LoadedModelInfo,
} from '../InferenceBackend.js';
import { MOST_REGIONS, type PictureResizer } from '../PictureResizer.js';
import { signedUnit } from './hashLogits.js';
import { SimulatedDevice, waitUntil } from './SimulatedDevice.js';
import { type SimulatedInput, SimulatedPictures } from './SimulatedPictures.js';
import { type Answers, answersOf } from './simulatedAnswers.js';

/**
 * Behaves like a BPU without having one: the calling thread is blocked for the time of the device model, after the
 * tasks that other threads of the process have queued. Half of the host time is spent before the service time, half
 * after it.
 */
export class SimulatedBpu implements InferenceBackend {
  readonly #spec: SimulatedBpuSpec;
  readonly #device: SimulatedDevice;
  readonly #core: number | { readonly cores: number };
  /** Frames per task and how long the task keeps a core busy, ascending. */
  readonly #tasks: readonly { readonly batch: number; readonly serviceMs: number }[];
  readonly #size: PictureSize;
  readonly #pictures: SimulatedPictures | undefined;
  readonly #places: SimulatedInput[] = [];
  #answers: Answers | undefined;

  constructor(spec: SimulatedBpuSpec) {
    this.#spec = spec;
    this.#device = new SimulatedDevice(spec.device);
    const { cores, serviceMs, batches = [] } = spec.deviceModel;
    this.#tasks = [{ batch: 1, serviceMs }, ...batches];
    this.#size = spec.results.kind === 'onnx' ? spec.results.spec.input : spec.results;
    if (spec.isResizer === true) {
      this.#pictures = new SimulatedPictures(this.#size, this.#places);
    }
    this.#core = typeof spec.core === 'number' && spec.core < cores ? spec.core : { cores };
  }

  async load(): Promise<LoadedModelInfo> {
    await this.dispose();
    const { results, chip, deviceModel, seed = 1 } = this.#spec;
    const answers = await answersOf(results, seed);
    this.#answers = answers;
    const { cores, serviceMs, hostMs, kind } = deviceModel;
    const source = SOURCES[results.kind];
    return {
      backend: 'bpu_sim',
      isSimulated: true,
      inputWidthPx: this.#size.widthPx,
      inputHeightPx: this.#size.heightPx,
      classCount: answers.classCount,
      mostRegions: this.resizer === undefined ? undefined : MOST_REGIONS,
      batchSizes: this.#tasks.length > 1 ? this.#tasks.map(({ batch }) => batch) : undefined,
      runtime: `simulated ${chip} (${MARCH_OF_CHIP[chip]}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${serviceMs} ms + ${hostMs} ms a frame${this.#tasksText()}${figuresOf(kind)}, ${source})`,
    };
  }

  get batch(): BatchInference | undefined {
    if (this.#tasks.length === 1 && this.resizer === undefined) return undefined;
    return {
      write: (place, nv12) => {
        this.#places[place] = nv12;
      },
      run: async (firstPlace, count) => await this.#run(this.#places.slice(firstPlace, firstPlace + count)),
    };
  }

  get resizer(): PictureResizer | undefined {
    return this.#pictures;
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const { logits, inferenceNs } = await this.#run([nv12]);
    return { logits: logits[0] ?? new Float32Array(0), inputNs: 0, inferenceNs };
  }

  async #run(frames: readonly SimulatedInput[]): Promise<BatchResult> {
    const answers = this.#answers;
    if (answers === undefined) throw new EffvitError('CLOSED', 'The model is not loaded: call load first.');
    const startNs = monotonicNs();
    const halfHostNs = (this.#spec.deviceModel.hostMs * NS_PER_MS) / 2;
    const endNs = this.#device.serve(startNs + halfHostNs, this.#serviceNs(frames.length), this.#core);
    // Computed during the simulated service time, so it does not delay the frames of other threads.
    const logits: Float32Array[] = [];
    for (const input of frames) {
      const answer = await answers.answer(input);
      logits.push(frames.length === 1 ? answer : answer.slice());
    }
    waitUntil(endNs + halfHostNs);
    return { logits, inferenceNs: monotonicNs() - startNs };
  }

  async dispose(): Promise<void> {
    const answers = this.#answers;
    this.#answers = undefined;
    this.#places.length = 0;
    this.#pictures?.free();
    await answers?.dispose();
  }

  /** Service times of the tasks with several frames, e.g. `, 4.465 ms for 4`. */
  #tasksText(): string {
    const several = this.#tasks.filter(({ batch }) => batch > 1);
    return several.map(({ batch, serviceMs }) => `, ${serviceMs} ms for ${batch}`).join('');
  }

  /** Service time of the smallest task that holds the frames. @throws EffvitError INTERNAL */
  #serviceNs(frameCount: number): number {
    const { serviceJitter = 0, seed = 1 } = this.#spec;
    const task = this.#tasks.find(({ batch }) => batch >= frameCount);
    const largest = this.#tasks.at(-1);
    // More regions than the largest batch: several runs of it.
    if (task === undefined && largest !== undefined && this.#spec.isResizer === true) {
      const runs = Math.ceil(frameCount / largest.batch);
      this.#device.addFrames(frameCount);
      return runs * largest.serviceMs * NS_PER_MS;
    }
    if (task === undefined || frameCount === 0) {
      throw new EffvitError('INTERNAL', `No task has ${frameCount} frames; this is a defect of effvit.`);
    }
    const frame = this.#device.addFrames(frameCount);
    const factor =
      serviceJitter === 0 ? 1 : 1 + serviceJitter * signedUnit(frame ^ Math.imul(seed, 0x9e3779b1));
    return task.serviceMs * NS_PER_MS * factor;
  }
}

/** Origin of the service time, so that an estimate is not mistaken for a measurement on a board. */
function figuresOf(kind: DeviceModel['kind']): string {
  if (kind === undefined) return '';
  return kind === 'estimate' ? " by the compiler's estimate" : ' by published figures';
}

const SOURCES: Readonly<Record<SimulatedResults['kind'], string>> = {
  hash: 'logits from a hash of the frame',
  onnx: 'logits from the CPU',
  exact: "logits of the vendor's quantised model",
};
