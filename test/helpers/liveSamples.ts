import { type FrameReportMessage, frameReportMessage } from '../../src/messages/frameReportMessage.js';
import {
  type PipelineStatisticsMessage,
  pipelineStatisticsMessage,
} from '../../src/messages/pipelineStatisticsMessage.js';
import { FrameAccounting } from '../../src/stats/FrameAccounting.js';
import { StageStatistics } from '../../src/stats/StageStatistics.js';
import type { LiveStatus } from '../../src/web/LiveFeed.js';

const NS_PER_MS = 1e6;

/** A report of a frame that was classified, as a node makes it. */
export function liveReport(camera: string, sequence: number, labels: readonly string[]): FrameReportMessage {
  return frameReportMessage(
    {
      kind: 'result',
      header: { stamp: { sec: 7, nanosec: 5 }, frameId: 'optical', source: camera },
      value: labels.map((label, index) => ({ index, label, score: 0.9 / (index + 1) ** 2 })),
      timings: {
        queueWaitNs: 0.3 * NS_PER_MS,
        copyNs: 0.2 * NS_PER_MS,
        handoverNs: 0.1 * NS_PER_MS,
        decodeNs: 2.4 * NS_PER_MS,
        preprocessNs: 1.1 * NS_PER_MS,
        batchWaitNs: 0,
        inferenceNs: 9.8 * NS_PER_MS,
        postprocessNs: 0.1 * NS_PER_MS,
        deliveryNs: 0.4 * NS_PER_MS,
        totalNs: 14.4 * NS_PER_MS,
      },
      widthPx: 640,
      heightPx: 480,
      workerId: 0,
      generation: 0,
      batchSize: 1,
    },
    { sequence, backend: 'onnx', isSimulated: false },
  );
}

/** Statistics of a node that dropped one frame of four. */
export function liveStatistics(change: Partial<PipelineStatisticsMessage> = {}): PipelineStatisticsMessage {
  const accounting = new FrameAccounting();
  const stages = new StageStatistics();
  for (let frame = 0; frame < 4000; frame++) {
    accounting.receive();
    if (frame % 4 === 0) accounting.drop(frame % 16 === 0 ? 'too_old' : 'queue_full');
    else {
      accounting.publish();
      for (const stage of ['inference', 'preprocess', 'total'] as const)
        stages.record(stage, 9.8 * NS_PER_MS);
    }
  }
  return {
    ...pipelineStatisticsMessage({
      stamp: { sec: 8, nanosec: 0 },
      windowNs: 1_000_000_000n,
      counts: accounting.counts(),
      superseded: 0,
      missing: 3,
      queuedCount: 1,
      framesPerSecond: 29.97,
      meanBatchSize: 1,
      stages: stages.takeWindow(),
      threads: 2,
      workersServing: 2,
      workersLost: 0,
      modelName: 'efficientvit_m5_signs',
      backend: 'onnx',
      runtime: 'ONNX Runtime 1.30.0 (cpu)',
      isSimulated: false,
      isPaused: false,
      machine: { cpuLoadPercent: 87, memoryMib: 212 },
    }),
    ...change,
  };
}

export function liveStatuses(cameras: readonly string[]): LiveStatus[] {
  const status = (task: string, level: number, message: string): LiveStatus => ({
    level,
    name: `classifier: ${task}`,
    message,
    values: [
      { key: 'received_frames', value: '4000' },
      { key: 'last_problem', value: '' },
    ],
  });
  return [
    status('lifecycle', 0, 'active'),
    status('pipeline', 0, '30.0 results a second, 25 % of the frames dropped for newer ones'),
    ...cameras.map((camera, index) =>
      index === 0
        ? status(`camera ${camera}`, 0, '30.0 frames a second')
        : status(`camera ${camera}`, 1, "12 % of the camera's frames did not arrive: use config/fastdds.xml"),
    ),
    status('device', 0, 'ok'),
  ];
}
