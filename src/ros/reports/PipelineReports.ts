import type { Classifier } from '../../classify/Classifier.js';
import type { UnmatchedView } from '../../classify/DetectionPairing.js';
import { stampFromNs } from '../../core/Stamp.js';
import {
  classifierState,
  type PipelineStatisticsMessage,
  pipelineStatisticsMessage,
} from '../../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import type { RclNode } from '../rcl/rcl.js';
import type { CameraMeters } from './CameraMeters.js';
import type { MachineMonitor, MachineReading } from './MachineMonitor.js';
import { PipelineWatch } from './PipelineWatch.js';

const STATISTICS_PERIOD_MS = 1000;

/** The cameras of an active node. */
export interface HeardCameras {
  readonly isPaused: boolean;
  readonly meters: CameraMeters;
  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  unmatched(): UnmatchedView | undefined;
}

export interface PipelineReportsOptions {
  readonly node: RclNode;
  readonly machineMonitor: MachineMonitor;
  readonly parameters: () => NodeParameterValues;
  /** Undefined while the node is not active. */
  readonly cameras: () => HeardCameras | undefined;
}

/** State of the pipeline, from its model to its workers. */
export type PipelineDiagnosis = ReturnType<PipelineReports['diagnosis']>;

/** Reads a pipeline's statistics once per second, publishes them, and retains them for diagnostics. */
export class PipelineReports {
  readonly #classifier: Classifier;
  readonly #options: PipelineReportsOptions;
  readonly #publish: (message: PipelineStatisticsMessage) => void;
  readonly #timer: NodeJS.Timeout;
  #watch = new PipelineWatch();
  #windowStartNs = monotonicNs();
  #lastFailure: string | undefined;
  #lost = { missing: 0, superseded: 0 };
  #machine: MachineReading;

  constructor(
    classifier: Classifier,
    options: PipelineReportsOptions,
    publish: (message: PipelineStatisticsMessage) => void,
  ) {
    this.#classifier = classifier;
    this.#options = options;
    this.#publish = publish;
    this.#machine = options.machineMonitor.take(classifier.backend);
    const name = 'the timer of ~/statistics';
    this.#timer = callbackGuard(options.node).every(STATISTICS_PERIOD_MS, name, () => this.#update());
  }

  /** The machine's last reading; further readings would shorten its measurement windows. */
  get machine(): MachineReading {
    return this.#machine;
  }

  /** Counts a frame that was lost through a fault of the pipeline, not of the frame. */
  frameFailed(reason: string): void {
    this.#lastFailure = reason;
  }

  /** Counts messages that did not arrive (missing), or that newer ones replaced in the middleware (superseded). */
  framesLost(kind: 'missing' | 'superseded', count: number): void {
    this.#lost[kind] += count;
  }

  /** Resets counts and latencies. */
  reset(): void {
    this.#classifier.pool.statistics.reset();
    this.#watch = new PipelineWatch();
    this.#windowStartNs = monotonicNs();
    this.#lastFailure = undefined;
    this.#lost = { missing: 0, superseded: 0 };
  }

  diagnosis() {
    return {
      ...this.#present(),
      /** Undefined in the first second. */
      view: this.#watch.view,
      /** Why the last failed frame failed in inference. */
      lastFailure: this.#lastFailure,
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #update(): void {
    const classifier = this.#classifier;
    const { statistics } = classifier.pool;
    const { node, machineMonitor, parameters } = this.#options;
    const endNs = monotonicNs();
    const windowNs = BigInt(Math.round(endNs - this.#windowStartNs));
    this.#windowStartNs = endNs;
    const stages = statistics.stages.takeWindow();
    const present = this.#present();
    this.#watch.observe(stages, present.counts, parameters()['diagnostics.max_allowed_processing_time_ms']);
    this.#machine = machineMonitor.take(classifier.backend);
    const cameras = this.#options.cameras();
    const unmatched = cameras?.unmatched();
    this.#publish(
      pipelineStatisticsMessage({
        ...present,
        stamp: stampFromNs(node.now().nanoseconds),
        windowNs,
        missing: this.#lost.missing,
        regions: unmatched && statistics.regions.counts(),
        unmatched,
        stages,
        machine: this.#machine,
        isPaused: cameras?.isPaused ?? false,
      }),
    );
  }

  /** Current state of the pipeline, for statistics and diagnostics. */
  #present() {
    return { ...classifierState(this.#classifier), superseded: this.#lost.superseded };
  }
}
