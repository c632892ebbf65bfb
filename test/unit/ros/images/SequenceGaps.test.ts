import assert from 'node:assert/strict';
import { SequenceGaps } from '../../../../src/ros/images/SequenceGaps.js';

const message = (publisher: number, number: bigint) => ({
  publisher_gid: Buffer.alloc(16, publisher),
  publication_sequence_number: number,
});

describe('SequenceGaps', () => {
  it('counts what lies between two messages of a publisher', () => {
    const gaps = new SequenceGaps();
    const missing = [1n, 2n, 5n, 6n, 10n].map((number) => gaps.before(message(1, number)));
    assert.deepEqual(missing, [0, 0, 2, 0, 3]);
  });

  it('takes the first message of each publisher as the beginning', () => {
    const gaps = new SequenceGaps();
    assert.equal(gaps.before(message(1, 1000n)), 0);
    assert.equal(gaps.before(message(2, 7n)), 0);
    assert.equal(gaps.before(message(1, 1002n)), 1);
    assert.equal(gaps.before(message(2, 9n)), 1);
  });

  it('counts nothing twice where messages come late or again', () => {
    const gaps = new SequenceGaps();
    const missing = [4n, 6n, 5n, 6n, 7n].map((number) => gaps.before(message(1, number)));
    assert.deepEqual(missing, [0, 1, 0, 0, 0]);
  });

  it('counts nothing where the middleware does not number its messages', () => {
    const gaps = new SequenceGaps();
    for (let round = 0; round < 3; round++) assert.equal(gaps.before(message(1, -1n)), 0);
  });

  it('keeps counting after more publishers than it remembers', () => {
    const gaps = new SequenceGaps();
    for (let publisher = 0; publisher < 100; publisher++) {
      assert.equal(gaps.before(message(publisher, 1n)), 0);
      assert.equal(gaps.before(message(publisher, 3n)), 1);
    }
  });
});
