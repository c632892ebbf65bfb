import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const BPU_FOLDER = 'sys/devices/system/bpu';
const CPU_FOLDER = 'sys/devices/system/cpu/cpu0/cpufreq';

/** An RDK X5 as its sysfs looks. */
export const X5_TREE: Readonly<Record<string, string>> = {
  'proc/device-tree/model': 'D-Robotics RDK X5 V1.0\0',
  [`${BPU_FOLDER}/bpu0/ratio`]: '87\n',
  [`${BPU_FOLDER}/bpu0/devfreq/3a000000.bpu/cur_freq`]: '1000000000\n',
  [`${BPU_FOLDER}/bpu0/devfreq/3a000000.bpu/max_freq`]: '1000000000\n',
  'sys/class/devfreq/soc:ddrc-freq/cur_freq': '4266000000\n',
  'sys/class/hwmon/hwmon0/name': 'cpu_fan\n',
  'sys/class/hwmon/hwmon0/temp1_input': '1000\n',
  'sys/class/hwmon/hwmon1/name': 'pvt\n',
  'sys/class/hwmon/hwmon1/temp1_input': '51234\n',
  'sys/class/hwmon/hwmon1/temp2_input': '55500\n',
  'sys/class/hwmon/hwmon1/temp3_input': '52000\n',
  [`${CPU_FOLDER}/scaling_cur_freq`]: '1800000\n',
  [`${CPU_FOLDER}/cpuinfo_max_freq`]: '1800000\n',
  [`${CPU_FOLDER}/scaling_governor`]: 'performance\n',
};

/** Files under a folder that stands for the root of a board. */
export function writeBoardTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
