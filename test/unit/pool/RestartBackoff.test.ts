import assert from 'node:assert/strict';
import { RestartBackoff } from '../../../src/pool/RestartBackoff.js';

function made() {
  let nowMs = 0;
  const backoff = new RestartBackoff({ nowNs: () => nowMs * 1e6 });
  return {
    delayAfterDeathMs: (atMs: number) => {
      nowMs = atMs;
      return backoff.nextDelayMs();
    },
  };
}

describe('RestartBackoff', () => {
  it('doubles from 0.1 s to 10 s while replacements die at once', () => {
    const backoff = made();
    const delays: number[] = [];
    let nowMs = 5000;
    for (let death = 0; death < 9; death += 1) {
      const delayMs = backoff.delayAfterDeathMs(nowMs);
      delays.push(delayMs);
      nowMs += delayMs + 1;
    }
    assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  it('counts deaths during one delay once, and waits only for what is left of it', () => {
    const backoff = made();
    assert.equal(backoff.delayAfterDeathMs(0), 100);
    assert.equal(backoff.delayAfterDeathMs(10), 90);
    assert.equal(backoff.delayAfterDeathMs(30), 70);
    assert.equal(backoff.delayAfterDeathMs(120), 200);
  });

  it('starts anew after ten quiet seconds', () => {
    const backoff = made();
    backoff.delayAfterDeathMs(0);
    assert.equal(backoff.delayAfterDeathMs(150), 200);
    assert.equal(backoff.delayAfterDeathMs(10_150), 100);
  });

  it('wants twice the last delay to be quiet before it trusts again', () => {
    const backoff = made();
    let nowMs = 0;
    for (let death = 0; death < 8; death += 1) nowMs += backoff.delayAfterDeathMs(nowMs) + 1;
    assert.equal(backoff.delayAfterDeathMs(nowMs + 5000), 10_000);
    assert.equal(backoff.delayAfterDeathMs(nowMs + 5000 + 20_000), 100);
  });
});
