import { EffvitError } from '../core/EffvitError.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { FrameJudgement } from './FrameOutcome.js';
import { DROP_POLICIES, type DropPolicy } from './FrameQueue.js';
import type { PoolClock } from './PoolClock.js';
import type { JudgedRegion, RegionOutcome } from './RegionOutcome.js';
import type { Ranking, TopKEntry } from './topK.js';
import { CHANNEL_CAPACITY } from './WorkerChannel.js';

/** The model with its functions; swapped as a whole, so that no frame gets the labels of another model. */
export interface PoolModel<Value> {
  readonly backend: BackendSpec;
  /** Made by preprocessOptions(); its size must be the model's input size. */
  readonly preprocess: PreprocessOptions;
  /** The scores that the worker ranks for `postprocess`; absent: none. */
  readonly ranking?: Ranking | undefined;
  /**
   * Makes a frame's value from the model's output. It runs on the main thread, so keep it short. `logits` is valid
   * only during the call: copy what you retain.
   *
   * @param ranked what `topK` gives for `ranking`; undefined for a region, and for more scores than a worker ranks.
   */
  readonly postprocess: (logits: Float32Array, ranked?: readonly TopKEntry[]) => Value;
  /**
   * Decides the final value on the main thread. Called once per frame, in the order in which the frames of a source
   * are delivered. Absent: the value from `postprocess` is final.
   */
  readonly judge?: ((value: Value, frame: JudgedFrame) => FrameJudgement<Value>) | undefined;
  /** Like `judge`, for all regions of a frame at once: returns their final outcomes in the same order. */
  readonly judgeRegions?:
    | ((
        regions: readonly JudgedRegion<Value>[],
        frame: Pick<JudgedFrame, 'header' | 'admittedNs' | 'isSingle'>,
      ) => readonly RegionOutcome<Value>[])
    | undefined;
}

/** The frame passed to `judge`. */
export interface JudgedFrame {
  readonly header: FrameHeader;
  /** A copy of the model's output. */
  readonly logits: Float32Array;
  /** Measurements of its picture; undefined if {@link PreprocessOptions.isMeasured} is not set. */
  readonly figures: PictureFigures | undefined;
  /** Time of admission, by the pool's clock. */
  readonly admittedNs: number;
  /** {@link SubmitOptions.isSingle} */
  readonly isSingle: boolean;
}

/** Options that may change while the pool runs. */
export interface LivePoolOptions {
  /** Frames that may wait for a worker, over all sources together; 1 to 1000, default 4. */
  readonly queueSize: number;
  /** Policy of a full queue; default `oldest`: drops the oldest frame of the camera with the most waiting frames. */
  readonly dropPolicy: DropPolicy;
  /** A frame that has waited longer than this when it is dequeued is dropped as too_old; default 0: no limit. */
  readonly maxAgeMs: number;
  /**
   * With `ordered` and a policy that drops: how long a result is held back for earlier frames of its camera. Frames
   * that are not done by then are dropped as `overtaken`. Default 500; 0: no limit.
   */
  readonly orderTimeoutMs: number;
  /** The most frames per task, if the model takes several; default 0: the model's maximum. */
  readonly maxBatch: number;
  /** How long the first frame of a task waits for others although it could run; default 0. */
  readonly batchWaitMs: number;
}

export interface InferencePoolOptions<Value> extends Partial<LivePoolOptions> {
  readonly model: PoolModel<Value>;
  /** Worker threads, 1 to 16; default 2. */
  readonly threads?: number;
  /** Deliver the results of each source in the order of submission; default true. */
  readonly ordered?: boolean;
  /** A worker that computes one frame for longer is replaced and the frame dropped as timed_out; default 5000. */
  readonly runTimeoutMs?: number;
  /** The longest time for one worker to load the model; default 120000. */
  readonly loadTimeoutMs?: number;
  /**
   * The current time in nanoseconds on the clock of the headers' stamps (ROS time). Without it, or while it returns
   * undefined, there is no `delay`.
   */
  readonly stampClockNs?: () => bigint | undefined;
  /** Clock for time-outs, ages and back-offs; default: the system's monotonic clock. */
  readonly clock?: PoolClock;
}

