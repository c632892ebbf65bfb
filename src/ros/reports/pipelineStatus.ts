import { DROP_CAUSES, totalDropped } from '../../stats/FrameAccounting.js';
import { NS_PER_MS } from '../../stats/monotonicNs.js';
import type { StageSummaries } from '../../stats/StageStatistics.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { PipelineDiagnosis } from './PipelineReports.js';
import { LEVEL, PAUSED, type Values, type Verdict } from './Verdict.js';

/** From this share on, frames that a live pipeline drops for newer ones are reported. */
const DROPS_WORTH_TELLING = 0.05;

/** @param superseded frames of all cameras in the last seconds that newer ones replaced in the middleware. */
export function pipelineVerdict(
  pipeline: PipelineDiagnosis,
  parameters: NodeParameterValues,
  isPaused: boolean,
  superseded: number,
): Verdict {
  const simulated = pipeline.isSimulated ? ' (SIMULATED)' : '';
  const [level, message] =
    workersVerdict(pipeline) ??
    (isPaused ? PAUSED : undefined) ??
    framesVerdict(pipeline) ??
    latencyVerdict(pipeline, parameters) ??
    okVerdict(pipeline, superseded);
  return [level, `${message}${simulated}`];
}

function workersVerdict({ threads, workersServing }: PipelineDiagnosis): Verdict | undefined {
  if (workersServing === 0) return [LEVEL.error, 'no worker serves'];
  return workersServing < threads ? [LEVEL.warn, `${workersServing} of ${threads} workers serve`] : undefined;
}

/** Verdict on frames that should have had results and did not. */
function framesVerdict({ view, lastFailure }: PipelineDiagnosis): Verdict | undefined {
  if (view === undefined) return undefined;
  const { received, published, dropped } = view.recent;
  const failed = dropped.inference_failed + dropped.worker_died + dropped.timed_out;
  // Invalid images are the camera's fault and are reported in its status.
  const due = received - dropped.bad_image - dropped.rate_limited - dropped.closed;
  if (failed > 0) {
    const reason = lastFailure === undefined ? '' : `: ${lastFailure}`;
    return [
      published === 0 ? LEVEL.error : LEVEL.warn,
      `${failed} of ${due} frames failed in the last seconds${reason}`,
    ];
  }
  const late = dropped.queue_full + dropped.too_old;
  const { unmatched } = dropped;
  if (published > 0 || late + unmatched === 0) return undefined;
  const why = [
    ...(late > 0 ? [`${late} were dropped`] : []),
    ...(unmatched > 0 ? [`for ${unmatched} no detections of their stamp came`] : []),
  ].join(', ');
  return [LEVEL.warn, `none of ${due} frames became a result in the last seconds, ${why}`];
}

function latencyVerdict({ view }: PipelineDiagnosis, parameters: NodeParameterValues): Verdict | undefined {
  const limitMs = parameters['diagnostics.max_allowed_processing_time_ms'];
  const longMs = parameters['diagnostics.max_acceptable_consecutive_delay_ms'];
  if (view === undefined || limitMs === 0 || view.overLimitMs === 0) return undefined;
  const p95Ms = view.stages.total.p95Ns / NS_PER_MS;
  const isLong = longMs > 0 && view.overLimitMs > longMs;
  return [isLong ? LEVEL.error : LEVEL.warn, `p95 of ${p95Ms.toFixed(1)} ms is over ${limitMs} ms`];
}

/**
 * Tells the share of frames replaced by newer ones in the queue or the middleware, and of those that a detector left
 * out: intended, but worth reporting.
 */
function okVerdict({ view, framesPerSecond }: PipelineDiagnosis, superseded: number): Verdict {
  const rate = `${framesPerSecond.toFixed(1)} results a second`;
  if (view === undefined) return [LEVEL.ok, rate];
  const { received, dropped } = view.recent;
  const told = (count: number, what: string): string[] => {
    const share = count / Math.max(received + superseded, 1);
    return share < DROPS_WORTH_TELLING ? [] : [`${Math.round(100 * share)} % of the frames ${what}`];
  };
  const shares = [
    ...told(dropped.queue_full + dropped.too_old + superseded, 'dropped for newer ones'),
    ...told(dropped.unmatched, 'without detections'),
  ];
  return [LEVEL.ok, [rate, ...shares].join(', ')];
}

export function pipelineValues(pipeline: PipelineDiagnosis): Values {
  const { view, counts } = pipeline;
  const ms = (stage: keyof StageSummaries): number | undefined => {
    const summary = view?.stages[stage];
    return summary === undefined || summary.count === 0 ? undefined : summary.p95Ns / NS_PER_MS;
  };
  return {
    processing_time_ms: ms('total'),
    preprocess_time_ms: ms('preprocess'),
    inference_time_ms: ms('inference'),
    postprocess_time_ms: ms('postprocess'),
    queue_wait_ms: ms('queueWait'),
    current_delay_from_realtime_ms: ms('delay'),
    frame_rate_node: pipeline.framesPerSecond,
    received_frames: counts.received,
    published_frames: counts.published,
    total_dropped_frames: totalDropped(counts),
    ...Object.fromEntries(DROP_CAUSES.map((cause) => [`dropped_${cause}`, counts.dropped[cause]])),
    superseded_frames: pipeline.superseded,
    model: pipeline.modelName,
    backend: pipeline.backend,
    runtime: pipeline.runtime,
    simulated: pipeline.isSimulated,
    threads: pipeline.threads,
    workers_serving: pipeline.workersServing,
    workers_lost: pipeline.workersLost,
  };
}
