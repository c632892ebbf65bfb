import { EffvitError } from '../core/EffvitError.js';
import {
  double,
  fillOptions,
  integer,
  type OptionTable,
  type OptionValues,
  oneOf,
} from '../core/optionTable.js';
import { DROP_POLICIES } from '../pool/FrameQueue.js';
import type { PoolClock } from '../pool/PoolClock.js';
import { MAX_BATCH, MAX_BATCH_WAIT_MS, MAX_THREADS } from '../pool/PoolOptions.js';
import { FRAME_OPTIONS } from './frameOptions.js';
import { RESULT_OPTIONS } from './resultOptions.js';

/**
 * All classification options. The library's options, the command line's flags (`--top-k` for `topK`) and the node's ROS
 * parameters (`top_k`) are generated from these rows.
 */
export const CLASSIFIER_OPTIONS = {
  model: {
    type: 'string',
    defaultValue: 'auto',
    description:
      'Name of a model, a folder with a manifest.yaml, or an .onnx or .bin file; auto is efficientvit_m5 if its files were pulled, else the bundled efficientvit_m5_signs. On a CPU, auto uses the int8 model NAME_int8 if its measured loss is at most 0.3 points of top-1.',
  },
  backend: {
    ...oneOf('auto', ['auto', 'onnx', 'bpu', 'bpu_sim']),
    description:
      'Where inference runs; auto is bpu if libdnn.so loads and the model has a .bin for this chip, else onnx. bpu_sim is a simulation.',
  },
  threads: {
    ...integer(2, 1, MAX_THREADS),
    description:
      'Inference worker threads; on a CPU at most its number of cores. On a BPU, 4 keep it busy and 8 reach its maximum.',
  },
  intraOpThreads: {
    ...integer(1, 1, 16),
    description:
      'Threads of ONNX Runtime per frame; only on the CPU. More threads reduce latency while cores are idle; without idle cores they increase latency and reduce throughput.',
    change: 'restart',
  },
  onnxBatch: {
    ...integer(1, 1, 8),
    description:
      'Most waiting frames that ONNX Runtime computes per run; only on the CPU. More than 1 increases the throughput when frames wait, and the latency of each; the scores stay the same to the last bit, which loading checks.',
    change: 'restart',
  },
  ...RESULT_OPTIONS,
  ...FRAME_OPTIONS,
  queueSize: {
    ...integer(0, 0, 1000),
    description:
      'Frames that may wait for a worker, over all cameras together. 0 is one per camera, for results of the newest frames (4 if the reader of a bag blocks), and at least the frames of one task.',
  },
  dropPolicy: {
    ...oneOf('oldest', DROP_POLICIES),
    description:
      'What a full queue does: drop the oldest waiting frame, drop the newest, or block the source (the reader of a bag waits; a live topic cannot wait and drops the newest).',
  },
  maxAgeMs: {
    ...double(0, 0, 60_000),
    description: 'A frame that waited longer than this in the queue is dropped as too_old; 0 keeps all.',
  },
  ordered: {
    type: 'boolean',
    defaultValue: true,
    description: 'Publish the results of one camera in the order of its frames.',
    change: 'restart',
  },
  orderTimeoutMs: {
    ...double(500, 0, 60_000),
    description:
      'With ordered: how long a finished result waits for an earlier frame of its camera; if that is not finished by then, it is dropped as overtaken. 0 waits without a limit, as block does.',
  },
  maxBatch: {
    ...integer(0, 0, MAX_BATCH),
    description:
      'Most frames per task, with a model that is compiled for batches; 0 is the largest batch of the model.',
  },
  batchWaitMs: {
    ...double(0, 0, MAX_BATCH_WAIT_MS),
    description:
      'How long a frame waits for others to share its task, with a model that is compiled for batches.',
  },
  maxFps: {
    ...double(0, 0, 10_000),
    description: 'Most frames a second from each camera; the rest is dropped as rate_limited; 0 accepts all.',
  },
  inferenceTimeoutMs: {
    ...double(5000, 10, 600_000),
    description:
      'A worker that holds one frame longer than this is replaced and the frame dropped as timed_out.',
    change: 'restart',
  },
  bpuCore: {
    ...oneOf('any', ['any', '0', '1']),
    description: 'BPU core that runs the model; the X5 has only core 0, the X3 has 0 and 1.',
    change: 'restart',
  },
  bpuPriority: {
    ...integer(0, 0, 255),
    description: 'Priority of the tasks on the BPU; 0 is the lowest, 255 preempts.',
    change: 'restart',
  },
  bpuSimResults: {
    ...oneOf('hash', ['hash', 'cpu', 'exact']),
    description:
      'Where the simulated BPU gets its scores: hash makes them up from the frame at no cost, so that only the times are meaningful; cpu runs the model on the CPU, which is slower than the BPU; exact runs the quantised model of effvit compile with the toolchain, which gives the scores of the board bit for bit in half a second a frame.',
    change: 'restart',
  },
} as const satisfies OptionTable;

export type ClassifierOptions = OptionValues<typeof CLASSIFIER_OPTIONS>;
export type ClassifierOptionName = keyof ClassifierOptions;

/** @throws EffvitError BAD_CONFIG with every problem in one message. */
export function classifierOptions(given: Partial<ClassifierOptions> = {}): ClassifierOptions {
  return fillOptions(CLASSIFIER_OPTIONS, given);
}

/** The options of {@link CLASSIFIER_OPTIONS}, each with its default, and values that only the caller knows. */
export interface ClassifierStartOptions extends Partial<ClassifierOptions> {
  /** Number of cameras, from 1; default 1. If `queueSize` is 0, the queue has one place per camera. */
  readonly sourceCount?: number;
  /** Current time in nanoseconds by the clock of the frames' stamps; if absent or undefined, no delay is measured. */
  readonly stampClockNs?: (() => bigint | undefined) | undefined;
  /** Clock for limits, ages and timings; default: the system's monotonic clock. */
  readonly clock?: PoolClock | undefined;
  /** Aborts the loading. */
  readonly signal?: AbortSignal | undefined;
}

/** Options that do not change while the classifier runs. */
export const RESTART_OPTIONS = (Object.keys(CLASSIFIER_OPTIONS) as ClassifierOptionName[]).filter(
  (name) => 'change' in CLASSIFIER_OPTIONS[name],
);

/** @throws EffvitError BAD_ARGUMENT if one of these options differs from the current one. */
export function refuseChanges(
  options: ClassifierOptions,
  current: ClassifierOptions,
  names: readonly ClassifierOptionName[],
): void {
  for (const name of names) {
    if (options[name] === current[name]) continue;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${name} cannot become ${options[name]} while the classifier runs with ${current[name]}: load the model with it and start or swap to that.`,
    );
  }
}
