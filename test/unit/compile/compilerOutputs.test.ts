import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { compileChartData } from '../../../src/cli/compileChartData.js';
import type { CompileReport } from '../../../src/compile/compileModel.js';
import { formatCompileReport } from '../../../src/compile/formatCompileReport.js';
import { cpuRemedy, type NodePlacement, parseNodePlacements } from '../../../src/compile/NodePlacement.js';
import { readPerfEstimate } from '../../../src/compile/PerfEstimate.js';
import type { OutputComparison } from '../../../src/quantize/compareModels.js';
import { barChart } from '../../../src/report/charts/barChart.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** In the form of the compiler's log, with figures of no model. */
const TABLE = [
  'Node                              ON   Subgraph  Type                 Cosine Similarity  Threshold  DataType  ',
  '------------------------------------------------------------------------------------------------------------',
  'first/Conv                        BPU  id(0)     HzSQuantizedConv     0.999651           1.7109     int8      ',
  '...blocks.0/attn/Softmax_sub      BPU  id(0)     HzSElementwiseSub    0.991              0.859341   int16     ',
  '...blocks.1/attn/Split            BPU  id(1)     Split                0.95               1.0        int8      ',
  'head_reshape                      CPU  --        Reshape              0.999690           --         float     ',
  '2026-01-01 00:00:00,000 INFO BPU march           : bayes-e',
];

const NAMES = [
  'first/Conv',
  'blocks.0/attn/Softmax_sub',
  'stages.0/blocks.1/attn/Split',
  'stages.1/blocks.1/attn/Split',
];

describe('parseNodePlacements', () => {
  it('reads the table and completes the names that it cuts, in order', () => {
    assert.deepEqual(parseNodePlacements(TABLE, NAMES), [
      {
        name: 'first/Conv',
        opType: 'HzSQuantizedConv',
        runsOn: 'BPU',
        subgraph: 0,
        dataType: 'int8',
        cosine: 0.999651,
      },
      {
        name: 'blocks.0/attn/Softmax_sub',
        opType: 'HzSElementwiseSub',
        runsOn: 'BPU',
        subgraph: 0,
        dataType: 'int16',
        cosine: 0.991,
      },
      {
        name: 'stages.0/blocks.1/attn/Split',
        opType: 'Split',
        runsOn: 'BPU',
        subgraph: 1,
        dataType: 'int8',
        cosine: 0.95,
      },
      { name: 'head_reshape', opType: 'Reshape', runsOn: 'CPU', dataType: 'float', cosine: 0.99969 },
    ]);
  });

  it('says what would bring a node to the BPU', () => {
    const node = (opType: string): NodePlacement => ({ name: 'n', opType, runsOn: 'CPU', dataType: 'float' });
    assert.match(cpuRemedy(node('Softmax'), false), /"n": \{ "ON": "BPU", "InputType": "int16"/);
    assert.match(cpuRemedy(node('Reshape'), true), /nothing to do/);
    assert.match(cpuRemedy(node('Reshape'), false), /"ON": "BPU" \}, or replace Reshape/);
    assert.match(cpuRemedy(node('HzDequantize'), false), /set_model_output_int16/);
  });
});

const PERF = {
  summary: {
    FPS: 500.5,
    'frame per run': 2,
    'latency (us)': 3996,
    'DDR bytes per frame': 7_000_000,
    'layer details': [
      ['layer', 'ops', 'original', 'aligned', 'computing', 'load/store', 'active'],
      ['a', '1,000', '[1]', '[1]', '12 us (0.2% of model)', '1,500 us (1% of model)', '0 ~ 45 us (45)'],
      ['b', '10', '[1]', '[1]', '700.5 us (2% of model)', '0', ''],
    ],
  },
};

