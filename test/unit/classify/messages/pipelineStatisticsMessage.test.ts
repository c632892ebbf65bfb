import assert from 'node:assert/strict';
import { MessageEncoder } from '../../../../src/classify/messages/definitions/MessageEncoder.js';
import {
  type PipelineState,
  pipelineStatisticsMessage,
} from '../../../../src/classify/messages/pipelineStatisticsMessage.js';
import { DROP_CAUSES, FrameAccounting } from '../../../../src/stats/FrameAccounting.js';
import { STAGES, StageStatistics } from '../../../../src/stats/StageStatistics.js';

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
    queuedCount: 1,
    framesPerSecond: 29.5,
    stages: statistics.takeWindow(),
    threads: 4,
    workersServing: 3,
    workersLost: 1,
    modelName: 'efficientvit_m5',
    backend: 'bpu_sim',
    runtime: 'simulated',
    isSimulated: true,
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
  });

  it('is an effvit/msg/PipelineStatistics', () => {
    new MessageEncoder('effvit/msg/PipelineStatistics').encode(pipelineStatisticsMessage(state()));
  });
});
