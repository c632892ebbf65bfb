import assert from 'node:assert/strict';
import fc from 'fast-check';
import { wholeRegion } from '../../../src/image/PictureRegion.js';
import {
  PREPROCESS_RESIZE_MODES,
  type PreprocessOptions,
  preprocessOptions,
} from '../../../src/image/PreprocessOptions.js';
import { classifiedRegion, resizeGeometry } from '../../../src/image/ResizeGeometry.js';

/** [scaled], [crop's corner], [inner rectangle], filter. */
function summary(widthPx: number, heightPx: number, given: Partial<PreprocessOptions>) {
  const g = resizeGeometry(widthPx, heightPx, preprocessOptions(given));
  return [
    [g.x.scaledPx, g.y.scaledPx],
    [g.x.cropPx, g.y.cropPx],
    [g.x.marginPx, g.y.marginPx, g.x.innerPx, g.y.innerPx],
    g.filter,
  ];
}

const whole = [0, 0, 224, 224];

describe('resizeGeometry', () => {
  it('stretches to the whole input', () => {
    assert.deepEqual(summary(640, 480, { resizeMode: 'stretch' }), [[224, 224], [0, 0], whole, 'area']);
  });

  it('crops as torchvision: short side scaled, long side truncated, offset rounded half to even', () => {
    const crop = { resizeMode: 'crop' } as const;
    // torchvision: int(256 * 640 / 480) = 341; round((341 - 224) / 2) = round(58.5) = 58.
    assert.deepEqual(summary(640, 480, crop), [[341, 256], [58, 16], whole, 'antialias']);
    assert.deepEqual(summary(480, 640, crop), [[256, 341], [16, 58], whole, 'antialias']);
    // int(256 * 1080 / 1920)... the short side is 1080: int(256 * 1920 / 1080) = 455; round(115.5) = 116.
    assert.deepEqual(summary(1920, 1080, crop), [[455, 256], [116, 16], whole, 'area']);
    assert.deepEqual(summary(375, 500, crop), [[256, 341], [16, 58], whole, 'antialias']);
  });

  it('letterboxes as the model zoo: scaled size truncated, padding split with the smaller half first', () => {
    const letterbox = { resizeMode: 'letterbox' } as const;
    assert.deepEqual(summary(640, 480, letterbox), [[224, 168], [0, 0], [0, 28, 224, 168], 'area']);
    // 224 * 1080 / 1920 = 126; 224 / 500 * 375 = 168; 224 / 501 * 375 = 167.66.
    assert.deepEqual(summary(1920, 1080, letterbox), [[224, 126], [0, 0], [0, 49, 224, 126], 'area']);
    assert.deepEqual(summary(375, 501, letterbox), [[167, 224], [0, 0], [28, 0, 167, 224], 'area']);
    assert.deepEqual(summary(5000, 2, letterbox), [[224, 1], [0, 0], [0, 111, 224, 1], 'area']);
  });

  it('does not lose a column to floating point, as min(224 / w, 224 / h) * w may', () => {
    for (let side = 1; side <= 3000; side++) {
      const { x, y } = resizeGeometry(side, side, preprocessOptions({ resizeMode: 'letterbox' }));
      assert.deepEqual([x.scaledPx, y.scaledPx], [224, 224]);
    }
  });

  it('leaves frames of the right size as they are in every mode', () => {
    for (const resizeMode of PREPROCESS_RESIZE_MODES) {
      assert.deepEqual(summary(224, 224, { resizeMode }).slice(0, 3), [[224, 224], [0, 0], whole]);
    }
  });

  it('takes area from more than twice on, in either axis', () => {
    const stretch = { resizeMode: 'stretch' } as const;
    const filterOf = (width: number, height: number) => summary(width, height, stretch)[3];
    assert.equal(filterOf(448, 448), 'antialias');
    assert.equal(filterOf(449, 100), 'area');
    assert.equal(filterOf(100, 449), 'area');
    assert.equal(summary(4000, 4000, { ...stretch, filter: 'bilinear' })[3], 'bilinear');
  });

  it('always stays inside the input and the picture', () => {
    const side = fc.integer({ min: 1, max: 65535 });
    fc.assert(
      fc.property(side, side, fc.constantFrom(...PREPROCESS_RESIZE_MODES), (width, height, resizeMode) => {
        const options = preprocessOptions({
          resizeMode,
          widthPx: 320,
          heightPx: 192,
          resizeShortSidePx: 330,
        });
        const g = resizeGeometry(width, height, options);
        assert.ok(g.x.innerPx >= 1 && g.x.marginPx + g.x.innerPx <= 320);
        assert.ok(g.y.innerPx >= 1 && g.y.marginPx + g.y.innerPx <= 192);
        assert.ok(g.x.cropPx >= 0 && g.x.cropPx + g.x.innerPx <= g.x.scaledPx);
        assert.ok(g.y.cropPx >= 0 && g.y.cropPx + g.y.innerPx <= g.y.scaledPx);
        if (resizeMode !== 'letterbox') assert.deepEqual([g.x.innerPx, g.y.innerPx], [320, 192]);
      }),
    );
  });
});

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
