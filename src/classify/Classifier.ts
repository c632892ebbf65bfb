import { asEffvitError, type EffvitError } from '../core/EffvitError.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import { type RegionBox, withMargin } from '../image/PictureRegion.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { PictureNotices } from '../image/pictureNotes.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { SubmitOptions } from '../pool/FrameJob.js';
import type { FrameDrop, FrameOutcome } from '../pool/FrameOutcome.js';
import { type CloseOptions, InferencePool, type WaitOptions } from '../pool/InferencePool.js';
import { type PoolClock, systemClock } from '../pool/PoolClock.js';
import { VirtualClock } from '../pool/VirtualClock.js';
import type { DropCause } from '../stats/FrameAccounting.js';
import type { ClassResult } from './ClassResult.js';
import {
  type ClassifierOptions,
  type ClassifierStartOptions,
  classifierOptions,
  RESTART_OPTIONS,
  refuseChanges,
} from './classifierOptions.js';
import { largestBoxes } from './largestBoxes.js';
import { livePoolOptions, readerDepth } from './livePoolOptions.js';
import { type ClassifierModel, checkOptions, ModelReading } from './ModelReading.js';
import { modelPreprocess } from './prepareModel.js';
import { RateLimiter } from './RateLimiter.js';
import type { ClassifyRegionsOutcome } from './RegionResult.js';

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

/** Outcome of a frame: the best classes, or a drop. */
export type ClassifyOutcome = FrameOutcome<readonly ClassResult[]>;

/** A model with its labels behind a pool of workers: what the node, replay, pictures and evaluation use. */
export class Classifier {
  /** The workers, and the counts and latencies of the frames. */
  readonly pool: InferencePool<readonly ClassResult[]>;
  readonly #rateLimiter = new RateLimiter();
  readonly #pictureNotices = new PictureNotices((text) => this.#reading.model.notice?.(text));
  readonly #sourceCount: number;
  readonly #clock: PoolClock;
  #options: ClassifierOptions;
  #reading: ModelReading;

  private constructor(
    pool: InferencePool<readonly ClassResult[]>,
    reading: ModelReading,
    options: ClassifierOptions,
    { sourceCount = 1, clock = systemClock }: ClassifierStartOptions,
  ) {
    this.pool = pool;
    this.#reading = reading;
    this.#options = options;
    this.#sourceCount = sourceCount;
    this.#clock = clock;
    this.#adopt(options);
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
    const reading = await ModelReading.prepare(model, options);
    const pool = new InferencePool<readonly ClassResult[]>({
      model: reading.poolModel(options),
      threads: options.threads,
      ordered: options.ordered,
      runTimeoutMs: options.inferenceTimeoutMs,
      ...livePoolOptions(options, sourceCount),
      stampClockNs,
      clock,
    });
    const giveUp = (): void => void pool.close({ drain: false });
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    try {
      reading.setInfo(await pool.start());
    } catch (error) {
      await pool.close({ drain: false });
      throw asEffvitError(error, 'INTERNAL', undefined, { model: model.manifest.name });
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    return new Classifier(pool, reading, options, given);
  }

  get manifest(): ModelManifest {
    return this.#reading.model.manifest;
  }

  /** The backend that runs the model. */
  get backend(): BackendSpec {
    return this.#reading.model.backend;
  }

  /** Of the loaded model. Under a virtual clock the times are simulated. */
  get info(): LoadedModelInfo {
    const { info } = this.#reading;
    return this.#clock instanceof VirtualClock ? { ...info, isSimulated: true } : info;
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
    return modelPreprocess(this.manifest, this.#options);
  }

  /** How many frames of each camera may wait at its source, the newest, until the classifier wants them. */
  get readerDepth(): number {
    return readerDepth(this.#options.dropPolicy, this.pool.options.queueSize, this.#sourceCount);
  }

  /** Resets the state of earlier frames: the next ones belong to another recording, whatever their stamps. */
  forgetFrames(): void {
    this.#reading.judge.forget();
  }

  /** Submits a frame; the promise never rejects. See {@link InferencePool.submit}. */
  classify(frame: ImageFrame, options?: ClassifyOptions): Promise<ClassifyOutcome> {
    if (!this.#admits(frame, options)) return Promise.resolve(this.refuse(frame, 'rate_limited'));
    const outcome = this.pool.submit(frame, options);
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
    options: ClassifyRegionsOptions = {},
  ): Promise<ClassifyRegionsOutcome> {
    if (!this.#admits(frame, options)) return Promise.resolve(this.refuse(frame, 'rate_limited'));
    const { regionMargin, maxRegions } = this.#options;
    const grown = boxes.map((box) => withMargin(box, regionMargin));
    const places = largestBoxes(boxes, maxRegions);
    const outcome = this.pool.submitRegions(frame, grown, { ...options, places });
    this.#reportPicture(frame, outcome);
    return outcome;
  }

  #admits({ source }: FrameHeader, { isUnlimited = false }: ClassifyOptions = {}): boolean {
    return isUnlimited || this.#rateLimiter.admits(source, this.#clock.nowNs());
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
  refuse({ stamp, frameId, source }: FrameHeader, cause: DropCause, error?: EffvitError): FrameDrop {
    this.pool.refuse(cause);
    const header = { stamp, frameId, source };
    return { kind: 'dropped', header, cause, ...(error !== undefined && { error }) };
  }

  /** Resolves when a frame can be submitted without dropping another one. @throws EffvitError as {@link drain}. */
  ready(options?: WaitOptions): Promise<void> {
    return this.pool.ready(options);
  }

  /**
   * Changes options while frames are processed. Everything is checked before anything changes. With another number of
   * threads, the promise resolves when that many workers serve.
   *
   * @throws EffvitError BAD_CONFIG, BAD_ARGUMENT for an option that needs a restart or {@link swapModel}, BAD_MODEL if
   *   new workers cannot load the model; the old options then stay in force.
   */
  async setOptions(changes: Partial<ClassifierOptions>): Promise<void> {
    const options = classifierOptions({ ...this.#options, ...changes });
    refuseChanges(options, this.#options, ['model', 'backend', ...RESTART_OPTIONS]);
    checkOptions(this.#reading.model, options);
    if (options.threads !== this.#options.threads) await this.pool.setThreadCount(options.threads);
    this.pool.setModelOptions(this.#reading.poolModel(options));
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
    refuseChanges(options, this.#options, ['ordered', 'inferenceTimeoutMs']);
    const reading = await ModelReading.prepare(model, options);
    await this.pool.swapModel(reading.poolModel(options), {
      threads: options.threads,
      accept: (info) => {
        reading.setInfo(info);
        this.#reading = reading;
        this.#adopt(options);
      },
    });
  }

  #adopt(options: ClassifierOptions): void {
    this.pool.setOptions(livePoolOptions(options, this.#sourceCount, this.#reading.info));
    this.#rateLimiter.setMaxFps(options.maxFps);
    this.#options = options;
  }

  /** Resolves when no frame is in flight. @throws EffvitError CANCELLED once the signal is aborted. */
  drain(options?: WaitOptions): Promise<void> {
    return this.pool.drain(options);
  }

  /** Ends the workers; see {@link InferencePool.close}. */
  close(options?: CloseOptions): Promise<void> {
    return this.pool.close(options);
  }
}
