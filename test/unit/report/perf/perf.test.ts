import assert from 'node:assert/strict';
import { snakeCased } from '../../../../src/core/keyCase.js';
import type { DeviceModel } from '../../../../src/model/ModelManifest.js';
import { resolveModel } from '../../../../src/model/resolveModel.js';
import { batchMeanings, batchRows } from '../../../../src/report/perf/batchTable.js';
import {
  comparePublished,
  estimatedFigures,
  figureColumns,
  performanceRows,
} from '../../../../src/report/perf/DeviceFigures.js';
import {
  latencyFigures,
  type PerfRun,
  type PerfSeries,
  perfSeries,
} from '../../../../src/report/perf/PerfSeries.js';
import { comparePerf, parseEarlierPerf, seriesJson } from '../../../../src/report/perf/perfJson.js';
import { perfMeanings } from '../../../../src/report/perf/perfMeanings.js';
import { profilerLog, vendorReport } from '../../../../src/report/perf/vendorReport.js';
import { assertRefused } from '../../../helpers/assertRefused.js';

function runOf(framesPerSecond: number, meanMs: number, busyPercent?: number): PerfRun {
  return {
    frameCount: 200,
    runTimeMs: 200_000 / framesPerSecond,
    framesPerSecond,
    latencyMs: { mean: meanMs, min: meanMs - 1, p50: meanMs, p95: meanMs, p99: meanMs, max: meanMs + 1 },
    pipelineMs: 0.1,
    cpuMsPerFrame: 0.5,
    ...(busyPercent !== undefined && { deviceUtilisationPercent: busyPercent }),
  };
}

function seriesOf(
  threads: number,
  framesPerSecond: number,
  meanMs: number,
  busyPercent?: number,
): PerfSeries {
  return perfSeries(threads, [runOf(framesPerSecond, meanMs, busyPercent)]);
}

describe('PerfSeries', () => {
  it('takes nearest-rank percentiles', () => {
    const times = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(latencyFigures(times), { mean: 50.5, min: 1, p50: 50, p95: 95, p99: 99, max: 100 });
    assert.deepEqual(latencyFigures([7]), { mean: 7, min: 7, p50: 7, p95: 7, p99: 7, max: 7 });
  });

  it('quotes the median repetition and the range of all', () => {
    const series = perfSeries(4, [runOf(170, 1), runOf(150, 2), runOf(160, 3)]);
    assert.equal(series.median.framesPerSecond, 160);
    assert.deepEqual(series.framesPerSecondRange, [150, 170]);
    assert.equal(perfSeries(1, [runOf(2, 1), runOf(1, 1)]).median.framesPerSecond, 1);
  });
});

describe('vendorReport', () => {
  const series = perfSeries(4, [{ ...runOf(186.47271, 21.25875976), runTimeMs: 1072.543 }]);

  it('has the form of hrt_model_exec perf to the letter', () => {
    assert.equal(
      vendorReport(series),
      `Running condition:
  Thread number is: 4
  Frame count   is: 200
  Program run time: 1072.543000 ms
Perf result:
  Frame totally latency is: 4251.751952 ms
  Average    latency    is: 21.258760 ms
  Frame      rate       is: 186.472710 FPS`,
    );
  });

  it('says in profiler.log what was simulated', () => {
    assert.match(profilerLog(series, 'm', 0, true), /"simulated": true/);
  });

  it("writes the vendor's profiler.log", () => {
    assert.deepEqual(JSON.parse(profilerLog(series, 'm', 2)), {
      perf_result: { FPS: 186.47271, average_latency: 21.25875976 },
      running_condition: {
        core_id: 2,
        frame_count: 200,
        model_name: 'm',
        run_time: 1072.543,
        thread_num: 4,
        tool: 'effvit bench',
      },
      model_latency: { m: { avg_time: 21.25875976, max_time: 22.25875976, min_time: 20.25875976 } },
    });
  });
});

