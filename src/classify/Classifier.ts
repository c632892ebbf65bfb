import { EffvitError } from '../core/EffvitError.js';
import type { Parameters } from '../core/parameters.js';
import type { FrameHeader, ImageFrame } from '../image/ImageFrame.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { prepareLabels } from '../model/labels.js';
import type { ModelManifest } from '../model/ModelManifest.js';
import type { SubmitOptions } from '../pool/FrameJob.js';
import type { FrameOutcome } from '../pool/FrameOutcome.js';
import { InferencePool } from '../pool/InferencePool.js';
import type { DropCause, FrameCounts } from '../stats/FrameAccounting.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { StageStatistics } from '../stats/StageStatistics.js';
import type { ClassResult } from './ClassResult.js';
import { modelPreprocess } from './prepareModel.js';
import { queueSizeOf } from './queueSizeOf.js';
import { RateLimiter } from './RateLimiter.js';
import { topK } from './topK.js';

/** A model ready to be loaded: what is known of it, and the backend that runs it. */
export interface ClassifierModel {
  readonly manifest: ModelManifest;
  readonly backend: BackendSpec;
}

export interface ClassifierOptions {
  readonly model: ClassifierModel;
  readonly parameters: Parameters;
  /** Now, in nanoseconds, by the clock of the frames' stamps; without it, and while it gives undefined, no delay is measured. */
  readonly stampClockNs?: () => bigint | undefined;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
}

/** Frames in, the best classes out. */
export type ClassifyOutcome = FrameOutcome<readonly ClassResult[]>;

/** Everything that turns logits into results, exchanged as a whole with the model. */
interface Reading {
  labels: readonly string[];
  activation: 'logits' | 'probabilities';
}

/**
 * A model with its labels behind a pool of workers: the one way from a frame to a result that the node, the bag
 * replay, the pictures and the evaluation share.
 */
export class Classifier {
  readonly #pool: InferencePool<readonly ClassResult[]>;
  readonly #rateLimiter = new RateLimiter();
  #parameters: Parameters;
  #model: ClassifierModel;
  #reading: Reading;
  #info: LoadedModelInfo;

  private constructor(
    pool: InferencePool<readonly ClassResult[]>,
    options: ClassifierOptions,
    reading: Reading,
    info: LoadedModelInfo,
  ) {
    this.#pool = pool;
    this.#parameters = options.parameters;
    this.#model = options.model;
    this.#reading = reading;
    this.#info = info;
    this.#rateLimiter.setMaxFps(options.parameters.max_fps);
  }

  /**
   * Loads the model on every worker.
   *
   * @throws EffvitError NOT_FOUND, BAD_MODEL, BAD_MANIFEST, BPU_FAILED, OUT_OF_RANGE; nothing is left running.
   */
  static async start(options: ClassifierOptions): Promise<Classifier> {
    const { model, parameters, stampClockNs, signal } = options;
    // Labels that are wrong are told before any worker starts.
    const labelsOf = await prepareLabels(model.manifest);
    const reading: Reading = { labels: [], activation: model.manifest.output.activation };
    const pool = new InferencePool<readonly ClassResult[]>({
      model: {
        backend: model.backend,
        preprocess: modelPreprocess(model.manifest, parameters),
        postprocess: (logits) => read(logits, reading, parameters),
      },
      threads: parameters.threads,
      ordered: parameters.ordered,
      runTimeoutMs: parameters.inference_timeout_ms,
      queueSize: queueSizeOf(parameters),
      dropPolicy: parameters.drop_policy,
      maxAgeMs: parameters.max_age_ms,
      ...(stampClockNs !== undefined && { stampClockNs }),
    });
    const giveUp = (): void => void pool.close({ drain: false });
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    const info = await pool.start().finally(() => signal?.removeEventListener('abort', giveUp));
    try {
      reading.labels = labelsOf(info.classCount);
    } catch (error) {
      await pool.close({ drain: false });
      throw error;
    }
    return new Classifier(pool, options, reading, info);
  }

  get manifest(): ModelManifest {
    return this.#model.manifest;
  }

  /** What runs the model. */
  get backend(): BackendSpec {
    return this.#model.backend;
  }

  get info(): LoadedModelInfo {
    return this.#info;
  }

  /** One per class, in the order of the model's output. */
  get labels(): readonly string[] {
    return this.#reading.labels;
  }

  get parameters(): Parameters {
    return this.#parameters;
  }

