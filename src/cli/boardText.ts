import { type BoardReading, bpuLoadPercent } from '../inference/bpu/BoardMonitor.js';

const HZ_PER_MHZ = 1e6;

/** The readings of the board's sensors on one line; empty without readings. */
export function boardText(board: BoardReading): string {
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
