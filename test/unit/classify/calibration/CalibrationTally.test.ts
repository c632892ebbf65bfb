import assert from 'node:assert/strict';
import { CalibrationTally } from '../../../../src/classify/calibration/CalibrationTally.js';

describe('CalibrationTally', () => {
  it('has the expected calibration error that is counted by hand', () => {
    const tally = new CalibrationTally();
    tally.add(Float64Array.of(0.95, 0.05), 0);
    tally.add(Float64Array.of(0.03, 0.97), 0);
    tally.add(Float64Array.of(0.58, 0.42), 0);
    tally.add(Float64Array.of(0.44, 0.56), 1);
    const { ecePercent, nll, bins } = tally.report();
    // (14/15, 1]: 0.5 right at 0.96; (8/15, 9/15]: all right at 0.57.
    assert.ok(Math.abs(ecePercent - 100 * (0.5 * 0.46 + 0.5 * 0.43)) < 1e-9, `${ecePercent}`);
    const expected = -(Math.log(0.95) + Math.log(0.03) + Math.log(0.58) + Math.log(0.56)) / 4;
    assert.ok(Math.abs(nll - expected) < 1e-12);
    assert.deepEqual(
      bins.map(({ upTo, pictures, accuracy }) => [upTo, pictures, accuracy]),
      [
        [9 / 15, 2, 1],
        [1, 2, 0.5],
      ],
    );
  });

  it('puts the end of a bin into it, and certainty into the last one', () => {
    const tally = new CalibrationTally();
    for (const confidence of [3 / 15, 1]) tally.add(Float64Array.of(confidence, 0, 0), 0);
    assert.deepEqual(
      tally.report().bins.map(({ upTo }) => upTo),
      [3 / 15, 1],
    );
  });

  it('is nothing without a picture, and finite for a class without a chance', () => {
    assert.deepEqual(new CalibrationTally().report(), { ecePercent: 0, nll: 0, bins: [] });
    const tally = new CalibrationTally();
    tally.add(Float64Array.of(1, 0), 1);
    assert.ok(Number.isFinite(tally.report().nll));
  });
});