  /** How frames are prepared now. */
  get preprocess(): PreprocessOptions {
    return modelPreprocess(this.#model.manifest, this.#parameters);
  }

  /** Latencies by stage. */
  get statistics(): StageStatistics {
    return this.#pool.statistics;
  }

  counts(): FrameCounts {
    return this.#pool.counts();
  }

  /** Published frames a second over the last five seconds. */
  framesPerSecond(): number {
    return this.#pool.framesPerSecond();
  }

  /** Frames that wait for a worker. */
  get queuedCount(): number {
    return this.#pool.queuedCount;
  }

  /** The pool's workers: how many serve, how many were lost. */
  workers(): ReturnType<InferencePool<readonly ClassResult[]>['workers']> {
    return this.#pool.workers();
  }

  resetStatistics(): void {
    this.#pool.resetStatistics();
  }

  /** Hands over a frame; the promise never rejects. See {@link InferencePool.submit}. */
  classify(frame: ImageFrame, options?: SubmitOptions): Promise<ClassifyOutcome> {
    if (!this.#rateLimiter.admits(frame.source, monotonicNs())) {
      return Promise.resolve(this.refuse(frame, 'rate_limited'));
    }
    return this.#pool.submit(frame, options);
  }

  /** Counts a frame that was received but is not to be classified, and gives its outcome. */
  refuse({ stamp, frameId, source }: FrameHeader, cause: DropCause, error?: EffvitError): ClassifyOutcome {
    this.#pool.refuse(cause);
    return {
      kind: 'dropped',
      header: { stamp, frameId, source },
      cause,
      ...(error !== undefined && { error }),
    };
  }

  /** Resolves when a frame can be handed over without another being dropped for it. */
  ready(): Promise<void> {
    return this.#pool.ready();
  }

  /**
   * Takes those of the changed parameters that are the pipeline's; the others are their owners' business.
   * Everything is checked before anything changes, and `threads` resolves when the new number serves.
   *
   * @throws EffvitError why a value cannot be taken; the old ones are still in force then.
   */
  async setParameters(parameters: Parameters): Promise<void> {
    const preprocess = modelPreprocess(this.#model.manifest, parameters);
    if (parameters.threads !== this.#parameters.threads) await this.#pool.resize(parameters.threads);
    const reading = this.#reading;
    this.#pool.setModelOptions({
      preprocess,
      postprocess: (logits) => read(logits, reading, parameters),
    });
    this.#adopt(parameters);
  }

  /**
   * Another model or backend, loaded beside the old one, which finishes what it has. All of the parameters change
   * with it, the number of workers too: each frame meets the old model with the old ones, or the new with the new.
   *
   * @throws EffvitError as {@link start}; the old model serves on, with the old parameters.
   */
  async swapModel(model: ClassifierModel, parameters: Parameters = this.#parameters): Promise<void> {
    const labelsOf = await prepareLabels(model.manifest);
    const reading: Reading = { labels: [], activation: model.manifest.output.activation };
    const next = {
      backend: model.backend,
      preprocess: modelPreprocess(model.manifest, parameters),
      postprocess: (logits: Float32Array) => read(logits, reading, parameters),
    };
    await this.#pool.swapModel(next, {
      threads: parameters.threads,
      accept: (info) => {
        reading.labels = labelsOf(info.classCount);
        this.#model = model;
        this.#reading = reading;
        this.#info = info;
        this.#adopt(parameters);
      },
    });
  }

  #adopt(parameters: Parameters): void {
    this.#pool.setOptions({
      queueSize: queueSizeOf(parameters),
      dropPolicy: parameters.drop_policy,
      maxAgeMs: parameters.max_age_ms,
    });
    this.#rateLimiter.setMaxFps(parameters.max_fps);
    this.#parameters = parameters;
  }

  /** Resolves when no frame is in flight. */
  drain(): Promise<void> {
    return this.#pool.drain();
  }

  /** Ends the workers; see {@link InferencePool.close}. */
  close(options?: { readonly drain?: boolean; readonly limitMs?: number }): Promise<void> {
    return this.#pool.close(options);
  }
}

function read(
  logits: Float32Array,
  { labels, activation }: Reading,
  { top_k, score_threshold }: Pick<Parameters, 'top_k' | 'score_threshold'>,
): readonly ClassResult[] {
  if (labels.length > 0 && labels.length !== logits.length) {
    throw new EffvitError(
      'BAD_MODEL',
      `The model gave ${logits.length} values for ${labels.length} labels: correct the manifest or the file.`,
    );
  }
  const results: ClassResult[] = [];
  for (const { index, score } of topK(logits, top_k, activation)) {
    if (score < score_threshold) break;
    results.push({ index, label: labels[index] ?? `class_${index}`, score });
  }
  return results;
}