describe('perfMeanings', () => {
  it('tells the published figures of EfficientViT-M5 as its page does', () => {
    const meanings = perfMeanings(
      [seriesOf(8, 174.8, 45.7, 100), seriesOf(1, 157.7, 6.34, 90.2), seriesOf(4, 174.7, 22.69, 99.9)],
      'BPU',
    );
    assert.deepEqual(meanings, [
      'One frame alone takes 6.34 ms, which leaves the BPU idle 10 % of the time.',
      'Saturated at 4 threads (174.7 FPS, the BPU 100 % busy): more only wait in its queue.',
      '8 threads bring no more frames than 4 (+0.1 %) at 2.0 times the latency: 4 suffice.',
    ]);
  });

  it('points at memory where 8 threads bring much over a device that is busy already', () => {
    const meanings = perfMeanings([seriesOf(4, 100, 40, 98), seriesOf(8, 130, 60, 100)], 'BPU');
    assert.match(meanings[0] ?? '', /^8 threads still bring more frames/);
    assert.match(meanings[1] ?? '', /\+30\.0 %.*although 4 keep the BPU 98 % busy.*memory traffic.*DDR/);
  });

  it('points at what frames wait for where the device is idle', () => {
    const [, gain] = perfMeanings([seriesOf(4, 100, 40, 60), seriesOf(8, 190, 42, 99)], 'BPU');
    assert.match(gain ?? '', /only 60 % busy: frames wait for something else than computing.*DDR bandwidth/);
    const [, small] = perfMeanings([seriesOf(4, 100, 40), seriesOf(8, 105, 76)], 'BPU');
    assert.match(small ?? '', /\+5\.0 % frames over 4 at 1\.9 times the latency: 4 nearly suffice/);
  });

  it('counts the threads that it takes where most of the time lies around the device', () => {
    const series = [seriesOf(1, 200, 5, 40), seriesOf(4, 800, 5, 80), seriesOf(8, 1000, 8, 100)];
    const [, , gain] = perfMeanings(series, 'BPU');
    assert.match(
      gain ?? '',
      /\+25\.0 % frames over 4: .* 5\.00 ms .* 1\.00 ms at best, so it takes 5 threads/,
    );
  });

  it('says nothing of what was not measured', () => {
    assert.deepEqual(perfMeanings([seriesOf(2, 100, 10)], 'BPU'), []);
    assert.deepEqual(perfMeanings([seriesOf(1, 100, 10)], 'CPU'), ['One frame alone takes 10.00 ms.']);
    const [, saturated] = perfMeanings([seriesOf(1, 100, 10, 99), seriesOf(2, 101, 20, 100)], 'CPU');
    assert.match(saturated ?? '', /^Saturated at 1 thread \(/);
  });
});

describe('performanceRows', () => {
  const series = [seriesOf(1, 150, 6.6), seriesOf(4, 180, 22), seriesOf(8, 170, 44)];

  it('holds what was measured beside what was published, and nothing beside what was not measured', async () => {
    const manifest = await resolveModel('efficientvit_m5');
    const published = manifest.published['rdk-x5'];
    const rows = performanceRows(manifest, 1000, series, published, 'SIMULATED');
    const shared = ['224x224', '1000', '12.5'];
    assert.deepEqual(rows, [
      ['efficientvit_m5 (SIMULATED)', ...shared, '-', '-', '6.60', '22.00 (4 threads)', '180.00'],
      ['published', ...shared, '73.75', '72.50', '6.34', '22.69 (4 threads)', '174.70'],
      ['deviation', '', '', '', '', '', '+4.1 %', '-3.0 %', '+3.0 %'],
    ]);
    const onlyEight = performanceRows(manifest, 1000, series.slice(2), published, 'measured');
    assert.deepEqual(onlyEight[2]?.slice(6), ['-', '-', '-2.7 %']);
    assert.equal(performanceRows(manifest, 1000, series, undefined, 'measured').length, 1);
  });

  it('compares only what both sides have', () => {
    assert.deepEqual(comparePublished(series, undefined), []);
    assert.deepEqual(comparePublished(series.slice(0, 1), { source: 's', maxFps: 200 }), []);
    const compared = comparePublished(series, { source: 's', maxFps: 200 });
    assert.equal(compared.length, 1);
    assert.equal(compared[0]?.threads, 4);
    assert.ok(Math.abs((compared[0]?.deviation ?? 0) + 0.1) < 1e-9);
  });
});

describe('figureColumns', () => {
  const series = [seriesOf(1, 150, 6.6), seriesOf(4, 180, 22)];
  const deviceModel = { cores: 1, serviceMs: 2.5, hostMs: 0.5, kind: 'estimate' as const };

  it('keeps what was published, estimated and simulated apart', () => {
    const published = { source: 's', singleThreadLatencyMs: 6.34, maxFps: 174.7 };
    const batches = [{ batch: 4, serviceMs: 5 }];
    const { head, rows } = figureColumns(series, 'SIMULATED', published, { ...deviceModel, batches });
    assert.deepEqual(head, ['figure', 'published (board)', "compiler's estimate", 'SIMULATED']);
    assert.deepEqual(rows, [
      ['latency, 1 thread, ms', '6.34', '3.00', '6.60'],
      ['latency, 4 threads, ms', '-', '10.00', '22.00'],
      ['frames a second', '174.70', '400.00', '180.00'],
      ['frames a second, batch 4', '-', '800.00', '-'],
    ]);
  });

  it('estimates nothing from times that were published, or that nobody vouches for', () => {
    const { kind: _kind, ...unsaid } = deviceModel;
    for (const model of [undefined, unsaid, { ...unsaid, kind: 'published' as const }]) {
      assert.equal(estimatedFigures(model, undefined), undefined);
      const { rows } = figureColumns(series, 'm', undefined, model);
      assert.deepEqual(
        rows.map(([, , estimate]) => estimate),
        ['-', '-', '-'],
      );
    }
  });
});

describe('batchTable', () => {
  const deviceModel: DeviceModel = {
    cores: 1,
    serviceMs: 2.5,
    hostMs: 0.5,
    ddrBytes: 14e6,
    boundBy: 'DDR',
    batches: [{ batch: 4, serviceMs: 4, ddrBytes: 4e6, boundBy: 'computing' }],
  };
  const measured = (rate: number) => [
    { batch: 1, series: seriesOf(4, 400, 10) },
    { batch: 4, series: seriesOf(4, rate, 16) },
    { batch: 8, series: seriesOf(4, rate, 30) },
  ];

  it('puts the memory traffic beside the rate, where the compiler has said it', () => {
    const rows = batchRows(measured(1000), deviceModel);
    assert.deepEqual(
      rows.map(([threads, batch, rate, , , megabytes, gigabytes]) => [
        threads,
        batch,
        rate,
        megabytes,
        gigabytes,
      ]),
      [
        ['4', '1', '400.00', '14.00', '5.60'],
        ['4', '4', '1000.00', '4.00', '4.00'],
        ['4', '8', '1000.00', '-', '-'],
      ],
    );
  });

  it('says what batches bring, and why', () => {
    const [gain, next] = batchMeanings(measured(1000).slice(0, 2), deviceModel);
    assert.match(next ?? '', /Tasks of 4 are bound by computing: larger ones bring little more/);
    assert.deepEqual(
      batchRows(measured(1000), deviceModel).map((row) => row.at(-1)),
      ['DDR', 'computing', '-'],
    );
    assert.match(
      gain ?? '',
      /Tasks of 4 frames bring 2\.50 times .* 4\.0 instead of 14\.0 MB .* batches share them/,
    );
    const [none] = batchMeanings(measured(410).slice(0, 2), deviceModel);
    assert.match(none ?? '', /1\.02 times .*memory traffic is not what bounds this model/);
    assert.deepEqual(batchMeanings(measured(1000).slice(0, 1), deviceModel), []);
    assert.deepEqual(batchMeanings([], undefined), []);
  });
});

describe('perfJson', () => {
  it('is read back to be compared with', () => {
    const text = JSON.stringify({
      tool: 'effvit bench',
      model: 'm',
      backend: 'bpu_sim',
      simulated: true,
      series: [seriesOf(1, 100, 10), seriesOf(4, 160, 25)].map(seriesJson),
    });
    const earlier = parseEarlierPerf(text, 'a.json');
    const changes = comparePerf([seriesOf(4, 200, 20), seriesOf(8, 200, 40)], earlier);
    assert.deepEqual(changes, [
      {
        threads: 4,
        framesPerSecond: 200,
        earlierFramesPerSecond: 160,
        framesPerSecondChange: 0.25,
        latencyMs: 20,
        earlierLatencyMs: 25,
        latencyChange: -0.19999999999999996,
      },
    ]);
  });

  it('spells keys as the rest of the JSON does', () => {
    assert.deepEqual(snakeCased({ serviceMs: 5.72, list: [{ aB: null }], plain: 'keepThis' }), {
      service_ms: 5.72,
      list: [{ a_b: null }],
      plain: 'keepThis',
    });
  });

  it('refuses what is no earlier run', () => {
    for (const text of ['', '{', '[]', '{"tool":"other"}', '{"tool":"effvit bench","series":1}']) {
      assertRefused(() => parseEarlierPerf(text, 'a.json'), 'BAD_ARGUMENT', /a\.json is not an earlier run/);
    }
  });
});
