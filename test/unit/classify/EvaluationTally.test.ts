import assert from 'node:assert/strict';
import { EvaluationTally } from '../../../src/classify/EvaluationTally.js';

const LABELS = ['cat', 'dog', 'owl', 'fox', 'hen', 'rat', 'cow'];
const ranked = (...indices: number[]) =>
  indices.map((index) => ({ index, label: LABELS[index] ?? '', score: 0.1 }));

describe('EvaluationTally', () => {
  it('counts top-1, top-5, the classes and the confusions', () => {
    const tally = new EvaluationTally(LABELS);
    tally.add(0, ranked(0, 1, 2, 3, 4));
    tally.add(0, ranked(1, 0, 2, 3, 4));
    tally.add(1, ranked(2, 3, 4, 5, 6, 1));
    tally.add(1, ranked(2, 1, 4, 5, 6));
    const report = tally.report();
    assert.equal(report.pictures, 4);
    assert.equal(report.top1Percent, 25);
    assert.equal(report.top5Percent, 75);
    assert.deepEqual(
      report.classes.map(({ label, top1Percent, top5Percent }) => [label, top1Percent, top5Percent]),
      [
        ['dog', 0, 50],
        ['cat', 50, 100],
      ],
    );
    assert.deepEqual(report.confusions, [
      { truth: 'dog', predicted: 'owl', pictures: 2 },
      { truth: 'cat', predicted: 'dog', pictures: 1 },
    ]);
  });

  it('counts a truth that is in no place as neither', () => {
    const tally = new EvaluationTally(LABELS);
    tally.add(6, ranked(0, 1, 2, 3, 4));
    tally.add(6, []);
    assert.deepEqual([tally.report().top1Percent, tally.report().top5Percent], [0, 0]);
  });

  it('reports an empty set as empty', () => {
    const report = new EvaluationTally(LABELS).report();
    assert.deepEqual(report, { pictures: 0, top1Percent: 0, top5Percent: 0, classes: [], confusions: [] });
  });
});
