import assert from 'node:assert/strict';
import { classifierOptions } from '../../../src/classify/classifierOptions.js';
import { PictureJudge, problemText } from '../../../src/classify/PictureJudge.js';
import type { PictureFigures } from '../../../src/image/PictureFigures.js';

const GOOD: PictureFigures = {
  brightness: 120,
  contrast: 40,
  sharpness: 300,
  flatShare: 0.1,
  contentHash: 1,
};
const LIMITS = classifierOptions();

describe('PictureJudge', () => {
  const S = 1_000_000_000n;

  const cases: readonly (readonly [Partial<PictureFigures>, readonly string[]])[] = [
    [{}, []],
    [{ brightness: 19.9 }, ['too_dark']],
    [{ brightness: 20 }, []],
    [{ brightness: 235.1 }, ['too_bright']],
    [{ contrast: 9.9 }, ['low_contrast']],
    [{ sharpness: 19.9 }, ['blurred']],
    [{ flatShare: 0.91 }, ['covered']],
    // What shows nothing is not blurred as well.
    [{ flatShare: 1, brightness: 3, contrast: 1, sharpness: 2 }, ['covered', 'too_dark', 'low_contrast']],
  ];
  for (const [figures, problems] of cases) {
    it(`finds ${problems.join(', ') || 'nothing'} in ${JSON.stringify(figures)}`, () => {
      const condition = new PictureJudge().take('/camera', 0n, { ...GOOD, ...figures }, LIMITS);
      assert.deepEqual(condition.problems, problems);
      for (const problem of condition.problems) {
        assert.match(problemText(problem, condition, LIMITS), /(below min_|above max_)\w+ [\d.]+$/);
      }
    });
  }

  it('judges nothing at limits that say so', () => {
    const limits = {
      minBrightness: 0,
      maxBrightness: 255,
      minContrast: 0,
      minSharpness: 0,
      maxFlatShare: 1,
      maxUnchangedMs: 0,
    };
    const judge = new PictureJudge();
    const black = { brightness: 0, contrast: 0, sharpness: 0, flatShare: 1, contentHash: 7 };
    judge.take('/camera', 0n, black, limits);
    assert.deepEqual(judge.take('/camera', 3600n * S, black, limits).problems, []);
  });

  it('begins anew once it forgot', () => {
    const judge = new PictureJudge();
    judge.take('/a', 0n, GOOD, LIMITS);
    assert.ok(judge.take('/a', 60n * S, GOOD, LIMITS).problems.includes('frozen'));
    judge.clear();
    assert.equal(judge.take('/a', 61n * S, GOOD, LIMITS).unchangedNs, 0);
  });

  it('calls a camera frozen whose content stays for longer than the limit, each camera by itself', () => {
    const judge = new PictureJudge();
    const take = (source: string, atS: bigint, contentHash: number) =>
      judge.take(source, atS * S, { ...GOOD, contentHash }, LIMITS);
    assert.equal(take('/a', 10n, 1).unchangedNs, 0);
    take('/b', 10n, 1);
    assert.deepEqual(take('/a', 12n, 1).problems, []);
    assert.deepEqual(take('/a', 13n, 1).problems, ['frozen']);
    assert.equal(take('/a', 13n, 1).unchangedNs, 3e9);
    assert.deepEqual(take('/b', 13n, 2).problems, []);
    assert.deepEqual(take('/a', 14n, 3), {
      figures: { ...GOOD, contentHash: 3 },
      unchangedNs: 0,
      problems: [],
    });
    // Another content in between begins anew, and so does a stamp that goes back.
    take('/a', 20n, 3);
    assert.equal(take('/a', 5n, 3).unchangedNs, 0);
    assert.equal(take('/a', 6n, 3).unchangedNs, 1e9);
  });
});
