import assert from 'node:assert/strict';
import sharp from 'sharp';
import { benchChart, saturationPoint } from '../../../../src/report/charts/benchChart.js';
import { quantizeChart } from '../../../../src/report/charts/quantizeChart.js';
import { niceTicks } from '../../../../src/report/charts/svgChart.js';
import type { PerfSeries } from '../../../../src/report/perf/PerfSeries.js';

function point(threads: number, framesPerSecond: number): PerfSeries {
  const mean = (1000 * threads) / framesPerSecond;
  return {
    threads,
    framesPerSecondRange: [framesPerSecond - 2, framesPerSecond + 2],
    median: { framesPerSecond, latencyMs: { mean, p95: 1.1 * mean } },
  } as unknown as PerfSeries;
}

const DATA = { model: 'm <5>', runtime: 'sim', machine: 'a board', isSimulated: true };

describe('charts', () => {
  it('saturates at the fewest threads that give 95 % of the highest rate', () => {
    assert.equal(saturationPoint([point(8, 176), point(1, 158), point(4, 175), point(2, 168)])?.threads, 2);
    assert.equal(saturationPoint([point(1, 100)]), undefined);
    assert.equal(saturationPoint([]), undefined);
  });

  it('takes round steps that reach the largest value', () => {
    assert.deepEqual(niceTicks(174.7), [0, 50, 100, 150, 200]);
    assert.deepEqual(niceTicks(0.3), [0, 0.1, 0.2, 0.3]);
    assert.deepEqual(niceTicks(0), [0, 1]);
  });

  it('draws a line for each batch, in the rate and in the latency', () => {
    const series = [point(1, 158), point(4, 175)];
    const batches = [
      { batch: 1, series: point(1, 158) },
      { batch: 4, series: point(1, 640) },
      { batch: 8, series: point(1, 900) },
      { batch: 4, series: point(4, 795) },
      { batch: 8, series: point(4, 1050) },
    ];
    const lines = (svg: string): number => svg.match(/<polyline/g)?.length ?? 0;
    const [without, with_] = [benchChart({ ...DATA, series }), benchChart({ ...DATA, series, batches })];
    assert.equal(lines(with_) - lines(without), 4);
    assert.match(with_, />batch 4</);
    assert.match(with_, />batch 8</);
    // The axis reaches the largest of them.
    assert.match(with_, />1200<|>1500<|>1100</);
  });

  it('draws a picture that says what is simulated and what is quoted', async () => {
    const svg = benchChart({
      ...DATA,
      series: [point(1, 158), point(4, 175)],
      published: {
        source: 'somebody',
        maxFps: 174.7,
        singleThreadLatencyMs: 6.34,
      },
    });
    assert.match(svg, /SIMULATED: m &lt;5&gt;/);
    assert.match(svg, /published: somebody/);
    assert.match(svg, /published maximum/);
    assert.match(svg, /saturated here/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    assert.equal((await sharp(Buffer.from(svg)).metadata()).width, 960);
  });

  it('draws one point, none, and figures without a published one', () => {
    for (const series of [[], [point(1, 10)]]) {
      const svg = benchChart({ ...DATA, isSimulated: false, series });
      assert.doesNotMatch(svg, /NaN|undefined|Infinity|SIMULATED|published/);
    }
  });

  it('cuts titles that would leave the picture: its right edge stays white', async () => {
    const long = 'Intel(R) Xeon(R) Platinum 8480+ WWWW MMMM '.repeat(6);
    const bench = benchChart({ ...DATA, model: long, machine: long, series: [point(1, 10)] });
    const quantize = quantizeChart({ title: long, subtitle: long, accuracy: [], nodes: [] });
    for (const svg of [bench, quantize]) {
      assert.match(svg, /…</);
      const picture = sharp(Buffer.from(svg)).removeAlpha();
      const { height = 0 } = await picture.metadata();
      const edge = await picture.extract({ left: 950, top: 0, width: 10, height }).raw().toBuffer();
      assert.equal(Math.min(...edge), 255);
    }
  });

  it('draws the worst nodes first and cuts long names at their beginning', async () => {
    const nodes = Array.from({ length: 300 }, (_, index) => ({
      name: `/stages/${'x'.repeat(80)}/node_${index}`,
      form: 'int8',
      cosine: 1 - index / 1000,
    }));
    const svg = quantizeChart({
      title: 'm',
      subtitle: 's',
      accuracy: [{ name: 'top-1, float', percent: 73.75, isFloat: true }],
      nodes,
    });
    assert.match(svg, /node_299 \(int8\)/);
    assert.doesNotMatch(svg, /node_0 |NaN|undefined/);
    assert.match(svg, /73\.75/);
    assert.ok(((await sharp(Buffer.from(svg)).metadata()).height ?? 0) > 500);
    assert.match(
      quantizeChart({ title: 'm', subtitle: 's', accuracy: [], nodes: [] }),
      /no nodes were compared/,
    );
  });
});
