import assert from 'node:assert/strict';
import { statisticsLine, statisticsLines } from '../../../src/cli/statisticsLines.js';
import { Terminal } from '../../../src/cli/Terminal.js';
import {
  type PipelineStatisticsMessage,
  pipelineStatisticsMessage,
} from '../../../src/messages/pipelineStatisticsMessage.js';
import { FrameAccounting } from '../../../src/stats/FrameAccounting.js';
import { StageStatistics } from '../../../src/stats/StageStatistics.js';

class Screen {
  text = '';
  readonly columns = 100;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

function terminalOn(screen: Screen, env: NodeJS.ProcessEnv = {}): Terminal {
  const stream = screen as unknown as NodeJS.WriteStream;
  return new Terminal({ stdout: stream, stderr: stream }, env);
}

function statistics(frames: number): PipelineStatisticsMessage {
  const accounting = new FrameAccounting();
  const stages = new StageStatistics();
  for (let frame = 0; frame < frames; frame++) {
    accounting.receive();
    if (frame === 0) accounting.drop('queue_full');
    else {
      accounting.publish();
      stages.record('total', 12_000_000);
    }
  }
  return pipelineStatisticsMessage({
    stamp: { sec: 1, nanosec: 0 },
    windowNs: 1_000_000_000n,
    counts: accounting.counts(),
    superseded: frames / 2,
    missing: frames / 5,
    queuedCount: 2,
    framesPerSecond: 29.97,
    meanBatchSize: 1,
    stages: stages.takeWindow(),
    threads: 4,
    workersServing: 4,
    workersLost: 0,
    modelName: 'efficientvit_m5',
    backend: 'bpu_sim',
    runtime: 'simulated rdk-x5',
    isSimulated: true,
    isPaused: false,
    machine: { cpuLoadPercent: 42 },
  });
}

describe('effvit top', () => {
  it('says everything on one line, and what nobody knows', () => {
    const line = statisticsLine(statistics(10));
    assert.equal(
      line.replace(/p95 1\d\.\d ms/, 'p95 12 ms'),
      'fps 30.0  latency p95 12 ms  received 10  published 9  dropped 1 (queue_full 1)  superseded 5  missing 2  queued 2  CPU 42 %  BPU n/a  SIMULATED',
    );
    assert.match(statisticsLine(statistics(0)), /latency p95 n\/a/);
    assert.doesNotMatch(statisticsLine(statistics(0)), /missing|superseded/);
  });

  it('shows a screen with the stages that frames passed', () => {
    const lines = statisticsLines(statistics(10), '/classifier', terminalOn(new Screen(false)));
    const text = lines.join('\n');
    assert.match(text, /^\/classifier {2}efficientvit_m5 on simulated rdk-x5/);
    assert.match(text, /SIMULATED/);
    assert.match(text, /missing 2: sent by the cameras/);
    assert.match(text, /superseded 5: a newer frame came/);
    assert.match(text, /total\s+│\s+9\s+│/);
    assert.doesNotMatch(text, /NaN|decode/);
    const idle = statisticsLines(statistics(0), '/classifier', terminalOn(new Screen(false)));
    assert.match(idle.join('\n'), /no frame in the last second/);
  });

  it('says that a node is paused', () => {
    const paused = { ...statistics(10), is_paused: true };
    assert.match(statisticsLine(paused), / {2}PAUSED$/);
    const screen = statisticsLines(paused, '/classifier', terminalOn(new Screen(false)));
    assert.match(screen.join('\n'), /\nPAUSED: no camera is listened to/);
  });

  it('redraws in place on a terminal alone, and without colours where NO_COLOR says so', () => {
    const screen = new Screen(true);
    const terminal = terminalOn(screen, { NO_COLOR: '1' });
    terminal.redraw(['a', terminal.bold('b')]);
    terminal.redraw(['c']);
    assert.equal(screen.text, 'a\nb\n\x1b[2A\x1b[Jc\n');
    const file = new Screen(false);
    const plain = terminalOn(file);
    plain.redraw(['a']);
    plain.redraw(['b']);
    assert.equal(file.text, 'a\nb\n');
  });
});
