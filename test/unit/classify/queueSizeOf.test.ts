import assert from 'node:assert/strict';
import { queueSizeOf } from '../../../src/classify/queueSizeOf.js';
import { fillParameters } from '../../../src/core/parameters.js';

describe('queueSizeOf', () => {
  it('has one place for each camera where no size is given', () => {
    assert.equal(queueSizeOf(fillParameters()), 1);
    assert.equal(queueSizeOf({ ...fillParameters(), image_topics: ['left', 'right', 'rear'] }), 3);
  });

  it('reads ahead under block', () => {
    assert.equal(queueSizeOf({ ...fillParameters(), drop_policy: 'block' }), 4);
  });

  it('takes the size that is given', () => {
    for (const drop_policy of ['oldest', 'block'] as const) {
      assert.equal(queueSizeOf({ ...fillParameters(), drop_policy, queue_size: 7 }), 7);
    }
  });
});
