import type { Classifier } from '../../classify/Classifier.js';
import type { UnmatchedView } from '../../classify/DetectorPairings.js';
import { stampFromNs } from '../../core/Stamp.js';
import {
  type PipelineStatisticsMessage,
  pipelineStatisticsMessage,
} from '../../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../../stats/monotonicNs.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { MachineMonitor, MachineReading } from './MachineMonitor.js';
import { PipelineWatch } from './PipelineWatch.js';
import type { PipelineDiagnosis } from './pipelineStatus.js';

const STATISTICS_PERIOD_MS = 1000;

export interface PipelineReportsOptions {
  readonly classifier: Classifier;
  readonly machineMonitor: MachineMonitor;
  /** The node's clock, nanoseconds: simulated time with use_sim_time. */
  readonly nowNs: () => bigint;
  readonly parameters: () => Pick<NodeParameterValues, 'diagnostics.max_allowed_processing_time_ms'>;
  readonly isPaused: () => boolean;
  /** Counts of unmatched frames and detections; undefined if whole frames are classified. */
  readonly unmatched: () => UnmatchedView | undefined;
  /** Undefined while the node is not active: a managed node does not publish then. */
  readonly publish: () => ((message: PipelineStatisticsMessage) => void) | undefined;
  /** Runs the timer's callback; see CallbackGuard. */
  readonly run: (callback: () => void) => void;
}

/** Reads a pipeline's statistics once per second, publishes them, and retains them for diagnostics. */
export class PipelineReports {
  readonly #options: PipelineReportsOptions;
  readonly #timer: NodeJS.Timeout;
  #watch = new PipelineWatch();
  #windowStartNs = monotonicNs();
  #lastFailure: string | undefined;
  #missing = 0;
  #superseded = 0;
  #machine: MachineReading;

  constructor(options: PipelineReportsOptions) {
    this.#options = options;
    this.#machine = options.machineMonitor.take(options.classifier.backend);
    this.#timer = setInterval(() => options.run(() => this.#update()), STATISTICS_PERIOD_MS);
  }

  /** The machine's last reading; further readings would shorten its measurement windows. */
  get machine(): MachineReading {
    return this.#machine;
  }

  /** Counts a frame that was lost through a fault of the pipeline, not of the frame. */
  frameFailed(reason: string): void {
    this.#lastFailure = reason;
  }

  /** Counts messages that a camera sent and that did not arrive. */
  framesMissing(count: number): void {
    this.#missing += count;
  }

  /** Counts messages that newer ones replaced in the middleware. */
  framesSuperseded(count: number): void {
    this.#superseded += count;
  }

  /** Resets counts and latencies. */
  reset(): void {
    this.#options.classifier.resetStatistics();
    this.#watch = new PipelineWatch();
    this.#windowStartNs = monotonicNs();
    this.#lastFailure = undefined;
    this.#missing = 0;
    this.#superseded = 0;
  }

  diagnosis(): PipelineDiagnosis {
    return {
      ...this.#present(),
      view: this.#watch.view,
      lastFailure: this.#lastFailure,
      model: this.#options.classifier.manifest.name,
    };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #update(): void {
    const { classifier, machineMonitor, nowNs, parameters, isPaused, publish } = this.#options;
    const endNs = monotonicNs();
    const windowNs = BigInt(Math.round(endNs - this.#windowStartNs));
    this.#windowStartNs = endNs;
    const stages = classifier.statistics.takeWindow();
    const present = this.#present();
    this.#watch.observe(stages, present.counts, parameters()['diagnostics.max_allowed_processing_time_ms']);
    this.#machine = machineMonitor.take(classifier.backend);
    publish()?.(
      pipelineStatisticsMessage({
        ...present,
        stamp: stampFromNs(nowNs()),
        windowNs,
        missing: this.#missing,
        ...this.#regions(),
        queuedCount: classifier.queuedCount,
        stages,
        modelName: classifier.manifest.name,
        machine: this.#machine,
        isPaused: isPaused(),
      }),
    );
  }

  /** Region counts; only if the boxes of a detector are classified. */
  #regions() {
    const { classifier, unmatched } = this.#options;
    const view = unmatched();
    return view === undefined ? {} : { regions: classifier.regionCounts(), unmatched: view };
  }

  /** Current state of the pipeline, for statistics and diagnostics. */
  #present() {
    const { classifier } = this.#options;
    const { backend, runtime, isSimulated } = classifier.info;
    const workers = classifier.workers();
    return {
      counts: classifier.counts(),
      superseded: this.#superseded,
      framesPerSecond: classifier.framesPerSecond(),
      meanBatchSize: classifier.meanBatchSize,
      backend,
      runtime,
      isSimulated,
      threads: workers.targetCount,
      workersServing: workers.serving,
      workersLost: workers.deaths,
    };
  }
}
