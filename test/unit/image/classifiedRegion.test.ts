import assert from 'node:assert/strict';
import { classifiedRegion } from '../../../src/image/classifiedRegion.js';
import { wholeRegion } from '../../../src/image/PictureRegion.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';

describe('classifiedRegion', () => {
  const region = (widthPx: number, heightPx: number, resizeMode: 'stretch' | 'crop' | 'letterbox') => {
    const part = classifiedRegion(
      wholeRegion(widthPx, heightPx),
      preprocessOptions({ resizeMode, resizeShortSidePx: 256 }),
    );
    return [part.leftPx, part.topPx, part.widthPx, part.heightPx];
  };

  it('is the whole picture where nothing is cut off', () => {
    assert.deepEqual(region(640, 480, 'stretch'), [0, 0, 640, 480]);
    assert.deepEqual(region(1920, 1080, 'letterbox'), [0, 0, 1920, 1080]);
    assert.deepEqual(region(224, 224, 'crop'), [0, 0, 224, 224]);
  });

  it('is the centre of the picture, in its own pixels, where the borders are cut off', () => {
    // 960x544 becomes 451x256, of which 224x224 are kept from column 114 and row 16.
    assert.deepEqual(region(960, 544, 'crop'), [243, 34, 477, 476]);
    assert.deepEqual(region(512, 512, 'crop'), [32, 32, 448, 448]);
  });

  it('lies where its part of the picture lies', () => {
    const part = { leftPx: 101, topPx: 33, widthPx: 512, heightPx: 512 };
    const options = preprocessOptions({ resizeMode: 'crop', resizeShortSidePx: 256 });
    assert.deepEqual(classifiedRegion(part, options), {
      leftPx: 133,
      topPx: 65,
      widthPx: 448,
      heightPx: 448,
    });
  });

  it('lies within the picture for all sizes', () => {
    for (let widthPx = 1; widthPx < 900; widthPx += 37) {
      for (let heightPx = 1; heightPx < 900; heightPx += 41) {
        for (const mode of ['stretch', 'crop', 'letterbox'] as const) {
          const [left = 0, top = 0, width = 0, height = 0] = region(widthPx, heightPx, mode);
          assert.ok(left >= 0 && top >= 0 && width > 0 && height > 0, `${mode} ${widthPx}x${heightPx}`);
          assert.ok(left + width <= widthPx && top + height <= heightPx, `${mode} ${widthPx}x${heightPx}`);
        }
      }
    }
  });
});
