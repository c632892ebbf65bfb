import assert from 'node:assert/strict';
import { latencyCurves, PERCENTS } from '../../../../src/report/replay/latencyCurves.js';

describe('latencyCurves', () => {
  const at = (values: readonly number[] | undefined, percent: number): number | undefined =>
    values?.[PERCENTS.indexOf(percent)];

  it('reads percentiles by nearest rank', () => {
    const rows = Array.from({ length: 200 }, (_, index) => [200 - index]);
    const [curve] = latencyCurves(['total'], rows);
    assert.equal(at(curve?.valuesMs, 0), 1);
    assert.equal(at(curve?.valuesMs, 50), 100);
    assert.equal(at(curve?.valuesMs, 95), 190);
    assert.equal(at(curve?.valuesMs, 99), 198);
    assert.equal(at(curve?.valuesMs, 100), 200);
  });

  it('leaves out stages that no frame passed, and frames that did not pass one', () => {
    const curves = latencyCurves(['decode', 'copy', 'inference'], [[0, 0, 5], [], [4, 0, 6]]);
    assert.deepEqual(
      curves.map(({ stage }) => stage),
      ['decode', 'inference'],
    );
    assert.equal(at(curves[0]?.valuesMs, 0), 4);
  });

  it('has nothing for a replay that classified nothing', () => {
    assert.deepEqual(latencyCurves(['total'], [[], []]), []);
    assert.deepEqual(latencyCurves(['total'], []), []);
  });

  it('asks for the percents in order, once each', () => {
    assert.deepEqual(
      PERCENTS,
      [...new Set(PERCENTS)].sort((a, b) => a - b),
    );
    for (const percent of [50, 95, 99, 100]) assert.ok(PERCENTS.includes(percent), String(percent));
  });
});
