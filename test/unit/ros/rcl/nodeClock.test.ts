import assert from 'node:assert/strict';
import { nodeClock } from '../../../../src/ros/rcl/nodeClock.js';

describe('nodeClock', () => {
  let systemNs = 0n;
  let monotonicNs = 0;
  let isRosTimeActive = false;
  let simulatedNs = 0n;
  let asked = 0;
  let nowNs: ReturnType<typeof nodeClock>;

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
    nowNs = nodeClock(node, () => monotonicNs);
  });

  function pass(ns: number): void {
    systemNs += BigInt(ns);
    monotonicNs += ns;
  }

  it('tells the time of the system to the nanosecond, and asks for it ten times a second', () => {
    for (let index = 0; index < 100; index++) {
      assert.equal(nowNs(), systemNs);
      pass(1_000_001);
    }
    assert.equal(asked, 1);
    pass(1_000_000);
    assert.equal(nowNs(), systemNs);
    assert.equal(asked, 2);
  });

  it('follows a system clock that was set within a tenth of a second', () => {
    nowNs();
    systemNs -= 3_600_000_000_000n;
    pass(100_000_001);
    assert.equal(nowNs(), systemNs);
  });

  it('tells simulated time as it stands, also where it runs back, and none before its first tick', () => {
    nowNs();
    isRosTimeActive = true;
    assert.equal(nowNs(), undefined);
    for (const now of [7n, 9n, 3n]) {
      simulatedNs = now;
      assert.equal(nowNs(), now);
    }
  });

  it('looks at the system anew when simulated time ends', () => {
    nowNs();
    isRosTimeActive = true;
    nowNs();
    systemNs += 500_000_000n;
    isRosTimeActive = false;
    assert.equal(nowNs(), systemNs);
  });
});
