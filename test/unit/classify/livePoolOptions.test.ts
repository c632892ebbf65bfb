import assert from 'node:assert/strict';
import { queueSizeOf } from '../../../src/classify/livePoolOptions.js';

describe('queueSizeOf', () => {
  it('has a place for each camera, and for the frames of one task', () => {
    const live = { queueSize: 0, dropPolicy: 'oldest' } as const;
    assert.equal(queueSizeOf(live, 1, 1), 1);
    assert.equal(queueSizeOf(live, 3, 1), 3);
    assert.equal(queueSizeOf(live, 3, 4), 4);
    assert.equal(queueSizeOf(live, 6, 4), 6);
  });

  it('keeps the workers of a reader that waits busy', () => {
    assert.equal(queueSizeOf({ queueSize: 0, dropPolicy: 'block' }, 1, 1), 4);
    assert.equal(queueSizeOf({ queueSize: 0, dropPolicy: 'block' }, 1, 8), 8);
  });

  it('is what was asked for, whatever comes', () => {
    assert.equal(queueSizeOf({ queueSize: 2, dropPolicy: 'newest' }, 5, 8), 2);
  });
});
