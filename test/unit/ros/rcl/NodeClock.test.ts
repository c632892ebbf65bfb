import assert from 'node:assert/strict';
import { NodeClock } from '../../../../src/ros/rcl/NodeClock.js';

describe('NodeClock', () => {
  let systemNs = 0n;
  let monotonicNs = 0;
  let isRosTimeActive = false;
  let simulatedNs = 0n;
  let asked = 0;
  let clock: NodeClock;

  beforeEach(() => {
    [systemNs, monotonicNs, isRosTimeActive, simulatedNs, asked] = [
      1_700_000_000_123_456_789n,
      5e9,
      false,
      0n,
      0,
    ];
    const node = {
      now: () => {
        asked += 1;
        return { nanoseconds: isRosTimeActive ? simulatedNs : systemNs };
      },
      getClock: () => ({ isRosTimeActive }),
    };
    clock = new NodeClock(node, () => monotonicNs);
  });

  function pass(ns: number): void {
    systemNs += BigInt(ns);
    monotonicNs += ns;
  }

  it('tells the time of the system to the nanosecond, and asks for it ten times a second', () => {
    for (let index = 0; index < 100; index++) {
      assert.equal(clock.nowNs(), systemNs);
      pass(1_000_001);
    }
    assert.equal(asked, 1);
    pass(1_000_000);
    assert.equal(clock.nowNs(), systemNs);
    assert.equal(asked, 2);
  });

  it('follows a system clock that was set within a tenth of a second', () => {
    clock.nowNs();
    systemNs -= 3_600_000_000_000n;
    pass(100_000_001);
    assert.equal(clock.nowNs(), systemNs);
  });

  it('tells simulated time as it stands, also where it runs back, and none before its first tick', () => {
    clock.nowNs();
    isRosTimeActive = true;
    assert.equal(clock.nowNs(), undefined);
    for (const now of [7n, 9n, 3n]) {
      simulatedNs = now;
      assert.equal(clock.nowNs(), now);
    }
  });

  it('looks at the system anew when simulated time ends', () => {
    clock.nowNs();
    isRosTimeActive = true;
    clock.nowNs();
    systemNs += 500_000_000n;
    isRosTimeActive = false;
    assert.equal(clock.nowNs(), systemNs);
  });
});
