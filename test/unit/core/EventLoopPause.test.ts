import assert from 'node:assert/strict';
import { EventLoopPause } from '../../../src/core/EventLoopPause.js';

describe('EventLoopPause', () => {
  it('lets timers run once the time is up, and costs nothing before', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    try {
      const never = new EventLoopPause(1e9);
      for (let step = 0; step < 1000; step++) await never.due();
      assert.equal(turns, 0);
      const always = new EventLoopPause(0);
      const until = Date.now() + 5000;
      while (turns < 3 && Date.now() < until) await always.due();
      assert.ok(turns >= 3);
    } finally {
      clearInterval(timer);
    }
  });
});
