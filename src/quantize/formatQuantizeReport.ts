import { plainTable } from '../core/plainTable.js';
import type { AblationRow } from './ablateSoftmax.js';
import type { NodeSimilarity } from './compareModels.js';
import { PRECISIONS } from './QuantParams.js';
import type { QuantizeReport } from './quantizeModel.js';

const NODES_SHOWN = 15;

/** The report for people: tables and sentences, without colours. */
export function formatQuantizeReport(report: QuantizeReport): string {
  const parts = [
    summaryTable(report),
    settings(report),
    nodeTable(report.nodes),
    ...(report.ablation === undefined ? [] : [ablationTable(report.ablation)]),
    ...report.notes,
  ];
  return parts.join('\n');
}

function summaryTable({ outputs, floatBytes, quantizedBytes, speed }: QuantizeReport): string {
  const rows: string[][] = [];
  const { float, quantized, outputCosine: cosine } = outputs;
  for (const [title, key] of [
    ['top-1 %', 'top1Percent'],
    ['top-5 %', 'top5Percent'],
  ] as const) {
    const [before, after] = [float[key], quantized[key]];
    if (before === null || after === null) continue;
    const changes = key === 'top1Percent' ? ` (${outputs.lostCount} lost, ${outputs.wonCount} won)` : '';
    rows.push([title, before.toFixed(2), after.toFixed(2), `${signed(after - before)} points${changes}`]);
  }
  const smaller = `${(floatBytes / quantizedBytes).toFixed(2)}x smaller`;
  rows.push(['size MB', megabytes(floatBytes), megabytes(quantizedBytes), smaller]);
  if (speed !== undefined) {
    const times = [speed.floatMedianMs, speed.quantizedMedianMs].map((ms) => ms.toFixed(2));
    rows.push(['median ms, one thread', ...times, `${speed.ratio.toFixed(2)}x the speed`]);
  }
  const agreement = `${outputs.agreementPercent.toFixed(2)} % of ${outputs.pictureCount} pictures`;
  rows.push(
    ['same class first', '', '', agreement],
    ['output cosine, mean / worst', '', '', `${cosine.mean.toFixed(5)} / ${cosine.min.toFixed(5)}`],
  );
  return plainTable(['', 'float', 'quantised', 'difference'], rows);
}

function settings(report: QuantizeReport): string {
  const forms = PRECISIONS.map((precision) => `${report.nodeCounts[precision]} ${precision}`).join(', ');
  const weights = report.isReducedRange ? '' : ', weights of full range: for CPUs with VNNI and ARM only';
  const compared = report.isComparedOnCalibration
    ? 'Compared on pictures that it was calibrated on, which flatters: name a labelled list to judge it.'
    : `${report.outputs.labelledCount} of the ${report.outputs.pictureCount} pictures compared on are labelled.`;
  return (
    `${report.quantizedPath}: nodes ${forms}; calibrated on ${report.calibrationPictures} pictures by ` +
    `${report.calibrationMethod}, coverage ${report.coverage}${weights}.\n${compared}`
  );
}

function nodeTable(nodes: readonly NodeSimilarity[]): string {
  const rows = nodes
    .slice(0, NODES_SHOWN)
    .map(({ node, opType, precision, cosine }) => [node, opType, precision, cosine.toFixed(6)]);
  const more =
    nodes.length > NODES_SHOWN
      ? `\n... and ${nodes.length - NODES_SHOWN} nodes nearer (all of them with --json)`
      : '';
  return plainTable(['node, least similar first', 'operator', 'form', 'cosine'], rows) + more;
}

function ablationTable(rows: readonly AblationRow[]): string {
  return plainTable(
    [
      'softmax',
      'other nodes',
      'top-1 %',
      'same class first %',
      'speed',
      'output cosine',
      'softmax cosine, mean / worst',
    ],
    rows.map(({ softmax, coverage, outputs, softmaxCosine, speed }) => [
      softmax,
      coverage === 'full' ? 'all int8' : 'int8 where it pays',
      outputs.quantized.top1Percent?.toFixed(2) ?? 'n/a',
      outputs.agreementPercent.toFixed(2),
      speed === undefined ? 'n/a' : `${speed.ratio.toFixed(2)}x`,
      outputs.outputCosine.mean.toFixed(5),
      `${softmaxCosine.mean.toFixed(5)} / ${softmaxCosine.min.toFixed(5)}`,
    ]),
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
}
