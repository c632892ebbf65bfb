import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  assertBalanced,
  DROP_CAUSES,
  FrameAccounting,
  totalDropped,
} from '../../../src/stats/FrameAccounting.js';

describe('FrameAccounting', () => {
  it('balances after any sequence of events', () => {
    const event = fc.oneof(
      fc.constant('receive' as const),
      fc.constant('publish' as const),
      fc.constant('reset' as const),
      fc.constantFrom(...DROP_CAUSES),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const accounting = new FrameAccounting();
        let inFlight = 0;
        for (const each of events) {
          if (each === 'receive') {
            accounting.receive();
            inFlight += 1;
          } else if (each === 'reset') {
            accounting.reset();
          } else if (inFlight > 0) {
            if (each === 'publish') accounting.publish();
            else accounting.drop(each);
            inFlight -= 1;
          }
          const counts = accounting.counts();
          assertBalanced(counts);
          assert.equal(counts.inFlight, inFlight);
        }
      }),
    );
  });

  it('counts drops by cause', () => {
    const accounting = new FrameAccounting();
    for (let frame = 0; frame < 4; frame += 1) accounting.receive();
    accounting.drop('too_old');
    accounting.drop('too_old');
    accounting.drop('bad_image');
    accounting.publish();
    const counts = accounting.counts();
    assert.deepEqual([counts.dropped.too_old, counts.dropped.bad_image, counts.published], [2, 1, 1]);
    assert.equal(totalDropped(counts), 3);
  });

  it('gives a picture that later frames do not change', () => {
    const accounting = new FrameAccounting();
    const before = accounting.counts();
    accounting.receive();
    accounting.drop('closed');
    assert.equal(before.received, 0);
    assert.equal(before.dropped.closed, 0);
  });

  it('refuses a frame that leaves twice, and a picture that does not add up', () => {
    const accounting = new FrameAccounting();
    accounting.receive();
    accounting.publish();
    assert.throws(() => accounting.publish(), { code: 'INTERNAL' });
    assert.throws(() => accounting.drop('closed'), { code: 'INTERNAL' });
    assert.throws(() => assertBalanced({ ...accounting.counts(), received: 2 }), {
      code: 'INTERNAL',
      message: /received 2, published 1, dropped 0, in flight 0/,
    });
  });
});
