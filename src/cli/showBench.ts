import { plainTable } from '../core/plainTable.js';
import { type BoardReading, bpuLoadPercent } from '../inference/bpu/BoardMonitor.js';
import { BATCH_HEAD, batchRows } from '../report/perf/batchTable.js';
import {
  figureColumns,
  PERFORMANCE_HEAD,
  performanceRows,
  signedPercent,
} from '../report/perf/DeviceFigures.js';
import type { PerfSeries } from '../report/perf/PerfSeries.js';
import type { BenchResult } from './measureBench.js';
import { bar, type Terminal } from './Terminal.js';

const HZ_PER_MHZ = 1e6;
const CHART_COLUMNS = 40;

/** Shows the performance table beside the published figures, the details, the scaling chart and an explanation. */
export function showBench(result: BenchResult, terminal: Terminal): void {
  const { model, info, chip, deviceModel, published, series, batches, meanings, board, comparison } = result;
  const mark = info.isSimulated ? 'SIMULATED' : info.backend === 'bpu' ? 'measured' : 'measured on this CPU';
  const rows = performanceRows(model.manifest, info.classCount, series, published, mark);
  terminal.line(plainTable(PERFORMANCE_HEAD, rows));
  if (published !== undefined) terminal.line(`published: ${published.source}`);
  const { head, rows: figures } = figureColumns(series, mark, published, deviceModel);
  terminal.line(plainTable(head, figures));
  if (deviceModel?.kind === 'estimate') {
    terminal.line(
      "The estimate is the compiler's, which has seen no board; what the runtime adds to a task is the page's.",
    );
  }
  if (info.isSimulated) {
    terminal.line(
      terminal.yellow('SIMULATED: the device is a queue with the times of the manifest; no BPU was used.'),
    );
  } else if (info.backend === 'onnx' && published !== undefined) {
    terminal.line(`The published figures are of the ${chip}'s BPU, not of a CPU.`);
  }
  terminal.line();
  const details = series.map((one) => DETAIL_COLUMNS.map(([, cell]) => cell(one)));
  terminal.line(
    plainTable(
      DETAIL_COLUMNS.map(([head]) => head),
      details,
    ),
  );
  for (const line of scalingChart(series)) terminal.line(line);
  if (batches.length > 0) terminal.line(plainTable(BATCH_HEAD, batchRows(batches, deviceModel)));
  for (const meaning of meanings) terminal.line(`- ${meaning}`);
  const sensors = boardText(board);
  if (info.backend === 'bpu' && sensors !== '') terminal.line(`board: ${sensors}`);
  if (comparison !== undefined) showChanges(comparison, result, terminal);
}

const DETAIL_COLUMNS: readonly (readonly [head: string, cell: (series: PerfSeries) => string])[] = [
  ['threads', ({ threads }) => String(threads)],
  ['FPS median', ({ median }) => median.framesPerSecond.toFixed(2)],
  ['FPS range', ({ framesPerSecondRange: range }) => range.map((fps) => fps.toFixed(2)).join(' .. ')],
  ['latency p50 ms', ({ median }) => median.latencyMs.p50.toFixed(2)],
  ['p95 ms', ({ median }) => median.latencyMs.p95.toFixed(2)],
  ['max ms', ({ median }) => median.latencyMs.max.toFixed(2)],
  ['pipeline ms', ({ median }) => median.pipelineMs.toFixed(3)],
  ['device busy %', ({ median }) => median.deviceUtilisationPercent?.toFixed(1) ?? '-'],
  ['CPU ms/frame', ({ median }) => median.cpuMsPerFrame.toFixed(2)],
];

/** Frames a second by threads, as bars; empty for a single number of threads. */
function scalingChart(series: readonly PerfSeries[]): string[] {
  if (series.length < 2) return [];
  const most = Math.max(...series.map(({ median }) => median.framesPerSecond));
  return series.map(({ threads, median }) => {
    const share = most > 0 ? median.framesPerSecond / most : 0;
    return `${String(threads).padStart(3)} ${threads === 1 ? 'thread ' : 'threads'} ${bar(share, CHART_COLUMNS)} ${median.framesPerSecond.toFixed(1)} FPS, ${median.latencyMs.mean.toFixed(2)} ms`;
  });
}

function showChanges(
  { earlier, changes }: NonNullable<BenchResult['comparison']>,
  { model, info }: BenchResult,
  terminal: Terminal,
): void {
  const name = `${earlier.model} on ${earlier.backend}${earlier.simulated ? ' (SIMULATED)' : ''}`;
  const isSame = earlier.model === model.manifest.name && earlier.backend === info.backend;
  terminal.line();
  terminal.line(
    isSame
      ? `before: ${name}`
      : terminal.yellow(`before: ${name}, which is not what was measured now: compare with care.`),
  );
  if (changes.length === 0) {
    terminal.line('The earlier run has none of these numbers of threads.');
    return;
  }
  const rows = changes.map((change) => [
    String(change.threads),
    change.earlierFramesPerSecond.toFixed(2),
    change.framesPerSecond.toFixed(2),
    signedPercent(change.framesPerSecondChange),
    change.earlierLatencyMs.toFixed(2),
    change.latencyMs.toFixed(2),
    signedPercent(change.latencyChange),
  ]);
  terminal.line(
    plainTable(['threads', 'FPS before', 'FPS now', 'change', 'ms before', 'ms now', 'change'], rows),
  );
}

/** The readings of the board's sensors on one line; empty without readings. */
function boardText(board: BoardReading): string {
  const load = bpuLoadPercent(board);
  const clocks = [
    ['BPU', board.bpuFrequencyHz],
    ['DDR', board.ddrFrequencyHz],
    ['CPU', board.cpuFrequencyHz],
  ] as const;
  return [
    ...(load === undefined ? [] : [`BPU ${load.toFixed(0)} % loaded`]),
    ...clocks.flatMap(([name, frequencyHz]) =>
      frequencyHz === undefined ? [] : [`${name} ${(frequencyHz / HZ_PER_MHZ).toFixed(0)} MHz`],
    ),
    ...Object.entries(board.temperaturesCelsius ?? {}).map(
      ([sensor, celsius]) => `${sensor} ${celsius.toFixed(0)} °C`,
    ),
  ].join(', ');
}
