import type { PerfSeries } from './PerfSeries.js';

/** The report in the form of hrt_model_exec perf. */
export function vendorReport({ threads, median }: PerfSeries): string {
  const { frameCount, runTimeMs, latencyMs, framesPerSecond } = median;
  return [
    'Running condition:',
    `  Thread number is: ${threads}`,
    `  Frame count   is: ${frameCount}`,
    `  Program run time: ${runTimeMs.toFixed(6)} ms`,
    'Perf result:',
    `  Frame totally latency is: ${(latencyMs.mean * frameCount).toFixed(6)} ms`,
    `  Average    latency    is: ${latencyMs.mean.toFixed(6)} ms`,
    `  Frame      rate       is: ${framesPerSecond.toFixed(6)} FPS`,
  ].join('\n');
}

/** Key `tool` of the profiler.log files written here; the vendor's do not have it. */
export const PROFILE_TOOL = 'effvit bench';

/**
 * profiler.log as the vendor's tool writes it, in milliseconds.
 *
 * @param coreId 0 any, 1 core 0, 2 core 1.
 * @param isSimulated written as a separate key, which the vendor's file does not have.
 */
export function profilerLog(
  series: PerfSeries,
  modelName: string,
  coreId: number,
  isSimulated = false,
): string {
  const { frameCount, runTimeMs, latencyMs, framesPerSecond } = series.median;
  const content = {
    perf_result: { FPS: framesPerSecond, average_latency: latencyMs.mean },
    running_condition: {
      core_id: coreId,
      frame_count: frameCount,
      model_name: modelName,
      run_time: runTimeMs,
      thread_num: series.threads,
      tool: PROFILE_TOOL,
      ...(isSimulated && { simulated: true }),
    },
    model_latency: {
      [modelName]: { avg_time: latencyMs.mean, max_time: latencyMs.max, min_time: latencyMs.min },
    },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}
