import assert from 'node:assert/strict';
import { fillParameters } from '../../../../src/ros/parameters/parameterTable.js';
import type { CameraState } from '../../../../src/ros/reports/CameraMeters.js';
import { diagnosticStatuses, type NodeDiagnosis } from '../../../../src/ros/reports/diagnosticStatus.js';
import type { MachineReading } from '../../../../src/ros/reports/MachineMonitor.js';
import type { PipelineDiagnosis } from '../../../../src/ros/reports/PipelineReports.js';
import type { PipelineView } from '../../../../src/ros/reports/PipelineWatch.js';
import { transportView } from '../../../../src/ros/reports/transportView.js';
import { type DropCause, FrameAccounting } from '../../../../src/stats/FrameAccounting.js';
import { RecentCounts } from '../../../../src/stats/RecentCounts.js';
import { StageStatistics } from '../../../../src/stats/StageStatistics.js';

const LEVELS = ['OK', 'WARN', 'ERROR', 'STALE'];

/** A view of seconds in which so many frames were published and so many dropped. */
function view(
  published: number,
  dropped: Partial<Record<DropCause, number>> = {},
  overLimitMs = 0,
): PipelineView {
  const accounting = new FrameAccounting();
  const stages = new StageStatistics();
  for (let frame = 0; frame < published; frame++) {
    accounting.receive();
    accounting.publish();
    stages.record('total', 250e6);
  }
  for (const [cause, count] of Object.entries(dropped)) {
    for (let frame = 0; frame < count; frame++) {
      accounting.receive();
      accounting.drop(cause as DropCause);
    }
  }
  return {
    stages: stages.takeWindow(),
    recent: new RecentCounts(5).take(accounting.counts()),
    overLimitMs,
  };
}

function pipeline(parts: Partial<PipelineDiagnosis> = {}): PipelineDiagnosis {
  return {
    counts: new FrameAccounting().counts(),
    superseded: 0,
    framesPerSecond: 30,
    view: view(150),
    lastFailure: undefined,
    modelName: 'efficientvit_m5',
    meanBatchSize: 1,
    queuedCount: 0,
    backend: 'onnx',
    runtime: 'onnxruntime',
    isSimulated: false,
    threads: 2,
    workersServing: 2,
    workersLost: 0,
    ...parts,
  };
}

function camera(parts: Partial<CameraState> = {}): CameraState {
  return {
    topic: '/image',
    framesPerSecond: 30,
    silentMs: 20,
    received: 1000,
    malformed: 0,
    missing: 0,
    superseded: 0,
    recent: { received: 150, malformed: 0, missing: 0, superseded: 0 },
    lastProblem: undefined,
    stampProblem: undefined,
    picture: undefined,
    publishers: { count: 1, mismatch: undefined, wrongType: undefined },
    ...parts,
  };
}

function machine(parts: Partial<MachineReading> = {}): MachineReading {
  return {
    cpuLoadPercent: 50,
    systemLoadPercent: 60,
    memoryMib: 100,
    eventLoopDelayP99Ms: 1,
    board: {},
    ...parts,
  };
}

/** Level and message of one task, and its values. */
function status(task: string, parts: Partial<NodeDiagnosis>, parameters: Record<string, unknown> = {}) {
  const node: NodeDiagnosis = {
    nodeName: 'classifier',
    hardwareId: 'robot',
    state: 'active',
    lastError: undefined,
    parameterProblem: undefined,
    pipeline: pipeline(),
    isPaused: false,
    cameras: [camera()],
    machine: machine(),
    transport: () => transportView({}, '/nowhere'),
    callbacks: { count: 0, recent: undefined },
    ...parts,
  };
  const found = diagnosticStatuses(node, fillParameters(parameters)).find(
    ({ name }) => name === `classifier: ${task}`,
  );
  assert.ok(found !== undefined, task);
  assert.equal(found.hardware_id, 'robot');
  const values = new Map(found.values.map(({ key, value }) => [key, value]));
  return { verdict: `${LEVELS[found.level]} ${found.message}`, values };
}

const ofPipeline = (parts: Partial<PipelineDiagnosis>, parameters?: Record<string, unknown>): string =>
  status('pipeline', { pipeline: pipeline(parts) }, parameters).verdict;
const ofCamera = (parts: Partial<CameraState>, parameters?: Record<string, unknown>): string =>
  status('camera /image', { cameras: [camera(parts)] }, parameters).verdict;
