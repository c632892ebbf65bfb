import assert from 'node:assert/strict';
import { MessageEncoder } from '../../../src/messages/definitions/MessageEncoder.js';
import {
  type PipelineState,
  pipelineStatisticsMessage,
} from '../../../src/messages/pipelineStatisticsMessage.js';
import { DROP_CAUSES, FrameAccounting } from '../../../src/stats/FrameAccounting.js';
import { STAGES, StageStatistics } from '../../../src/stats/StageStatistics.js';

function state(): PipelineState {
  const accounting = new FrameAccounting();
  for (let frame = 0; frame < 5; frame++) accounting.receive();
  accounting.publish();
  accounting.drop('too_old');
  accounting.drop('too_old');
  const statistics = new StageStatistics();
  statistics.record('queueWait', 2_000_000);
  return {
    stamp: { sec: 9, nanosec: 10 },
    windowNs: 1_500_000_000n,
    counts: accounting.counts(),
    superseded: 11,
    missing: 7,
    queuedCount: 1,
    framesPerSecond: 29.5,
    meanBatchSize: 1.5,
    stages: statistics.takeWindow(),
    threads: 4,
    workersServing: 3,
    workersLost: 1,
    modelName: 'efficientvit_m5',
    backend: 'bpu_sim',
    runtime: 'simulated',
    isSimulated: true,
    isPaused: false,
    machine: { cpuLoadPercent: 55 },
  };
}

describe('pipelineStatisticsMessage', () => {
  it('tells every cause and every stage, by the names of the message', () => {
    const message = pipelineStatisticsMessage(state());
    assert.deepEqual(message.window, { sec: 1, nanosec: 500_000_000 });
    assert.deepEqual(
      message.dropped.map(({ cause, count }) => [cause, count]),
      DROP_CAUSES.map((cause) => [cause, cause === 'too_old' ? 2n : 0n]),
    );
    assert.deepEqual([message.received, message.published, message.in_flight], [5n, 1n, 2n]);
    assert.equal(message.missing, 7n);
    assert.equal(message.superseded, 11n);
    assert.equal(message.stages.length, STAGES.length);
    const [wait] = message.stages;
    assert.equal(wait?.name, 'queue_wait');
    assert.equal(wait.count, 1n);
    assert.equal(wait.max_ms, 2);
    assert.ok(message.stages.every(({ name }) => /^[a-z_]+$/.test(name)));
  });

  it('tells what is not known of the machine as not a number', () => {
    const message = pipelineStatisticsMessage(state());
    assert.equal(message.cpu_load_percent, 55);
    assert.ok(Number.isNaN(message.bpu_load_percent));
    assert.ok(Number.isNaN(message.temperature_celsius));
    assert.ok(Number.isNaN(message.ddr_frequency_mhz));
    assert.deepEqual(message.temperatures, []);
  });

  it("tells the board's sensors, in the units of the message", () => {
    const message = pipelineStatisticsMessage({
      ...state(),
      machine: {
        board: {
          bpuLoadPercent: [80, 40],
          bpuFrequencyHz: 1e9,
          ddrFrequencyHz: 4.266e9,
          cpuFrequencyHz: 1.8e9,
          temperaturesCelsius: { ddr: 51, bpu: 55.5 },
        },
      },
    });
    assert.equal(message.bpu_load_percent, 60);
    assert.deepEqual(
      [message.bpu_frequency_mhz, message.ddr_frequency_mhz, message.cpu_frequency_mhz],
      [1000, 4266, 1800],
    );
    assert.equal(message.temperature_celsius, 55.5);
    assert.deepEqual(message.temperatures, [
      { sensor: 'ddr', celsius: 51 },
      { sensor: 'bpu', celsius: 55.5 },
    ]);
    new MessageEncoder('effvit/msg/PipelineStatistics').encode(message);
  });

  it('is an effvit/msg/PipelineStatistics', () => {
    new MessageEncoder('effvit/msg/PipelineStatistics').encode(pipelineStatisticsMessage(state()));
  });
});
