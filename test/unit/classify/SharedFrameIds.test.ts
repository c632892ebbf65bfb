import assert from 'node:assert/strict';
import { SharedFrameIds } from '../../../src/classify/SharedFrameIds.js';

describe('SharedFrameIds', () => {
  it('reports a camera that has the frame_id of another, at its first frame only', () => {
    const ids = new SharedFrameIds();
    const look = (source: string, frameId: string) => ids.check({ source, frameId }, 'do this');
    assert.equal(look('/a', 'optical'), undefined);
    assert.equal(look('/a', 'optical'), undefined);
    assert.equal(look('/b', 'other'), undefined);
    assert.match(
      look('/c', 'optical') ?? '',
      /^\/a and \/c both send the frame_id 'optical', .*: do this\.$/,
    );
    assert.equal(look('/c', 'optical'), undefined);
    assert.match(look('/d', 'optical') ?? '', /^\/a and \/d/);
  });

  it('forgets nothing and keeps little, whatever comes', () => {
    const ids = new SharedFrameIds();
    for (let index = 0; index < 5000; index++) {
      assert.equal(ids.check({ source: `/${index}`, frameId: String(index) }, 'x'), undefined);
    }
  });
});