const ofDevice = (parts: Partial<MachineReading>): string =>
  status('device', { machine: machine(parts) }).verdict;

describe('diagnosticStatuses', () => {
  it('tells the state of the lifecycle, and what went wrong', () => {
    assert.equal(status('lifecycle', {}).verdict, 'OK active');
    assert.equal(
      status('lifecycle', { state: 'unconfigured', lastError: 'No model.' }).verdict,
      'ERROR No model.',
    );
    assert.equal(status('lifecycle', { lastError: 'Not swapped.' }).verdict, 'WARN Not swapped.');
  });

  it('is an error while a refused change is still partly applied', () => {
    const parameterProblem = 'threads could not be set back to 2.';
    const { verdict, values } = status('lifecycle', { parameterProblem });
    assert.equal(verdict, `ERROR ${parameterProblem}`);
    assert.equal(values.get('parameter_problem'), parameterProblem);
  });

  it('has n/a for everything that is not known yet', () => {
    const { verdict, values } = status('pipeline', { pipeline: pipeline({ view: undefined }) });
    assert.equal(verdict, 'OK 30.0 results a second');
    assert.equal(values.get('processing_time_ms'), 'n/a');
    assert.equal(
      status('device', { machine: machine({ cpuLoadPercent: undefined }) }).values.get('cpu_load_percent'),
      'n/a',
    );
    assert.equal(status('pipeline', { pipeline: undefined }).verdict, 'OK no model is loaded');
  });

  it('judges the latency by its limits', () => {
    const limits = { 'diagnostics.max_allowed_processing_time_ms': 200 };
    assert.match(
      ofPipeline({ view: view(150, {}, 500) }, limits),
      /^WARN p95 of 25\d\.\d ms is over 200 ms$/,
    );
    assert.match(ofPipeline({ view: view(150, {}, 1500) }, limits), /^ERROR p95/);
    const unlimited = { ...limits, 'diagnostics.max_acceptable_consecutive_delay_ms': 0 };
    assert.match(ofPipeline({ view: view(150, {}, 1500) }, unlimited), /^WARN p95/);
  });

  it('judges failed frames, and says why the last one failed', () => {
    const lastFailure = 'NaN in the output.';
    assert.equal(
      ofPipeline({ view: view(0, { inference_failed: 10, bad_image: 5 }), lastFailure }),
      'ERROR 10 of 10 frames failed in the last seconds: NaN in the output.',
    );
    assert.equal(
      ofPipeline({ view: view(90, { timed_out: 4, worker_died: 6 }) }),
      'WARN 10 of 100 frames failed in the last seconds',
    );
  });

  it('warns where frames come and none becomes a result', () => {
    assert.equal(
      ofPipeline({ view: view(0, { queue_full: 20, too_old: 5, rate_limited: 3 }) }),
      'WARN none of 25 frames became a result in the last seconds, 25 were dropped',
    );
    assert.match(ofPipeline({ view: view(0) }), /^OK/);
    assert.match(ofPipeline({ view: view(0, { bad_image: 9 }) }), /^OK/);
  });

  it('finds nothing wrong in dropping frames for newer ones, and tells how many', () => {
    assert.equal(
      ofPipeline({ view: view(50, { queue_full: 50 }), framesPerSecond: 10 }),
      'OK 10.0 results a second, 50 % of the frames dropped for newer ones',
    );
    assert.equal(ofPipeline({ view: view(98, { queue_full: 2 }) }), 'OK 30.0 results a second');
    // A detector that died, and one that is slower than the camera.
    assert.equal(
      ofPipeline({ view: view(0, { unmatched: 30 }) }),
      'WARN none of 30 frames became a result in the last seconds, for 30 no detections of their stamp came',
    );
    assert.equal(
      ofPipeline({ view: view(25, { unmatched: 75 }), framesPerSecond: 5 }),
      'OK 5.0 results a second, 75 % of the frames without detections',
    );
  });

  it('judges workers before frames, and says what is simulated', () => {
    assert.equal(ofPipeline({ workersServing: 0 }), 'ERROR no worker serves');
    assert.equal(
      ofPipeline({ workersServing: 1, isSimulated: true }),
      'WARN 1 of 2 workers serve (SIMULATED)',
    );
  });

  it('tells a camera that is silent, and whether anybody publishes', () => {
    const silent = { silentMs: 4000 };
    assert.equal(ofCamera(silent), 'STALE no frame for 4.0 s');
    assert.match(
      ofCamera({ ...silent, received: 0 }),
      /^STALE no frame for 4\.0 s, though it is published: if the camera runs, give/,
    );
    const publishers = { count: 0, mismatch: undefined, wrongType: undefined };
    assert.equal(ofCamera({ ...silent, publishers }), 'STALE no publisher, silent for 4.0 s');
    assert.match(ofCamera(silent, { 'diagnostics.stale_after_ms': 5000 }), /^OK/);
  });

  it('tells a publisher that cannot be heard', () => {
    const publishers = { count: 1, mismatch: 'reliability of /cam', wrongType: undefined };
    assert.match(ofCamera({ received: 0, publishers }), /^ERROR incompatible QoS: reliability of \/cam/);
    assert.match(ofCamera({ publishers }), /^WARN incompatible QoS/);
    const other = { count: 1, mismatch: undefined, wrongType: 'std_msgs/msg/String of /cam' };
    assert.match(
      ofCamera({ received: 0, publishers: other }),
      /^ERROR std_msgs\/msg\/String of \/cam is not/,
    );
    assert.match(ofCamera({ publishers: other }), /^OK/);
  });

  it('warns of unreadable and of lost messages while they come, and not for ever', () => {
    const recent = { received: 90, malformed: 3, missing: 0, superseded: 0 };
    assert.equal(ofCamera({ malformed: 3, recent }), 'WARN 3 messages could not be read in the last seconds');
    assert.match(ofCamera({ malformed: 3 }), /^OK/);
    assert.match(
      ofCamera({ missing: 10, recent: { received: 90, malformed: 0, missing: 10, superseded: 0 } }),
      /^WARN 10 % of the camera's frames did not arrive: .*config\/fastdds\.xml/,
    );
    assert.match(
      ofCamera({ missing: 2, recent: { received: 98, malformed: 0, missing: 2, superseded: 0 } }),
      /^OK/,
    );
    assert.equal(
      status('camera /image', { cameras: [camera({ missing: 7 })] }).values.get('missing_frames'),
      '7',
    );
  });

  it('tells a camera of which nearly nothing arrives as that', () => {
    const message = /^ERROR nearly nothing of the camera arrives, 2 of 110 frames: .*config\/fastdds\.xml/;
    const few = { received: 2, missing: 108, superseded: 0 };
    assert.match(ofCamera({ recent: { ...few, malformed: 0 } }), message);
    // One frame in so many seconds: no gap is seen meanwhile.
    assert.match(
      ofCamera({ ...few, silentMs: 4000, recent: { received: 0, malformed: 0, missing: 0, superseded: 0 } }),
      message,
    );
    assert.match(
      ofCamera({ recent: { received: 50, malformed: 0, missing: 60, superseded: 0 } }),
      /^WARN 55 % .* did not arrive/,
    );
  });

  it('judges a rate that is expected', () => {
    const expected = { 'diagnostics.expected_fps': 30 };
    assert.match(ofCamera({ framesPerSecond: 28 }, expected), /^OK/);
    assert.equal(
      ofCamera({ framesPerSecond: 20 }, expected),
      'WARN 20.0 frames a second where 30 are expected',
    );
    assert.match(ofCamera({ framesPerSecond: 40 }, expected), /^WARN/);
  });

  it('has nothing to say against cameras and a pipeline that are paused', () => {
    const paused = { isPaused: true, cameras: [camera({ silentMs: 60_000, framesPerSecond: 0 })] };
    assert.equal(status('camera /image', paused).verdict, 'OK paused');
    assert.equal(status('pipeline', paused).verdict, 'OK paused');
    assert.equal(status('lifecycle', paused).values.get('paused'), 'true');
    assert.match(
      status('pipeline', { ...paused, pipeline: pipeline({ workersServing: 0 }) }).verdict,
      /^ERROR no worker/,
    );
  });

  it('judges heat, and the load of the BPU and of the processor', () => {
    assert.equal(ofDevice({}), 'OK ok');
    assert.match(ofDevice({ board: { temperaturesCelsius: { bpu: 96 } } }), /^ERROR 96 °C/);
    assert.equal(ofDevice({ board: { bpuLoadPercent: [99] } }), 'OK the BPU is fully used (99 %)');
    assert.equal(ofDevice({ systemLoadPercent: 99 }), 'WARN all processor cores are loaded to 99 %');
    assert.equal(ofDevice({ systemLoadPercent: undefined }), 'OK ok');
  });
});
