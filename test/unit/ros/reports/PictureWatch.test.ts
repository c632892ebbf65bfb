import assert from 'node:assert/strict';
import type { PictureCondition, PictureProblem } from '../../../../src/pool/FrameOutcome.js';
import { fillParameters } from '../../../../src/ros/parameters/parameterTable.js';
import { pictureValues, pictureVerdict } from '../../../../src/ros/reports/cameraStatus.js';
import { PictureWatch } from '../../../../src/ros/reports/PictureWatch.js';

const NS_PER_S = 1e9;

function condition(brightness: number, ...problems: readonly PictureProblem[]): PictureCondition {
  const figures = { brightness, contrast: 40, sharpness: 300, flatShare: 0.1, contentHash: 1 };
  return { figures, unchangedNs: 2.5e9, problems };
}

describe('PictureWatch', () => {
  it('tells what is wrong with more than half of the frames of the last seconds', () => {
    const watch = new PictureWatch();
    assert.equal(watch.view(0), undefined);
    for (let frame = 0; frame < 4; frame++) watch.look(condition(120), frame * 0.5 * NS_PER_S);
    for (let frame = 4; frame < 8; frame++) watch.look(condition(5, 'too_dark'), frame * 0.5 * NS_PER_S);
    assert.deepEqual(watch.view(3.5 * NS_PER_S)?.problems, []);
    watch.look(condition(6, 'too_dark', 'frozen'), 4 * NS_PER_S);
    const view = watch.view(4 * NS_PER_S);
    assert.deepEqual(
      view?.problems.map(({ problem, shown }) => [problem, shown.figures.brightness]),
      [['too_dark', 6]],
    );
    const parameters = fillParameters();
    assert.deepEqual(pictureVerdict(view, parameters), [
      1,
      'too dark: brightness 6.0 is below min_brightness 20',
    ]);
    assert.equal(pictureValues(view)['unchanged_ms'], 2500);
    assert.equal(watch.view(9.1 * NS_PER_S), undefined);
  });

  it('is an error where the camera shows nothing of the world', () => {
    const watch = new PictureWatch();
    watch.look(condition(120, 'frozen'), 0);
    const parameters = fillParameters();
    assert.deepEqual(pictureVerdict(watch.view(0), parameters), [
      2,
      'frozen: the same content for 2500 ms, above max_unchanged_ms 2000',
    ]);
    assert.equal(pictureVerdict(undefined, parameters), undefined);
    assert.deepEqual(pictureValues(undefined), {});
  });
});
