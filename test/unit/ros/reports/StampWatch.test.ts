import assert from 'node:assert/strict';
import { StampWatch } from '../../../../src/ros/reports/StampWatch.js';

const S = 1_000_000_000n;
const NOW = 1_800_000_000n * S;

describe('StampWatch', () => {
  /** The problem after frames at 30 Hz whose stamps are `skewNs` ahead of the clock. */
  function problemOf(skewNs: (frame: number) => bigint, frames = 60): string | undefined {
    const watch = new StampWatch();
    let monotonicNs = 0;
    for (let frame = 0; frame < frames; frame++) {
      monotonicNs = frame * 33e6;
      const nowNs = NOW + BigInt(monotonicNs);
      watch.observe(nowNs + skewNs(frame), nowNs, monotonicNs);
    }
    return watch.problem(monotonicNs);
  }

  it('takes stamps of the same clock, late ones too', () => {
    assert.equal(
      problemOf(() => -30_000_000n),
      undefined,
    );
    assert.equal(
      problemOf(() => -3n * S),
      undefined,
    );
  });

  it('tells stamps ahead, with the figure', () => {
    assert.match(problemOf(() => 2n * S) ?? '', /^stamps are 2\.000 s ahead of the node's clock/);
  });

  it('tells stamps since boot, with the figure', () => {
    assert.match(problemOf(() => 3600n * S - NOW) ?? '', /s behind the node's clock: of another clock/);
  });

  it('tells stamps that run backwards', () => {
    assert.match(problemOf((frame) => (frame === 30 ? -1n * S : 0n)) ?? '', /ran backwards 1 times/);
  });

  it('forgets after some seconds, and takes frames without a stamp or before the clock has a time', () => {
    const watch = new StampWatch();
    watch.observe(NOW + 5n * S, NOW, 0);
    assert.ok(watch.problem(1e9) !== undefined);
    assert.equal(watch.problem(6e9), undefined);
    const other = new StampWatch();
    other.observe(0n, NOW, 0);
    other.observe(5n * S, undefined, 1);
    assert.equal(other.problem(1), undefined);
  });
});