/** What {@link PERF} says. */
const ESTIMATE = {
  batch: 2,
  fps: 500.5,
  taskMs: 3.996,
  ddrBytesPerFrame: 7_000_000,
  computeMs: 0.7125,
  loadStoreMs: 1.5,
  boundBy: 'DDR',
  longestLayers: [
    { layer: 'a', computeUs: 12, loadStoreUs: 1500 },
    { layer: 'b', computeUs: 700.5, loadStoreUs: 0 },
  ],
} as const;

describe('readPerfEstimate', () => {
  const scratch = scratchFolder();

  it('reads the figures, sums the layers and says what bounds the model', async () => {
    writeFileSync(scratch.path('p.json'), JSON.stringify(PERF));
    assert.deepEqual(await readPerfEstimate(scratch.path('p.json')), ESTIMATE);
  });

  it('refuses another form', async () => {
    writeFileSync(scratch.path('p.json'), JSON.stringify({ summary: {} }));
    await assertRejected(
      readPerfEstimate(scratch.path('p.json')),
      'TOOL_FAILED',
      /p\.json have another form/,
    );
  });
});

describe('the report of a compilation', () => {
  const nodes = parseNodePlacements(TABLE, NAMES);
  const report: CompileReport = {
    model: 'm',
    folder: '/out',
    binPath: '/out/m.bin',
    binBytes: 1000,
    level: 'O2',
    inputSource: 'pyramid',
    calibrationPictures: 40,
    estimates: [
      {
        ...ESTIMATE,
        modelName: 'm',
        mode: 'bandwidth',
        subgraphs: 2,
        isReused: false,
        elapsedMs: 1,
        logPath: '/log',
      },
    ],
    nodeCounts: { bpu: 3, cpu: 1 },
    cpuNodes: nodes.slice(3).map((node) => ({ ...node, remedy: 'do this' })),
    leastSimilar: nodes.slice(0, 3),
    notes: ['A note.'],
  };

  it('names the nodes on the CPU first, and calls the times an estimate', () => {
    const text = formatCompileReport(report);
    assert.match(text.split('\n')[1] ?? '', /node on the CPU/);
    assert.match(text, /head_reshape\s*│ Reshape\s*│ do this/);
    assert.match(text, /3 nodes run on the BPU in 2 pieces, between which the CPU works, 1 on the CPU\./);
    assert.match(text, /ESTIMATE.*no board was measured/);
    assert.match(
      text,
      /│\s+2 │ bandwidth\s+│ 500\.5 │\s+3\.996 │\s+1\.998 │\s+7\.00 │\s+0\.713 │\s+1\.500 │ DDR/,
    );
    assert.match(text, /A note\.$/);
  });

  it('has the accuracy of each batch, in the table and in the drawing', () => {
    const comparison = (top1Percent: number): OutputComparison => ({
      pictureCount: 100,
      labelledCount: 100,
      float: { top1Percent: 98, top5Percent: 100 },
      quantized: { top1Percent, top5Percent: 99 },
      lostCount: 2,
      wonCount: 1,
      agreementPercent: 97.5,
      outputCosine: { mean: 0.995, min: 0.9 },
    });
    const judged: CompileReport = {
      ...report,
      evaluation: {
        pictureCount: 100,
        float: { top1Percent: 98, top5Percent: 100 },
        int8: comparison(97),
        bpu: [
          { batch: 1, ...comparison(96) },
          { batch: 4, ...comparison(95) },
        ],
      },
    };
    const text = formatCompileReport(judged);
    assert.match(text, /100 pictures/);
    assert.match(text, /batch 1 │\s+96\.00 │\s+99\.00 │\s+97\.50 │\s+0\.9950 \/ 0\.9000/);
    assert.match(text, /batch 4 │\s+95\.00 │/);
    const svg = barChart(compileChartData(judged));
    assert.match(svg, />BPU, its integers, batch 4</);
    assert.match(svg, />95\.00 %</);
  });

  it('is drawn with its estimate called one', () => {
    const svg = barChart(compileChartData(report));
    assert.match(svg, /frames a second by batch \(estimate\)/);
    assert.match(svg, />500\.5</);
    assert.match(svg, /no board was measured/);
  });
});
