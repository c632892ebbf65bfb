import assert from 'node:assert/strict';
import {
  BoardMonitor,
  hottestCelsius,
  readBoardMonitor,
} from '../../../../src/inference/bpu/BoardMonitor.js';
import { detectChip, otherBoard, systemRoot } from '../../../../src/inference/bpu/detectChip.js';
import { BPU_FOLDER as BPU, writeBoardTree, X5_TREE as X5 } from '../../../helpers/boardTree.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const X3 = {
  [`${BPU}/bpu1/ratio`]: '20\n',
  [`${BPU}/bpu0/ratio`]: '40\n',
  [`${BPU}/bpu10/ratio`]: '60\n',
  [`${BPU}/bpu0/bpufreq/cur_freq`]: '800000000\n',
  [`${BPU}/bpu0/bpufreq/max_freq`]: '1000000000\n',
  'sys/class/hwmon/hwmon3/name': 'pvt_ts\n',
  'sys/class/hwmon/hwmon3/temp1_input': '61000\n',
};

describe('BoardMonitor', () => {
  const scratch = scratchFolder();

  function write(files: Readonly<Record<string, string>>): string {
    writeBoardTree(scratch.path(), files);
    return scratch.path();
  }

  it('reads an RDK X5 by the names of its sensors', () => {
    const reading = new BoardMonitor(write(X5)).read();
    assert.deepEqual(reading, {
      bpuLoadPercent: [87],
      bpuFrequencyHz: 1e9,
      bpuMaxFrequencyHz: 1e9,
      temperaturesCelsius: { ddr: 51.234, bpu: 55.5, cpu: 52 },
      ddrFrequencyHz: 4.266e9,
      cpuFrequencyHz: 1.8e9,
      cpuMaxFrequencyHz: 1.8e9,
      cpuGovernor: 'performance',
    });
    assert.equal(hottestCelsius(reading), 55.5);
  });

  it('reads the cores of an RDK X3 in their order', () => {
    const reading = new BoardMonitor(write(X3)).read();
    assert.deepEqual(reading, {
      bpuLoadPercent: [40, 20, 60],
      bpuFrequencyHz: 8e8,
      bpuMaxFrequencyHz: 1e9,
      temperaturesCelsius: { temp1: 61 },
    });
  });

  it('takes the thermal zones where the chip has no sensors of its own, the hottest of each type', () => {
    const root = write({
      'sys/class/thermal/thermal_zone0/type': 'cpu\n',
      'sys/class/thermal/thermal_zone0/temp': '40000\n',
      'sys/class/thermal/thermal_zone1/type': 'cpu\n',
      'sys/class/thermal/thermal_zone1/temp': '45000\n',
      'sys/class/thermal/thermal_zone2/type': 'broken\n',
      'sys/class/thermal/thermal_zone2/temp': '-273000\n',
    });
    assert.deepEqual(new BoardMonitor(root).read().temperaturesCelsius, { cpu: 45 });
  });

  it('leaves out what is not there or no number', () => {
    assert.deepEqual(new BoardMonitor(scratch.path('nowhere')).read(), {});
    assert.equal(hottestCelsius({}), undefined);
    const root = write({ [`${BPU}/bpu0/ratio`]: 'busy\n', [`${BPU}/bpu0/bpufreq/cur_freq`]: '\n' });
    assert.deepEqual(new BoardMonitor(root).read(), {});
  });

  it('notices each time what changed, and what went away', () => {
    const monitor = new BoardMonitor(write(X5));
    monitor.read();
    write({ [`${BPU}/bpu0/ratio`]: '250\n' });
    assert.deepEqual(monitor.read().bpuLoadPercent, [100]);
  });

  it('reads this machine without an error', () => {
    assert.equal(typeof readBoardMonitor(), 'object');
  });

  it('finds the board where a container has it', () => {
    assert.equal(systemRoot({ EFFVIT_SYS_ROOT: '/host' }, '/elsewhere'), '/host');
    assert.equal(systemRoot({ EFFVIT_SYS_ROOT: '' }), '/');
    assert.equal(systemRoot({}, '/elsewhere'), '/elsewhere');
  });

  it('tells the chip by the name of the board, by its cores, or as it is told', () => {
    assert.equal(detectChip(scratch.path(), {}), undefined);
    assert.equal(detectChip(write(X3), {}), 'rdk-x3');
    assert.equal(detectChip(write(X5), {}), 'rdk-x5');
    assert.equal(detectChip(scratch.path(), { EFFVIT_BPU_CHIP: 'rdk-x3' }), 'rdk-x3');
    assert.equal(detectChip(scratch.path(), { EFFVIT_BPU_CHIP: 'rdk-x9' }), 'rdk-x5');
  });

  it('takes no board of another generation for one of these', () => {
    for (const [model, name] of [
      ['D-Robotics RDK S100 V0P5', 'RDK S100'],
      ['D-Robotics RDK S100P V1P0', 'RDK S100P'],
      ['RDK S600', 'RDK S600'],
      ['Hobot RDK Ultra', 'RDK Ultra'],
    ] as const) {
      const root = write({
        'proc/device-tree/model': `${model}\0`,
        [`${BPU}/bpu0/ratio`]: '0\n',
        [`${BPU}/bpu1/ratio`]: '0\n',
      });
      assert.equal(detectChip(root, {}), undefined, model);
      assert.equal(otherBoard(root), name);
    }
    const bySoc = write({ 'proc/device-tree/model': 'unnamed\0', 'sys/class/boardinfo/soc_name': 'S100P\n' });
    assert.equal(detectChip(bySoc, {}), undefined);
    assert.equal(otherBoard(bySoc), 'RDK S100P');
    for (const model of ['D-Robotics RDK X5 V1.0', 'Hobot X3 PI V2.1 (Board) RDK X3']) {
      const root = write({ 'proc/device-tree/model': `${model}\0`, 'sys/class/boardinfo/soc_name': 'X\n' });
      assert.notEqual(detectChip(root, {}), undefined, model);
      assert.equal(otherBoard(root), undefined);
    }
  });
});
