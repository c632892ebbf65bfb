import assert from 'node:assert/strict';
import { CalibrationTally } from '../../../../src/classify/calibration/CalibrationTally.js';
import { fitTemperature, type LabelledLogits } from '../../../../src/classify/calibration/fitTemperature.js';
import { classProbabilities } from '../../../../src/pool/classProbabilities.js';
import { Random } from '../../../../training/Random.js';

const CLASSES = 8;

/** Pictures whose class follows the softmax of their logits at a temperature. */
function drawn(count: number, temperature: number): LabelledLogits[] {
  const random = new Random(5, Math.round(temperature * 1000));
  return Array.from({ length: count }, () => {
    const logits = Float32Array.from({ length: CLASSES }, () => (random.next() - 0.5) * 12);
    const scores = classProbabilities(logits, 'logits', temperature);
    let left = random.next();
    let classIndex = 0;
    while (classIndex < CLASSES - 1 && left >= (scores[classIndex] ?? 0)) {
      left -= scores[classIndex] ?? 0;
      classIndex++;
    }
    return { logits, classIndex };
  });
}

function reportAt(pictures: readonly LabelledLogits[], temperature: number) {
  const tally = new CalibrationTally();
  for (const { logits, classIndex } of pictures) {
    tally.add(classProbabilities(logits, 'logits', temperature), classIndex);
  }
  return tally.report();
}

describe('fitTemperature', () => {
  it('is exact where the answer is known: two classes that differ by d and are right in a share p', () => {
    const [difference, right, wrong] = [3, 7, 2];
    const pictures = [...Array<number>(right).fill(0), ...Array<number>(wrong).fill(1)].map((classIndex) => ({
      logits: Float32Array.of(difference, 0),
      classIndex,
    }));
    const { temperature, isAtBound } = fitTemperature(pictures);
    assert.ok(Math.abs(temperature - difference / Math.log(right / wrong)) < 1e-6, `${temperature}`);
    assert.equal(isAtBound, false);
  });

  for (const known of [0.5, 1, 2.5]) {
    it(`finds ${known} again, and the calibration error goes with it`, () => {
      const pictures = drawn(4000, known);
      const { temperature } = fitTemperature(pictures);
      // Of 4000 pictures the fit's standard error is about two percent.
      assert.ok(Math.abs(temperature / known - 1) < 0.08, `${temperature}`);
      const after = reportAt(pictures, temperature);
      assert.ok(after.ecePercent < 2.5, `${after.ecePercent}`);
      for (const other of [temperature * 0.9, temperature * 1.1]) {
        assert.ok(reportAt(pictures, other).nll > after.nll);
      }
      if (known !== 1) assert.ok(reportAt(pictures, 1).ecePercent > 2 * after.ecePercent);
    });
  }

  it('tells where there is no best temperature', () => {
    const logits = Float32Array.of(4, 1, 0);
    assert.equal(fitTemperature([{ logits, classIndex: 0 }]).isAtBound, true);
    assert.equal(fitTemperature([{ logits, classIndex: 2 }]).isAtBound, true);
    const even = Float32Array.of(1, 1, 1);
    assert.equal(fitTemperature([{ logits: even, classIndex: 2 }]).isAtBound, true);
  });
});
