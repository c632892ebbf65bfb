import assert from 'node:assert/strict';
import { withinLimit } from '../../../src/pool/withinLimit.js';

describe('withinLimit', () => {
  it('says whether the promise was settled in time', async () => {
    assert.equal(await withinLimit(Promise.resolve(7), 60_000), true);
    assert.equal(await withinLimit(new Promise(() => undefined), 5), false);
  });

  it('passes a rejection on', async () => {
    await assert.rejects(withinLimit(Promise.reject(new RangeError('no')), 60_000), RangeError);
  });
});
