import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import { type RegionBox, withMargin } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { PictureNotices } from '../image/pictureNotes.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import { type LoadedModelInfo, largestBatchOf } from '../inference/InferenceBackend.js';
import { prepareLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { SubmitOptions } from '../pool/FrameJob.js';
import type { FrameDrop, FrameOutcome } from '../pool/FrameOutcome.js';
import { type CloseOptions, InferencePool, type WaitOptions } from '../pool/InferencePool.js';
import { type PoolClock, systemClock } from '../pool/PoolClock.js';
import type { LivePoolOptions, PoolModel } from '../pool/PoolOptions.js';
import type { RegionCounts } from '../pool/RegionAccounting.js';
import { type Ranking, type TopKEntry, topK } from '../pool/topK.js';
import { VirtualClock } from '../pool/VirtualClock.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import { activationDoubt } from './activationDoubt.js';
import type { ClassResult } from './ClassResult.js';
import { checkResizeOn } from './checkResizeOn.js';
import {
  CLASSIFIER_OPTIONS,
  type ClassifierOptionName,
  type ClassifierOptions,
  classifierOptions,
} from './classifierOptions.js';
import { checkKnownScore, FrameJudge, temperatureOf } from './FrameJudge.js';
import { largestBoxes } from './largestBoxes.js';
import { modelPreprocess } from './prepareModel.js';
import { queueSizeOf } from './queueSizeOf.js';
import { RateLimiter } from './RateLimiter.js';
import type { ClassifyRegionsOutcome } from './RegionResult.js';
import { readerDepth } from './readerDepth.js';

/** A model ready to be loaded: its manifest and the backend that runs it. */
export interface ClassifierModel {
  readonly manifest: ModelManifest;
  readonly backend: BackendSpec;
  /** Called once if the first frame contradicts the manifest. */
  readonly notice?: (text: string) => void;
}

/** The options of {@link CLASSIFIER_OPTIONS}, each with its default, and values that only the caller knows. */
export interface ClassifierStartOptions extends Partial<ClassifierOptions> {
  /** Number of cameras, from 1; default 1. If `queueSize` is 0, the queue has one place per camera. */
  readonly sourceCount?: number;
  /** Current time in nanoseconds by the clock of the frames' stamps; if absent or undefined, no delay is measured. */
  readonly stampClockNs?: () => bigint | undefined;
  /** Clock for limits, ages and timings; default: the system's monotonic clock. */
  readonly clock?: PoolClock;
  /** Aborts the loading. */
  readonly signal?: AbortSignal;
}

export interface ClassifyOptions extends SubmitOptions {
  /** For a requested frame: `maxFps` neither limits nor counts it. */
  readonly isUnlimited?: boolean;
}

export interface ClassifyRegionsOptions extends Pick<ClassifyOptions, 'isUnlimited' | 'isSingle'> {
  /**
   * For each box the id of the object that it shows, which has results smoothed over time if `smoothing` is on; empty
   * for a box without one. Default: none has one.
   */
  readonly tracks?: readonly string[];
}

const RESTART_OPTIONS = (Object.keys(CLASSIFIER_OPTIONS) as ClassifierOptionName[]).filter(
  (name) => 'change' in CLASSIFIER_OPTIONS[name],
);

/** Outcome of a frame: the best classes, or a drop. */
export type ClassifyOutcome = FrameOutcome<readonly ClassResult[]>;

/** Everything that turns logits into results; replaced together with the model. */
interface Reading {
  readonly model: ClassifierModel;
  labels: readonly string[];
  /** Whether the first frame was checked against the manifest. */
  isChecked: boolean;
  /** Its state belongs to this model. */
  readonly judge: FrameJudge;
}

const newReading = (model: ClassifierModel): Reading => ({
  model,
  labels: [],
  isChecked: false,
  judge: new FrameJudge(),
});

/** How the pool prepares and evaluates frames of a model. */
function poolModel(
  reading: Reading,
  options: ClassifierOptions,
): Omit<PoolModel<readonly ClassResult[]>, 'backend'> {
  const { manifest } = reading.model;
  checkKnownScore(manifest, options);
  const ranking: Ranking = {
    k: options.topK,
    activation: manifest.output.activation,
    temperature: temperatureOf(manifest, options),
  };
  return {
    preprocess: modelPreprocess(manifest, options),
    ranking,
    postprocess: (logits, ranked) =>
      read(
        logits,
        reading,
        options,
        ranked ?? topK(logits, ranking.k, ranking.activation, ranking.temperature),
      ),
    judge: reading.judge.judgeWith(reading, options),
    judgeRegions: reading.judge.judgeRegionsWith(reading, options),
  };
}

/** @throws EffvitError BAD_CONFIG, BAD_ARGUMENT for options that do not fit this model. */
function checkResize({ manifest, backend }: ClassifierModel, options: ClassifierOptions): void {
  checkResizeOn(manifest.name, backend, modelPreprocess(manifest, options));
}

/**
 * A model with its labels behind a pool of workers. The node, bag replay, picture classification and evaluation all use
 * it.
 */
export class Classifier {
  readonly #pool: InferencePool<readonly ClassResult[]>;
  readonly #rateLimiter = new RateLimiter();
  readonly #pictureNotices = new PictureNotices((text) => this.#model.notice?.(text));
  readonly #sourceCount: number;
  readonly #clock: PoolClock;
  #options: ClassifierOptions;
  #model: ClassifierModel;
  #reading: Reading;
  #info: LoadedModelInfo;

  private constructor(
    pool: InferencePool<readonly ClassResult[]>,
    model: ClassifierModel,
    options: ClassifierOptions,
    { sourceCount = 1, clock = systemClock }: ClassifierStartOptions,
    reading: Reading,
    info: LoadedModelInfo,
  ) {
    this.#pool = pool;
    this.#model = model;
    this.#options = options;
    this.#sourceCount = sourceCount;
    this.#clock = clock;
    this.#reading = reading;
    this.#info = info;
    this.#rateLimiter.setMaxFps(options.maxFps);
  }

  /**
   * Loads the model on every worker.
   *
   * @throws EffvitError BAD_CONFIG, NOT_FOUND, BAD_MODEL, BAD_MANIFEST, BPU_FAILED, OUT_OF_RANGE; nothing is left
   *   running.
   */
  static async start(model: ClassifierModel, given: ClassifierStartOptions = {}): Promise<Classifier> {
    const { sourceCount = 1, stampClockNs, clock, signal, ...rest } = given;
    const options = classifierOptions(rest);
    checkResize(model, options);
    // Wrong labels fail before any worker starts.
    const labelsOf = await prepareLabels(model.manifest);
    const reading = newReading(model);
    const pool = new InferencePool<readonly ClassResult[]>({
      model: { backend: model.backend, ...poolModel(reading, options) },
      threads: options.threads,
      ordered: options.ordered,
      runTimeoutMs: options.inferenceTimeoutMs,
      ...livePoolOptions(options, sourceCount),
      ...(stampClockNs !== undefined && { stampClockNs }),
      ...(clock !== undefined && { clock }),
    });
    const giveUp = (): void => void pool.close({ drain: false });
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    const info = await pool
      .start()
      .catch((error: unknown) => {
        throw asEffvitError(error, 'INTERNAL', undefined, { model: model.manifest.name });
      })
      .finally(() => signal?.removeEventListener('abort', giveUp));
    try {
      reading.labels = labelsOf(info.classCount);
    } catch (error) {
      await pool.close({ drain: false });
      throw error;
    }
    pool.setOptions(livePoolOptions(options, sourceCount, info));
    return new Classifier(pool, model, options, given, reading, info);
  }

  get manifest(): ModelManifest {
    return this.#model.manifest;
  }

  /** The backend that runs the model. */
  get backend(): BackendSpec {
    return this.#model.backend;
  }

  /** Of the loaded model. Under a virtual clock the times are simulated. */
  get info(): LoadedModelInfo {
    return this.#clock instanceof VirtualClock ? { ...this.#info, isSimulated: true } : this.#info;
  }

  /** One per class, in the order of the model's output. */
  get labels(): readonly string[] {
    return this.#reading.labels;
  }

  /** The options in force. */
  get options(): ClassifierOptions {
    return this.#options;
  }

  /** The current preprocessing of frames. */
  get preprocess(): PreprocessOptions {
    return modelPreprocess(this.#model.manifest, this.#options);
  }

  /** Latencies by stage. */
  get statistics(): StageStatistics {
    return this.#pool.statistics;
  }

  counts(): FrameCounts {
    return this.#pool.counts();
  }

  /** Outcomes of the regions of published frames. */
  regionCounts(): RegionCounts {
    return this.#pool.regionCounts();
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(): number {
    return this.#pool.framesPerSecond();
  }

  /** Published frames per task; 1 for a model without batches. */
  get meanBatchSize(): number {
    return this.#pool.meanBatchSize;
  }

  /** Frames that wait for a worker. */
  get queuedCount(): number {
    return this.#pool.queuedCount;
  }

  /** Frames that may wait for a worker, over all cameras together. */
  get queueSize(): number {
    return this.#pool.options.queueSize;
  }

  /** How many frames of each camera may wait at its source, the newest, until the classifier wants them. */
  get readerDepth(): number {
    return readerDepth(this.#options.dropPolicy, this.queueSize, this.#sourceCount);
  }

  /** The pool's workers: how many are running, how many were lost. */
  workers(): ReturnType<InferencePool<readonly ClassResult[]>['workers']> {
    return this.#pool.workers();
  }

  /** Resets the state of earlier frames: the next ones belong to another recording, whatever their stamps. */
  forgetFrames(): void {
    this.#reading.judge.forget();
  }

  resetStatistics(): void {
    this.#pool.resetStatistics();
  }

  /** Submits a frame; the promise never rejects. See {@link InferencePool.submit}. */
  classify(frame: ImageFrame, options?: ClassifyOptions): Promise<ClassifyOutcome> {
    if (options?.isUnlimited !== true && !this.#rateLimiter.admits(frame.source, this.#clock.nowNs())) {
      return Promise.resolve(this.refuse(frame, 'rate_limited'));
    }
    const outcome = this.#pool.submit(frame, options);
    this.#reportPicture(frame, outcome);
    return outcome;
  }

  /**
   * Submits a frame to classify these boxes in it; the promise never rejects. Boxes grow by the option `regionMargin`.
   * Above `maxRegions` only the largest are classified; the others are unknown as `over_limit`. See {@link
   * InferencePool.submitRegions}.
   */
  classifyRegions(
    frame: ImageFrame,
    boxes: readonly RegionBox[],
    { tracks = [], isUnlimited = false, isSingle = false }: ClassifyRegionsOptions = {},
  ): Promise<ClassifyRegionsOutcome> {
    if (!isUnlimited && !this.#rateLimiter.admits(frame.source, this.#clock.nowNs())) {
      return Promise.resolve(this.#drop(frame, 'rate_limited'));
    }
    const { regionMargin, maxRegions } = this.#options;
    const grown = boxes.map((box) => withMargin(box, regionMargin));
    const outcome = this.#pool.submitRegions(frame, grown, {
      places: largestBoxes(boxes, maxRegions),
      tracks,
      isSingle,
    });
    this.#reportPicture(frame, outcome);
    return outcome;
  }

  #reportPicture(frame: ImageFrame, outcome: Promise<ClassifyOutcome | ClassifyRegionsOutcome>): void {
    const { roi, resizeOn } = this.#options;
    if (frame.kind === 'raw' && roi === '' && resizeOn !== 'bpu') return;
    void outcome.then((done) => {
      if (done.kind !== 'dropped' && done.pictureNotes !== undefined) {
        this.#pictureNotices.report(done.header.source, done.pictureNotes);
      }
    });
  }

  /** Counts a frame that was received but will not be classified, and returns its outcome. */
  refuse(header: FrameHeader, cause: DropCause, error?: EffvitError): ClassifyOutcome {
    return this.#drop(header, cause, error);
  }

  #drop({ stamp, frameId, source }: FrameHeader, cause: DropCause, error?: EffvitError): FrameDrop {
    this.#pool.refuse(cause);
    return {
      kind: 'dropped',
      header: { stamp, frameId, source },
      cause,
      ...(error !== undefined && { error }),
    };
  }

  /** Whether a worker will soon accept another frame; see {@link InferencePool.wantsFrame}. */
  wantsFrame(withinNs?: number): boolean {
    return this.#pool.wantsFrame(withinNs);
  }

  /** Calls back once, when a frame can be accepted; see {@link InferencePool.whenWanted}. */
  whenWanted(callback: () => void): void {
    this.#pool.whenWanted(callback);
  }

  /**
   * Resolves when a frame can be submitted without dropping another one.
   *
   * @throws EffvitError CANCELLED once the signal is aborted.
   */
  ready(options?: WaitOptions): Promise<void> {
    return this.#pool.ready(options);
  }

  /**
   * Changes options while frames are processed. Everything is checked before anything changes. With another number of
   * threads, the promise resolves when the resized pool is running.
   *
   * @throws EffvitError BAD_CONFIG, BAD_ARGUMENT for an option that needs a restart or {@link swapModel}, BAD_MODEL if
   *   new workers cannot load the model; the old options then stay in force.
   */
  async setOptions(changes: Partial<ClassifierOptions>): Promise<void> {
    const options = classifierOptions({ ...this.#options, ...changes });
    this.#refuseFixed(options, ['model', 'backend', ...RESTART_OPTIONS]);
    // Checked before anything changes, since they may be rejected.
    checkKnownScore(this.#model.manifest, options);
    checkResize(this.#model, options);
    if (options.threads !== this.#options.threads) await this.#pool.resize(options.threads);
    this.#pool.setModelOptions(poolModel(this.#reading, options));
    this.#adopt(options);
  }

  /**
   * Loads another model or backend beside the old one, which finishes its frames. The options and the number of workers
   * change with it: each frame uses either the old model with the old options, or the new model with the new ones.
   *
   * @throws EffvitError as {@link start} and {@link setOptions}; the old model then continues with the old options.
   */
  async swapModel(model: ClassifierModel, changes: Partial<ClassifierOptions> = {}): Promise<void> {
    const options = classifierOptions({ ...this.#options, ...changes });
    this.#refuseFixed(options, ['ordered', 'inferenceTimeoutMs']);
    checkResize(model, options);
    const labelsOf = await prepareLabels(model.manifest);
    const reading = newReading(model);
    await this.#pool.swapModel(
      { backend: model.backend, ...poolModel(reading, options) },
      {
        threads: options.threads,
        accept: (info) => {
          reading.labels = labelsOf(info.classCount);
          this.#model = model;
          this.#reading = reading;
          this.#info = info;
          this.#adopt(options);
        },
      },
    );
  }

  #adopt(options: ClassifierOptions): void {
    this.#pool.setOptions(livePoolOptions(options, this.#sourceCount, this.#info));
    this.#rateLimiter.setMaxFps(options.maxFps);
    this.#options = options;
  }

  #refuseFixed(options: ClassifierOptions, names: readonly ClassifierOptionName[]): void {
    for (const name of names) {
      if (options[name] === this.#options[name]) continue;
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${name} cannot become ${options[name]} while the classifier runs with ${this.#options[name]}: load the model with it and start or swap to that.`,
      );
    }
  }

  /** Resolves when no frame is in flight. @throws EffvitError CANCELLED once the signal is aborted. */
  drain(options?: WaitOptions): Promise<void> {
    return this.#pool.drain(options);
  }

  /** Ends the workers; see {@link InferencePool.close}. */
  close(options?: CloseOptions): Promise<void> {
    return this.#pool.close(options);
  }
}

/** @param info of the model, once it is loaded: the queue needs places for its batches. */
function livePoolOptions(
  options: ClassifierOptions,
  sourceCount: number,
  info?: LoadedModelInfo,
): LivePoolOptions {
  const { dropPolicy, maxAgeMs, orderTimeoutMs, maxBatch, batchWaitMs } = options;
  const modelBatch = info === undefined ? 1 : largestBatchOf(info);
  const largestBatch = maxBatch === 0 ? modelBatch : Math.min(maxBatch, modelBatch);
  const queueSize = queueSizeOf(options, sourceCount, largestBatch);
  return { queueSize, dropPolicy, maxAgeMs, orderTimeoutMs, maxBatch, batchWaitMs };
}

function read(
  logits: Float32Array,
  reading: Reading,
  { scoreThreshold }: Pick<ClassifierOptions, 'scoreThreshold'>,
  ranked: readonly TopKEntry[],
): readonly ClassResult[] {
  const { labels, model } = reading;
  if (!reading.isChecked) {
    reading.isChecked = true;
    const doubt = activationDoubt(logits, model.manifest);
    if (doubt !== undefined) model.notice?.(doubt);
  }
  if (labels.length > 0 && labels.length !== logits.length) {
    throw new EffvitError(
      'BAD_MODEL',
      `The model gave ${logits.length} values for ${labels.length} labels: correct the manifest or the file.`,
    );
  }
  const results: ClassResult[] = [];
  for (const { index, score } of ranked) {
    if (score < scoreThreshold) break;
    results.push({ index, label: labels[index] ?? `class_${index}`, score });
  }
  return results;
}
