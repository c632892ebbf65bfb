import assert from 'node:assert/strict';
import type { ClassResult } from '../../../../src/classify/ClassResult.js';
import { ClassChanges } from '../../../../src/classify/smoothing/ClassChanges.js';

describe('ClassChanges', () => {
  const only = (index: number | undefined): ClassResult[] =>
    index === undefined ? [] : [{ index, label: `class_${index}`, score: 1 }];

  it('counts the changes of each camera, raw and smoothed, by the time that its stamps span', () => {
    const changes = new ClassChanges();
    const raw = [1, 2, undefined, 2, 1, 1];
    const smoothed = [1, 1, 1, 2, 2, 2];
    for (const [frame, index] of raw.entries()) {
      const header = { stamp: { sec: frame * 6, nanosec: 0 }, frameId: '', source: '/camera' };
      changes.add(header, { value: only(index), smoothed: only(smoothed[frame]) });
      changes.add({ ...header, source: '/other' }, { value: only(3), smoothed: only(3) });
    }
    // Half a minute from the first to the last.
    assert.deepEqual(
      [...changes.bySource()],
      [
        [
          '/camera',
          { raw: { changes: 2, perMinute: 4 }, smoothed: { changes: 1, perMinute: 2 }, spanNs: 30e9 },
        ],
        [
          '/other',
          { raw: { changes: 0, perMinute: 0 }, smoothed: { changes: 0, perMinute: 0 }, spanNs: 30e9 },
        ],
      ],
    );
  });

  it('lets no time pass where stamps go back, as where a recording is played again', () => {
    const changes = new ClassChanges();
    for (const [sec, index] of [
      [0, 1],
      [30, 2],
      [0, 1],
      [30, 2],
    ] as const) {
      changes.add({ stamp: { sec, nanosec: 0 }, frameId: '', source: '' }, { value: only(index) });
    }
    assert.deepEqual(changes.bySource().get('')?.raw, { changes: 3, perMinute: 3 });
  });
});
