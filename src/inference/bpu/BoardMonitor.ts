import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defined } from '../../core/defined.js';
import { readText } from '../../core/readInput.js';
import { systemRoot } from './detectChip.js';

/** Readings of the board's sensors; a field is absent if this machine does not have it. */
export interface BoardReading {
  /** Load of each BPU core, 0 to 100. */
  readonly bpuLoadPercent?: readonly number[];
  /** Current frequency of the first BPU core. */
  readonly bpuFrequencyHz?: number;
  readonly bpuMaxFrequencyHz?: number;
  /** By name: `ddr`, `bpu` and `cpu` on the X5, the sensors' names on other boards. */
  readonly temperaturesCelsius?: Readonly<Record<string, number>>;
  readonly ddrFrequencyHz?: number;
  /** Current frequency of the first CPU core. */
  readonly cpuFrequencyHz?: number;
  readonly cpuMaxFrequencyHz?: number;
  /** Governor of the first CPU core, e.g. `performance`. */
  readonly cpuGovernor?: string;
}

/** The X5's sensors by their index in the hwmon named `pvt`. */
const PVT_SENSORS: Readonly<Record<string, string>> = { temp1: 'ddr', temp2: 'bpu', temp3: 'cpu' };
const HZ_PER_KHZ = 1000;
const MILLI = 1000;
/** Sensors that are not connected give values far out of range. */
const COLDEST_CELSIUS = -60;
const HOTTEST_CELSIUS = 200;

/**
 * Reads load, frequencies and temperatures from sysfs. Paths are looked up once, by name and not by index, because
 * indices differ between boards. One reading takes a dozen small files, well under a millisecond.
 */
export class BoardMonitor {
  readonly #root: string;
  readonly #bpuLoads: readonly string[];
  readonly #bpuFrequencyFolder: string | undefined;
  readonly #temperatures: readonly (readonly [string, string])[];

  /** @param root prefix of /sys, for tests. */
  constructor(root = '/') {
    this.#root = root;
    const cores = this.#list('sys/devices/system/bpu')
      .filter((name) => /^bpu\d+$/.test(name))
      .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
    this.#bpuLoads = cores.map((name) => `sys/devices/system/bpu/${name}/ratio`);
    this.#bpuFrequencyFolder = this.#findBpuFrequency(cores[0]);
    this.#temperatures = this.#findTemperatures();
  }

  read(): BoardReading {
    const loads = this.#bpuLoads.flatMap((path) => {
      const load = this.#number(path);
      return load === undefined ? [] : [Math.min(Math.max(load, 0), 100)];
    });
    const bpu = this.#bpuFrequencyFolder;
    const cpu = 'sys/devices/system/cpu/cpu0/cpufreq';
    return defined({
      bpuLoadPercent: loads.length > 0 ? loads : undefined,
      bpuFrequencyHz: bpu === undefined ? undefined : this.#number(`${bpu}/cur_freq`),
      bpuMaxFrequencyHz: bpu === undefined ? undefined : this.#number(`${bpu}/max_freq`),
      temperaturesCelsius: this.#readTemperatures(),
      ddrFrequencyHz: this.#number('sys/class/devfreq/soc:ddrc-freq/cur_freq'),
      cpuFrequencyHz: scaled(this.#number(`${cpu}/scaling_cur_freq`), HZ_PER_KHZ),
      cpuMaxFrequencyHz: scaled(this.#number(`${cpu}/cpuinfo_max_freq`), HZ_PER_KHZ),
      cpuGovernor: this.#text(`${cpu}/scaling_governor`),
    });
  }

  #findBpuFrequency(core: string | undefined): string | undefined {
    if (core === undefined) return undefined;
    const folder = `sys/devices/system/bpu/${core}`;
    if (this.#list(`${folder}/bpufreq`).includes('cur_freq')) return `${folder}/bpufreq`;
    return this.#list(`${folder}/devfreq`)
      .map((name) => `${folder}/devfreq/${name}`)
      .find((path) => this.#list(path).includes('cur_freq'));
  }

  /** Name and path of each sensor: the chip's own, else the kernel's thermal zones. */
  #findTemperatures(): (readonly [string, string])[] {
    for (const device of this.#list('sys/class/hwmon')) {
      const folder = `sys/class/hwmon/${device}`;
      const name = this.#text(`${folder}/name`);
      if (name !== 'pvt' && name !== 'pvt_ts') continue;
      const found = this.#list(folder).filter((file) => /^temp\d+_input$/.test(file));
      if (found.length === 0) continue;
      return found.map((file) => {
        const sensor = file.replace('_input', '');
        const label = this.#text(`${folder}/${sensor}_label`);
        return [(name === 'pvt' ? PVT_SENSORS[sensor] : undefined) ?? label ?? sensor, `${folder}/${file}`];
      });
    }
    return this.#list('sys/class/thermal')
      .filter((zone) => zone.startsWith('thermal_zone'))
      .map((zone) => [
        this.#text(`sys/class/thermal/${zone}/type`) ?? zone,
        `sys/class/thermal/${zone}/temp`,
      ]);
  }

  #readTemperatures(): Record<string, number> | undefined {
    const temperatures: Record<string, number> = {};
    for (const [name, path] of this.#temperatures) {
      const celsius = scaled(this.#number(path), 1 / MILLI);
      if (celsius === undefined || celsius < COLDEST_CELSIUS || celsius > HOTTEST_CELSIUS) continue;
      // Of several zones of one type, the hottest counts.
      temperatures[name] = Math.max(temperatures[name] ?? celsius, celsius);
    }
    return Object.keys(temperatures).length > 0 ? temperatures : undefined;
  }

  #list(path: string): string[] {
    try {
      return readdirSync(join(this.#root, path)).sort();
    } catch {
      return [];
    }
  }

  #text(path: string): string | undefined {
    return readText(join(this.#root, path));
  }

  #number(path: string): number | undefined {
    const text = this.#text(path);
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
}

let thisBoard: BoardMonitor | undefined;

/** A reading of this machine; mostly empty on a PC. */
export function readBoardMonitor(): BoardReading {
  thisBoard ??= new BoardMonitor(systemRoot());
  return thisBoard.read();
}

/** Mean load of a reading's BPU cores. */
export function bpuLoadPercent({ bpuLoadPercent: loads = [] }: BoardReading): number | undefined {
  return loads.length === 0 ? undefined : loads.reduce((sum, load) => sum + load, 0) / loads.length;
}

/** The hottest of a reading's sensors. */
export function hottestCelsius({ temperaturesCelsius }: BoardReading): number | undefined {
  const values = Object.values(temperaturesCelsius ?? {});
  return values.length === 0 ? undefined : Math.max(...values);
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
