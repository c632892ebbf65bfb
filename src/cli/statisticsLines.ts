import { plainTable } from '../core/plainTable.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { bar, fitText, type Terminal } from './Terminal.js';

const BAR_COLUMNS = 20;

/** The message uses NaN for an unknown value. */
const known = (value: number, digits: number, unit: string): string =>
  Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : 'n/a';

const when = (isShown: boolean, line: string): string[] => (isShown ? [line] : []);

/** The number of dropped frames, with the causes that occurred. */
function dropText({ dropped }: PipelineStatisticsMessage): string {
  const occurred = dropped.filter(({ count }) => Number(count) > 0);
  const total = occurred.reduce((sum, { count }) => sum + Number(count), 0);
  const causes = occurred.map(({ cause, count }) => `${cause} ${count}`).join(', ');
  return `dropped ${total}${causes === '' ? '' : ` (${causes})`}`;
}

/** Clocks and temperatures, if the machine reports them. */
function sensors(message: PipelineStatisticsMessage): string[] {
  const clocks = Object.entries({
    BPU: message.bpu_frequency_mhz,
    DDR: message.ddr_frequency_mhz,
    CPU: message.cpu_frequency_mhz,
  })
    .filter(([, frequencyMhz]) => Number.isFinite(frequencyMhz))
    .map(([name, frequencyMhz]) => `${name} ${frequencyMhz.toFixed(0)} MHz`);
  const temperatures = message.temperatures.map(({ sensor, celsius }) => `${sensor} ${celsius.toFixed(0)} C`);
  return [
    ...when(clocks.length > 0, `clocks ${clocks.join(', ')}`),
    ...when(temperatures.length > 0, `temperatures ${temperatures.join(', ')}`),
  ];
}

/** A node's statistics on one line, for a file or a pipe. */
export function statisticsLine(message: PipelineStatisticsMessage): string {
  const whole = message.stages.find(({ name }) => name === 'total');
  const latency = whole === undefined || Number(whole.count) === 0 ? 'n/a' : `${whole.p95_ms.toFixed(1)} ms`;
  return [
    `fps ${message.fps.toFixed(1)}`,
    `latency p95 ${latency}`,
    `received ${message.received}`,
    `published ${message.published}`,
    dropText(message),
    ...when(Number(message.superseded) > 0, `superseded ${message.superseded}`),
    ...when(Number(message.missing) > 0, `missing ${message.missing}`),
    `queued ${message.queued}`,
    `CPU ${known(message.cpu_load_percent, 0, ' %')}`,
    `BPU ${known(message.bpu_load_percent, 0, ' %')}`,
    ...when(message.is_simulated, 'SIMULATED'),
    ...when(message.is_paused, 'PAUSED'),
  ].join('  ');
}

/** A node's statistics as several lines, for a terminal. */
export function statisticsLines(
  message: PipelineStatisticsMessage,
  node: string,
  terminal: Terminal,
): string[] {
  const passed = message.stages.filter(({ count }) => Number(count) > 0);
  const width = terminal.widthColumns;
  const load = (name: string, percent: number): string =>
    `${name.padEnd(5)} ${terminal.cyan(bar(Number.isFinite(percent) ? percent / 100 : 0, BAR_COLUMNS))} ${known(percent, 0, ' %')}`;
  // Lines are cut, since a wrapped line would break redrawing in place.
  const cut = (text: string): string => fitText(text, width).trimEnd();
  const superseded = `superseded ${message.superseded}: a newer frame came before a worker was free`;
  const missing = `missing ${message.missing}: sent by the cameras, lost before they arrived`;
  const dropped = cut(dropText(message));
  const isLossy = message.dropped.some(({ count }) => Number(count) > 0);
  return [
    terminal.bold(cut(`${node}  ${message.model} on ${message.runtime}`)),
    ...when(message.is_simulated, terminal.yellow('SIMULATED: not the times or results of that hardware')),
    message.is_paused
      ? terminal.yellow('PAUSED: no camera is listened to until ~/enable is called with true')
      : terminal.bold(`${message.fps.toFixed(1)} fps`),
    cut(
      `received ${message.received}, published ${message.published}, in flight ${message.in_flight}, queued ${message.queued}`,
    ),
    isLossy ? terminal.yellow(dropped) : dropped,
    ...when(Number(message.superseded) > 0, cut(superseded)),
    ...when(Number(message.missing) > 0, terminal.yellow(cut(missing))),
    `threads ${message.workers_serving} of ${message.threads}${Number(message.workers_lost) > 0 ? terminal.red(`, lost ${message.workers_lost}`) : ''}`,
    load('CPU', message.cpu_load_percent),
    load('BPU', message.bpu_load_percent),
    `memory ${known(message.memory_mib, 0, ' MiB')}, event loop late by p99 ${known(message.event_loop_delay_p99_ms, 1, ' ms')}`,
    ...sensors(message).map(cut),
    ...(passed.length === 0
      ? [terminal.dim('no frame in the last second')]
      : plainTable(
          ['stage', 'frames', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'],
          passed.map(({ name, count, p50_ms, p95_ms, p99_ms, max_ms }) => [
            name,
            String(count),
            ...[p50_ms, p95_ms, p99_ms, max_ms].map((timeMs) => timeMs.toFixed(3)),
          ]),
        ).split('\n')),
  ];
}
