import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type EffvitRun, runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

interface BenchJson {
  readonly batches?: readonly { batch: number; threads: number }[];
  readonly estimated?: Readonly<Record<string, number>>;
  readonly published?: unknown;
  readonly simulated: boolean;
  readonly backend: string;
  readonly model: string;
  readonly device_model: { cores: number; service_ms: number; host_ms: number };
  readonly series: {
    threads: number;
    fps: number;
    frame_count: number;
    latency_ms: { mean: number; min: number };
    device_utilisation_percent: number;
    repetitions: unknown[];
  }[];
  readonly deviations: { name: string }[];
  readonly meanings: string[];
  readonly changes?: { threads: number }[];
}

const QUICK = ['--frame-count', '12', '--repetitions', '2', '--warm-up', '0'];

/** `effvit bench` on the simulated BPU, with few frames. */
function bench(
  threads: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<EffvitRun> {
  return runEffvit(['bench', '--backend', 'bpu_sim', '--threads', threads, ...QUICK, ...args], { env });
}

describe('effvit bench', () => {
  const scratch = scratchFolder();

  it('measures the simulated BPU by its device model, and says that it is simulated', async () => {
    const profile = scratch.path('profiler.log');
    const run = await bench('1,4', ['--json', '--profile', profile]);
    assert.equal(run.code, 0, run.stderr);
    const output = JSON.parse(run.stdout) as BenchJson;
    assert.equal(output.simulated, true);
    assert.equal(output.backend, 'bpu_sim');
    assert.equal(output.model, 'efficientvit_m5');
    assert.deepEqual(output.device_model, { cores: 1, service_ms: 5.72, host_ms: 0.62, kind: 'published' });
    assert.deepEqual(
      output.series.map(({ threads }) => threads),
      [1, 4],
    );
    const [one, four] = output.series;
    // How much later than the model says is the machine's business; earlier is impossible.
    assert.ok((one?.latency_ms.min ?? 0) >= 6.34, JSON.stringify(one));
    assert.ok((four?.fps ?? 0) <= 1000 / 5.72);
    assert.equal(four?.frame_count, 12);
    assert.equal(four?.repetitions.length, 2);
    assert.ok((four?.device_utilisation_percent ?? 0) > 0);
    assert.deepEqual(
      output.deviations.map(({ name }) => name),
      ['single_thread_latency_ms', 'multi_thread_latency_ms', 'max_fps'],
    );
    for (const threads of [1, 4]) {
      const log = JSON.parse(readFileSync(scratch.path(`profiler.${threads}.log`), 'utf8')) as {
        running_condition: { thread_num: number; frame_count: number };
      };
      assert.equal(log.running_condition.thread_num, threads);
      assert.equal(log.running_condition.frame_count, 12);
    }
    const earlier = scratch.path('earlier.json');
    writeFileSync(earlier, run.stdout);
    const again = await bench('4', ['--compare', earlier]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /^SIMULATED: simulated rdk-x5/);
    assert.match(again.stdout, /Running condition:\n {2}Thread number is: 4\n {2}Frame count {3}is: 12\n/);
    assert.match(again.stdout, /efficientvit_m5 \(SIMULATED\)/);
    assert.match(again.stdout, /before: efficientvit_m5 on bpu_sim \(SIMULATED\)\n[\s\S]*FPS before/);
    const log = readFileSync(scratch.path('profiler.4.log'), 'utf8');
    assert.match(log, /"simulated": true/);
    const other = { ...(JSON.parse(run.stdout) as object), model: 'another' };
    writeFileSync(earlier, JSON.stringify(other));
    const compared = await bench('4', ['--compare', earlier]);
    assert.match(
      compared.stdout,
      /before: another on bpu_sim \(SIMULATED\), which is not what was measured now/,
    );
  });

  it('simulates the chip that is asked for, where the manifest has several', async () => {
    mkdirSync(scratch.path('both'));
    writeFileSync(
      scratch.path('both', 'manifest.yaml'),
      `name: both
input: { width_px: 224, height_px: 224 }
output: { class_count: 10 }
device_model:
  rdk-x5: { cores: 1, service_ms: 1, host_ms: 0 }
  rdk-x3: { cores: 2, service_ms: 2, host_ms: 3 }
`,
    );
    const args = ['--model', scratch.path('both'), '--json'];
    for (const [chip, cores] of [
      ['rdk-x5', 1],
      ['rdk-x3', 2],
    ] as const) {
      const run = await bench('1-3', args, { EFFVIT_BPU_CHIP: chip });
      assert.equal(run.code, 0, run.stderr);
      const { device_model, series } = JSON.parse(run.stdout) as BenchJson;
      assert.equal(device_model.cores, cores);
      assert.deepEqual(
        series.map(({ threads }) => threads),
        [1, 2, 3],
      );
    }
  });

  it('measures tasks of several frames, and keeps the estimate apart from what was simulated', async () => {
    mkdirSync(scratch.path('batched'));
    writeFileSync(
      scratch.path('batched', 'manifest.yaml'),
      `name: batched
input: { width_px: 224, height_px: 224 }
output: { class_count: 10 }
device_model:
  rdk-x5:
    { cores: 1, service_ms: 4, host_ms: 1, kind: estimate, batches: [{ batch: 4, service_ms: 4, ddr_bytes: 9 }] }
`,
    );
    const model = ['--model', scratch.path('batched')];
    const run = await bench('2', [...model, '--batch', '1,4', '--json']);
    assert.equal(run.code, 0, run.stderr);
    const { batches, estimated, published } = JSON.parse(run.stdout) as BenchJson;
    assert.deepEqual(
      batches?.map(({ batch, threads }) => [threads, batch]),
      [
        [2, 1],
        [2, 4],
      ],
    );
    assert.deepEqual(estimated, {
      single_thread_latency_ms: 5,
      multi_thread_latency_ms: 16,
      multi_thread_count: 4,
      max_fps: 250,
    });
    assert.equal(published, undefined);
    const refused = await bench('2', [...model, '--batch', '8']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /batched has no tasks of 8 frames on this backend, only of 1, 4/);
  });

  it('runs for a time instead of a number of frames', async () => {
    const args = [
      'bench',
      '--backend',
      'bpu_sim',
      '--threads',
      '2',
      '--perf-time',
      '0.2',
      '--repetitions',
      '1',
    ];
    const run = await runEffvit([...args, '--json']);
    assert.equal(run.code, 0, run.stderr);
    const [two] = (JSON.parse(run.stdout) as BenchJson).series;
    assert.ok((two?.frame_count ?? 0) > 2);
  });

  it('refuses what it cannot use in one sentence', async () => {
    writeFileSync(scratch.path('text.json'), 'no JSON');
    const cases: [string[], RegExp][] = [
      [['--threads', '1,17'], /integers from 1 to 16 .* but received 1,17/],
      [['--threads', ''], /but received/],
      [['--threads', '3-17'], /or a range like 1-16, but received 3-17/],
      [['--threads', '4-2'], /but received 4-2/],
      [['--core-id', '3'], /an integer from 0 to 2 but received 3/],
      [['--frame-count', '0'], /but received 0/],
      [['--compare', scratch.path('absent.json')], /absent\.json/],
      [['--compare', scratch.path('text.json')], /text\.json is not an earlier run/],
    ];
    for (const [args, message] of cases) {
      const run = await runEffvit(['bench', '--backend', 'bpu_sim', ...args]);
      assert.equal(run.code, 2, `${args.join(' ')}: ${run.stderr}`);
      assert.match(run.stderr, message);
    }
  });
});
