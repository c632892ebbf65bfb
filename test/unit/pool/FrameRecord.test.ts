import assert from 'node:assert/strict';
import { FrameRecord } from '../../../src/pool/FrameRecord.js';
import { type Ranking, topK } from '../../../src/pool/topK.js';

const TIMES = { startNs: 2, decodeNs: 3, preprocessNs: 4, batchWaitNs: 5, inferenceNs: 6, endedNs: 7 };
const LOGITS = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index * 7) * 9);

/** What the main thread reads of a frame whose worker had these scores. */
function reported(ranking: Ranking | undefined, logits = LOGITS, record = new FrameRecord()): FrameRecord {
  record.describe(0, 0, 1, { regionCount: 0, isOnDevice: false, ranking });
  const onWorker = new FrameRecord(record.buffer);
  onWorker.report(TIMES, new Uint8Array(0), undefined, 1);
  onWorker.rank(logits);
  return record;
}

describe('FrameRecord', () => {
  for (const activation of ['logits', 'probabilities'] as const) {
    for (const temperature of [1, 1.7]) {
      it(`has the worker rank ${activation} at temperature ${temperature} as the main thread would`, () => {
        const scores = activation === 'logits' ? LOGITS : LOGITS.map((value) => (value + 9) / 18);
        for (const k of [1, 5, 32]) {
          const ranked = reported({ k, activation, temperature }, scores).ranked();
          assert.deepEqual(ranked, topK(scores, k, activation, temperature));
        }
      });
    }
  }

  it('ranks all scores of a model with fewer', () => {
    const ranked = reported({ k: 5, activation: 'logits', temperature: 1 }, LOGITS.subarray(0, 3)).ranked();
    assert.equal(ranked?.length, 3);
  });

  it('has nothing ranked that nobody asked for, and not more than there is room for', () => {
    assert.equal(reported(undefined).ranked(), undefined);
    assert.equal(reported({ k: 33, activation: 'logits', temperature: 1 }).ranked(), undefined);
  });

  it('forgets the scores and the time of the frame before', () => {
    const record = reported({ k: 5, activation: 'logits', temperature: 1 });
    assert.ok(record.times().rankNs > 0);
    reported(undefined, LOGITS, record);
    assert.equal(record.ranked(), undefined);
    assert.deepEqual(record.times(), { handedOverNs: 1, ...TIMES, rankNs: 0 });
  });
});
