import { median } from '../median.js';
import type { BenchReport } from './BenchReport.js';
import { type CameraShape, describeCameras } from './benchCameras.js';
import type { NodeSetup, RosBench } from './RosBench.js';
import { interleaved, percentile, type Run } from './Run.js';
import { type SimulatedDeviceTimes, shippedDeviceTimes, simulatedModel } from './simulatedModel.js';

const THREADS = 4;
const RGB = { encoding: 'rgb8', widthPx: 640, heightPx: 480 } as const;
/** What a TROS camera sends unless it is told otherwise. */
const NV12 = { encoding: 'nv12', widthPx: 960, heightPx: 544 } as const;

/** Of batches of four, by the compiler's estimate of the same graph: 800.4 frames a second. */
const BATCH_OF_FOUR = { batch: 4, serviceMs: 4000 / 800.4 };

function setupOf(model: string, threads: number): NodeSetup {
  return { options: { model, backend: 'bpu_sim', threads } };
}

/** A camera that is quicker than the device, four threads: the device's rate is the most there can be. */
export async function benchSimulatedBpu(bench: RosBench, report: BenchReport): Promise<void> {
  const estimate = await shippedDeviceTimes('efficientvit_m5_signs');
  const published = await shippedDeviceTimes('efficientvit_m5');
  const devices: Readonly<Record<string, SimulatedDeviceTimes>> = {
    // One frame a task, whatever else the .bin has.
    estimate: { serviceMs: estimate.serviceMs, hostMs: estimate.hostMs, kind: 'estimate' },
    published: { serviceMs: published.serviceMs, hostMs: published.hostMs, kind: 'published' },
  };
  for (const camera of [
    { ...RGB, hz: 400 },
    { ...NV12, hz: 400 },
  ]) {
    const contenders: Record<string, () => Promise<Run>> = {};
    for (const [name, times] of Object.entries(devices)) {
      const setup = setupOf(simulatedModel(bench.scratch, `m5_${name}`, times), THREADS);
      if (name === 'estimate')
        contenders[`${name} ${times.serviceMs} ms`] = () => bench.runNode(camera, setup);
      contenders[`${name}, watched`] = () => bench.runNode(camera, { ...setup, isWatched: true });
    }
    const runs = await interleaved(bench.options.rounds, contenders);
    report.compare(`SIMULATED rdk-x5, ${THREADS} threads, ${describeCameras(camera)}`, runs);
    for (const [name, { serviceMs }] of Object.entries(devices)) {
      const ownMs = THREADS * serviceMs;
      const watched = runs[`${name}, watched`] ?? [];
      const rate = median((runs[`${name} ${serviceMs} ms`] ?? []).map((run) => run.resultsPerSecond));
      const p50 = (of: (times: Run['frames'][number]) => number): number =>
        median(watched.map(({ frames }) => percentile(frames.map(of), 0.5)));
      const afterMs = p50(({ afterQueueMs }) => afterQueueMs);
      const loopMs = median(watched.map((run) => run.loopDelayP99Ms));
      report.note(
        `${name}: the device itself ${(1000 / serviceMs).toFixed(1)} frames/s, ${ownMs.toFixed(2)} ms a frame with ${THREADS} in it; frame reports p50: queue wait ${p50(({ queueWaitMs }) => queueWaitMs).toFixed(2)} ms, device ${p50(({ deviceMs }) => deviceMs).toFixed(2)} ms, free worker to result ${afterMs.toFixed(2)} ms (${(afterMs - ownMs).toFixed(2)} over the device's own); event loop delay p99 ${loopMs.toFixed(2)} ms`,
      );
      if (name !== 'estimate') continue;
      const where = `SIMULATED ${serviceMs} ms, ${describeCameras(camera)}`;
      report.goal({ what: `${where}: results/s`, measured: rate, aim: 350, isAtMost: false });
      report.goal({
        what: `${where}: free worker to result, over the device's own, p50 ms`,
        measured: afterMs - ownMs,
        aim: 1,
        isAtMost: true,
      });
      report.goal({
        what: `${where}: event loop delay p99 ms`,
        measured: loopMs,
        aim: 3,
        isAtMost: true,
      });
    }
  }
}

/** Cameras whose frames are computed by four: 100, 50 and, for the most that goes through, 125 frames a second of each. */
export async function benchManyCameras(bench: RosBench, report: BenchReport): Promise<void> {
  const shipped = await shippedDeviceTimes('efficientvit_m5_signs');
  const times = { ...shipped, kind: 'estimate', batches: shipped.batches ?? [BATCH_OF_FOUR] } as const;
  const setup = setupOf(simulatedModel(bench.scratch, 'm5_by_four', times), 2);
  const shapes: readonly CameraShape[] = [
    { ...RGB, count: 4, hz: 100 },
    { ...RGB, count: 8, hz: 50 },
    { ...RGB, count: 4, hz: 125 },
    { ...NV12, count: 4, hz: 125 },
  ];
  const contenders = Object.fromEntries(
    shapes.map((camera) => [describeCameras(camera), () => bench.runNode(camera, setup)]),
  );
  const runs = await interleaved(bench.options.rounds, contenders);
  const tasks = times.batches.map(({ batch, serviceMs }) => `${serviceMs.toFixed(3)} ms for ${batch}`);
  report.compare(
    `SIMULATED rdk-x5, ${times.serviceMs} ms for one frame, ${tasks.join(', ')}, 2 threads`,
    runs,
  );
  const most = describeCameras({ ...RGB, count: 4, hz: 125 });
  report.goal({
    what: `SIMULATED by four, ${most}: results/s`,
    measured: median((runs[most] ?? []).map((run) => run.resultsPerSecond)),
    aim: 450,
    isAtMost: false,
  });
}

/** What is left where the device takes no time: receiving, preparing and publishing. */
export async function benchFrames(bench: RosBench, report: BenchReport): Promise<void> {
  const setup = setupOf(simulatedModel(bench.scratch, 'no_service_time', { serviceMs: 0, hostMs: 0 }), 2);
  const shapes: readonly CameraShape[] = [
    { ...RGB, hz: 175 },
    { ...NV12, hz: 175 },
    { ...RGB, encoding: 'jpeg', hz: 60 },
    { ...RGB, widthPx: 1920, heightPx: 1080, hz: 30 },
  ];
  const contenders = Object.fromEntries(
    shapes.map((camera) => [describeCameras(camera), () => bench.runNode(camera, setup)]),
  );
  const runs = await interleaved(bench.options.rounds, contenders);
  report.compare('SIMULATED, a device without service time: what a frame costs around it', runs);
}
