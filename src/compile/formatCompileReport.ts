import { plainTable } from '../core/plainTable.js';
import type { ModelAccuracy } from '../quantize/compareModels.js';
import type { BatchComparison, BatchEstimate, CompileEvaluation, CompileReport } from './compileModel.js';

const NAME_LENGTH = 80;

/** The report for people: the nodes on the CPU first, since they cost most. */
export function formatCompileReport(report: CompileReport): string {
  const { estimates, evaluation, notes } = report;
  return [
    placement(report),
    similarity(report),
    estimateTable(estimates),
    ...estimates.slice(0, 1).map(longest),
    ...(evaluation === undefined ? [] : [accuracy(evaluation)]),
    ...notes,
  ].join('\n');
}

function placement({ cpuNodes, nodeCounts, estimates }: CompileReport): string {
  const subgraphs = estimates[0]?.subgraphs ?? 1;
  const parts = subgraphs === 1 ? 'in one piece' : `in ${subgraphs} pieces, between which the CPU works`;
  const sentence = `${nodeCounts.bpu} nodes run on the BPU ${parts}, ${nodeCounts.cpu} on the CPU.`;
  if (cpuNodes.length === 0) return sentence;
  const rows = cpuNodes.map(({ name, opType, remedy }) => [shortened(name), opType, remedy]);
  return `${plainTable(['node on the CPU', 'operator', 'what would bring it to the BPU'], rows, [0, 1, 2])}\n${sentence}`;
}

function similarity({ leastSimilar }: CompileReport): string {
  const rows = leastSimilar.map(({ name, opType, dataType, cosine }) => [
    shortened(name),
    opType,
    dataType,
    cosine?.toFixed(6) ?? '',
  ]);
  return plainTable(['node, least similar to float first', 'operator', 'type', 'cosine'], rows, [0, 1, 2]);
}

function estimateTable(estimates: readonly BatchEstimate[]): string {
  const rows = estimates.map((one) => [
    String(one.batch),
    one.mode,
    one.fps.toFixed(1),
    one.taskMs.toFixed(3),
    (one.taskMs / one.batch).toFixed(3),
    (one.ddrBytesPerFrame / 1e6).toFixed(2),
    one.computeMs?.toFixed(3) ?? '',
    one.loadStoreMs?.toFixed(3) ?? '',
    one.boundBy ?? '',
  ]);
  const head = [
    'batch',
    'compiled for',
    'FPS',
    'ms a task',
    'ms a frame',
    'DDR MB a frame',
    'computing ms',
    'DDR ms',
    'bound by',
  ];
  const title =
    "The compiler's ESTIMATE for one core of an RDK X5 that does nothing else; no board was measured:";
  return `${title}\n${plainTable(head, rows, [1, 8])}`;
}

function longest({ batch, longestLayers }: BatchEstimate): string {
  const rows = longestLayers.map(({ layer, computeUs, loadStoreUs }) => [
    shortened(layer),
    computeUs.toFixed(0),
    loadStoreUs.toFixed(0),
  ]);
  return plainTable([`longest layers at batch ${batch} (estimate)`, 'computing us', 'DDR us'], rows);
}

function accuracy({ pictureCount, float, int8, bpu }: CompileEvaluation): string {
  const row = (name: string, one: ModelAccuracy, agreement: string, cosine: string): string[] => [
    name,
    one.top1Percent?.toFixed(2) ?? '',
    one.top5Percent?.toFixed(2) ?? '',
    agreement,
    cosine,
  ];
  const cosines = (one: { readonly mean: number; readonly min: number }): string =>
    `${one.mean.toFixed(4)} / ${one.min.toFixed(4)}`;
  const rows = [
    row('float', float, '', ''),
    row(
      'effvit quantize, int8',
      int8.quantized,
      int8.agreementPercent.toFixed(2),
      cosines(int8.outputCosine),
    ),
    ...bpu.map((one) =>
      row(bpuName(one), one.quantized, one.agreementPercent.toFixed(2), cosines(one.outputCosine)),
    ),
  ];
  const head = [
    `${pictureCount} pictures`,
    'top-1 %',
    'top-5 %',
    'same class as float %',
    'output cosine, mean / worst',
  ];
  return plainTable(head, rows);
}

/** The model that a row or bar of the comparison is of. */
export function bpuName({ batch }: BatchComparison): string {
  return `BPU, its integers, batch ${batch}`;
}

/** The end of a name distinguishes it. */
function shortened(name: string): string {
  return name.length <= NAME_LENGTH ? name : `…${name.slice(1 - NAME_LENGTH)}`;
}
