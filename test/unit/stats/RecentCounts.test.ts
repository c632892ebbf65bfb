import assert from 'node:assert/strict';
import { FrameAccounting } from '../../../src/stats/FrameAccounting.js';
import { RecentCounts } from '../../../src/stats/RecentCounts.js';

describe('RecentCounts', () => {
  it('counts what happened since a given number of reads', () => {
    const accounting = new FrameAccounting();
    const recent = new RecentCounts(3);
    const received: number[] = [];
    for (const frames of [1, 10, 100, 1000, 10_000]) {
      for (let frame = 0; frame < frames; frame++) {
        accounting.receive();
        if (frame % 2 === 0) accounting.publish();
        else accounting.drop('too_old');
      }
      const counts = recent.take(accounting.counts());
      assert.equal(counts.published + counts.dropped.too_old, counts.received);
      assert.equal(counts.dropped.queue_full, 0);
      received.push(counts.received);
    }
    assert.deepEqual(received, [1, 11, 111, 1110, 11_100]);
  });
});