/** The options that are fixed for a pool's life, with defaults filled in and checked. */
export interface FixedPoolOptions {
  readonly threads: number;
  readonly ordered: boolean;
  readonly runTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

export const MAX_THREADS = 16;
/** A worker holds the frames of at most two tasks. */
export const MAX_BATCH = CHANNEL_CAPACITY / 2;
export const MAX_BATCH_WAIT_MS = 1000;
/** Timers count in 31 bits of milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const LIVE_DEFAULTS: LivePoolOptions = {
  queueSize: 4,
  dropPolicy: 'oldest',
  maxAgeMs: 0,
  orderTimeoutMs: 500,
  maxBatch: 0,
  batchWaitMs: 0,
};

/** Fills in the defaults. @throws EffvitError OUT_OF_RANGE naming every wrong value. */
export function poolOptions<Value>(given: InferencePoolOptions<Value>): {
  readonly fixed: FixedPoolOptions;
  readonly live: LivePoolOptions;
} {
  const fixed = {
    threads: given.threads ?? 2,
    ordered: given.ordered ?? true,
    runTimeoutMs: given.runTimeoutMs ?? 5000,
    loadTimeoutMs: given.loadTimeoutMs ?? 120_000,
  };
  const live = merged(given, LIVE_DEFAULTS);
  throwProblems([
    threadsProblem(fixed.threads),
    numberProblem('runTimeoutMs', fixed.runTimeoutMs, 1, MAX_TIMER_MS),
    numberProblem('loadTimeoutMs', fixed.loadTimeoutMs, 1, MAX_TIMER_MS),
    ...liveProblems(live),
  ]);
  return { fixed: Object.freeze(fixed), live: Object.freeze(live) };
}

/** `current` with `changes` applied. @throws EffvitError OUT_OF_RANGE naming every wrong value. */
export function changedOptions(changes: Partial<LivePoolOptions>, current: LivePoolOptions): LivePoolOptions {
  const options = merged(changes, current);
  throwProblems(liveProblems(options));
  return Object.freeze(options);
}

/** @throws EffvitError OUT_OF_RANGE */
export function checkThreads(threads: number): void {
  throwProblems([threadsProblem(threads)]);
}

function merged(changes: Partial<LivePoolOptions>, current: LivePoolOptions): LivePoolOptions {
  return {
    queueSize: changes.queueSize ?? current.queueSize,
    dropPolicy: changes.dropPolicy ?? current.dropPolicy,
    maxAgeMs: changes.maxAgeMs ?? current.maxAgeMs,
    orderTimeoutMs: changes.orderTimeoutMs ?? current.orderTimeoutMs,
    maxBatch: changes.maxBatch ?? current.maxBatch,
    batchWaitMs: changes.batchWaitMs ?? current.batchWaitMs,
  };
}

function liveProblems(options: LivePoolOptions): (string | undefined)[] {
  return [
    numberProblem('queueSize', options.queueSize, 1, 1000, true),
    choiceProblem('dropPolicy', options.dropPolicy, DROP_POLICIES),
    numberProblem('maxAgeMs', options.maxAgeMs, 0, MAX_TIMER_MS),
    numberProblem('orderTimeoutMs', options.orderTimeoutMs, 0, MAX_TIMER_MS),
    numberProblem('maxBatch', options.maxBatch, 0, MAX_BATCH, true),
    numberProblem('batchWaitMs', options.batchWaitMs, 0, MAX_BATCH_WAIT_MS),
  ];
}

function threadsProblem(threads: number): string | undefined {
  return numberProblem('threads', threads, 1, MAX_THREADS, true);
}

function throwProblems(problems: readonly (string | undefined)[]): void {
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new EffvitError('OUT_OF_RANGE', found.join(' '));
}

function numberProblem(
  name: string,
  value: number,
  min: number,
  max: number,
  isInteger = false,
): string | undefined {
  if (value >= min && value <= max && (!isInteger || Number.isInteger(value))) return undefined;
  const kind = isInteger ? 'an integer' : 'a number';
  return `Expected ${kind} from ${min} to ${max} for ${name} but received ${value}.`;
}

function choiceProblem(name: string, value: string, choices: readonly string[]): string | undefined {
  if (choices.includes(value)) return undefined;
  return `Expected one of ${choices.join(', ')} for ${name} but received ${value}.`;
}
