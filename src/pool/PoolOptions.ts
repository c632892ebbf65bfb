import { EffvitError } from '../core/EffvitError.js';
import { double, integer, type OptionRule, oneOf, optionProblem } from '../core/optionTable.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import type { PictureFigures } from '../image/PictureFigures.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
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
    | ((regions: readonly JudgedRegion<Value>[], frame: StreamFrame) => readonly RegionOutcome<Value>[])
    | undefined;
}

/** A frame as one of its source's. */
export interface StreamFrame {
  readonly header: FrameHeader;
  /** Time of admission, by the pool's clock. */
  readonly admittedNs: number;
  /** It belongs to no stream of frames: it is judged without earlier ones. */
  readonly isSingle: boolean;
}

/** The frame passed to `judge`. */
export interface JudgedFrame extends StreamFrame {
  /** A copy of the model's output. */
  readonly logits: Float32Array;
  /** Measurements of its picture; undefined if {@link PreprocessOptions.isMeasured} is not set. */
  readonly figures: PictureFigures | undefined;
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

/** Options that are fixed for a pool's life. */
export interface FixedPoolOptions {
  /** Worker threads, 1 to 16; default 2. */
  readonly threads: number;
  /** Deliver the results of each source in the order of submission; default true. */
  readonly ordered: boolean;
  /** A worker that computes one frame for longer is replaced and the frame dropped as timed_out; default 5000. */
  readonly runTimeoutMs: number;
  /** The longest time for one worker to load the model; default 120000. */
  readonly loadTimeoutMs: number;
}

export interface InferencePoolOptions<Value> extends Partial<FixedPoolOptions>, Partial<LivePoolOptions> {
  readonly model: PoolModel<Value>;
  /**
   * The current time in nanoseconds on the clock of the headers' stamps (ROS time). Without it, or while it returns
   * undefined, there is no `delay`.
   */
  readonly stampClockNs?: (() => bigint | undefined) | undefined;
  /** Clock for time-outs, ages and back-offs; default: the system's monotonic clock. */
  readonly clock?: PoolClock | undefined;
}

export const MAX_THREADS = 16;
/** A worker holds the frames of at most two tasks. */
export const MAX_BATCH = CHANNEL_CAPACITY / 2;
export const MAX_BATCH_WAIT_MS = 1000;
/** Timers count in 31 bits of milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const LIVE_OPTIONS = {
  queueSize: integer(4, 1, 1000),
  dropPolicy: oneOf('oldest', DROP_POLICIES),
  maxAgeMs: double(0, 0, MAX_TIMER_MS),
  orderTimeoutMs: double(500, 0, MAX_TIMER_MS),
  maxBatch: integer(0, 0, MAX_BATCH),
  batchWaitMs: double(0, 0, MAX_BATCH_WAIT_MS),
} as const satisfies Record<keyof LivePoolOptions, OptionRule>;

const FIXED_OPTIONS = {
  threads: integer(2, 1, MAX_THREADS),
  ordered: { type: 'boolean', defaultValue: true },
  runTimeoutMs: double(5000, 1, MAX_TIMER_MS),
  loadTimeoutMs: double(120_000, 1, MAX_TIMER_MS),
} as const satisfies Record<keyof FixedPoolOptions, OptionRule>;

/** Fills in the defaults. @throws EffvitError OUT_OF_RANGE naming every wrong value. */
export function poolOptions(given: Partial<FixedPoolOptions & LivePoolOptions>): {
  readonly fixed: FixedPoolOptions;
  readonly live: LivePoolOptions;
} {
  const filled = filledOptions<FixedPoolOptions & LivePoolOptions>(
    { ...FIXED_OPTIONS, ...LIVE_OPTIONS },
    given,
  );
  return { fixed: filled, live: filledOptions<LivePoolOptions>(LIVE_OPTIONS, filled) };
}

/** `current` with `changes` applied. @throws EffvitError OUT_OF_RANGE naming every wrong value. */
export function changedOptions(changes: Partial<LivePoolOptions>, current: LivePoolOptions): LivePoolOptions {
  return filledOptions(LIVE_OPTIONS, changes, current);
}

/** @throws EffvitError OUT_OF_RANGE */
export function checkThreads(threads: number): void {
  filledOptions({ threads: FIXED_OPTIONS.threads }, { threads });
}

function filledOptions<Options>(
  rows: Readonly<Record<keyof Options & string, OptionRule>>,
  given: Partial<Options>,
  defaults: Partial<Options> = {},
): Options {
  const names = Object.keys(rows) as (keyof Options & string)[];
  const values = names.map(
    (name) => [name, given[name] ?? defaults[name] ?? rows[name].defaultValue] as const,
  );
  const problems = values.flatMap(([name, value]) => optionProblem(name, rows[name], value) ?? []);
  if (problems.length > 0) throw new EffvitError('OUT_OF_RANGE', problems.join(' '));
  // Every value was checked against its row.
  return Object.freeze(Object.fromEntries(values)) as Options;
}

/** @throws EffvitError BAD_CONFIG if frames are prepared at another size than the model's input. */
export function checkInputSize<Value>({ preprocess }: PoolModel<Value>, info: LoadedModelInfo): void {
  if (preprocess.widthPx === info.inputWidthPx && preprocess.heightPx === info.inputHeightPx) return;
  throw new EffvitError(
    'BAD_CONFIG',
    `Frames are prepared at ${preprocess.widthPx}x${preprocess.heightPx} but the model takes ${info.inputWidthPx}x${info.inputHeightPx}: correct the manifest.`,
  );
}
