import assert from 'node:assert/strict';
import { STAGES, StageStatistics } from '../../../src/stats/StageStatistics.js';

describe('StageStatistics', () => {
  it('gives a window once and the whole always', () => {
    const statistics = new StageStatistics();
    statistics.record('inference', 10);
    statistics.record('inference', 20);
    assert.equal(statistics.takeWindow().inference.count, 2);
    statistics.record('inference', 30);
    assert.equal(statistics.summary().inference.count, 3);
    assert.equal(statistics.summary().inference.maxNs, 30);
    const window = statistics.takeWindow();
    assert.equal(window.inference.count, 1);
    assert.equal(window.inference.meanNs, 30);
    assert.equal(statistics.takeWindow().inference.count, 0);
    assert.equal(statistics.summary().inference.count, 3);
  });

  it('keeps the stages apart and names each of them', () => {
    const statistics = new StageStatistics();
    statistics.record('copy', 7);
    const summary = statistics.summary();
    assert.deepEqual(Object.keys(summary), [...STAGES]);
    for (const stage of STAGES) assert.equal(summary[stage].count, stage === 'copy' ? 1 : 0);
  });

  it('forgets everything on reset', () => {
    const statistics = new StageStatistics();
    statistics.record('total', 7);
    statistics.takeWindow();
    statistics.record('total', 8);
    statistics.reset();
    assert.equal(statistics.summary().total.count, 0);
    assert.equal(statistics.takeWindow().total.count, 0);
  });
});
