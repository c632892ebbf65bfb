import assert from 'node:assert/strict';
import { RateLimiter } from '../../../src/classify/RateLimiter.js';

const taken = (limiter: RateLimiter, cameraFps: number, seconds: number, source = 'a'): number => {
  let count = 0;
  for (let frame = 0; frame < cameraFps * seconds; frame++) {
    if (limiter.admits(source, (frame * 1e9) / cameraFps)) count++;
  }
  return count;
};

describe('RateLimiter', () => {
  it('takes everything at 0', () => {
    assert.equal(taken(new RateLimiter(0), 100, 2), 200);
  });

  it('keeps the rate of the limit, also when the camera is little faster', () => {
    assert.ok(Math.abs(taken(new RateLimiter(10), 100, 10) - 100) <= 1);
    assert.ok(Math.abs(taken(new RateLimiter(25), 30, 10) - 250) <= 1);
    assert.equal(taken(new RateLimiter(30), 15, 10), 150);
  });

  it('counts each source alone', () => {
    const limiter = new RateLimiter(10);
    assert.equal(limiter.admits('a', 0), true);
    assert.equal(limiter.admits('b', 1), true);
    assert.equal(limiter.admits('a', 2), false);
  });

  it('takes another limit for the very next frame, a higher one and a lower one', () => {
    const limiter = new RateLimiter(0.1);
    assert.equal(limiter.admits('a', 0), true);
    assert.equal(limiter.admits('a', 1e9), false);
    limiter.setMaxFps(30);
    assert.equal(limiter.admits('a', 1e9 + 1), true);
    assert.equal(limiter.admits('a', 1e9 + 20e6), false);
    assert.equal(limiter.admits('a', 1e9 + 34e6), true);
    limiter.setMaxFps(0.5);
    assert.equal(limiter.admits('a', 2e9), false);
    assert.equal(limiter.admits('a', 3e9 + 34e6), true);
  });

  it('makes no burst after a pause, and opens at once when the limit goes', () => {
    const limiter = new RateLimiter(10);
    assert.equal(limiter.admits('a', 0), true);
    assert.equal(limiter.admits('a', 5e9), true);
    assert.equal(limiter.admits('a', 5e9 + 1e6), false);
    limiter.setMaxFps(0);
    assert.equal(limiter.admits('a', 5e9 + 2e6), true);
  });
});
