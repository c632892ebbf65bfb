import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boxRegion, wholeRegion, withMargin } from '../../../src/image/PictureRegion.js';
import { formatRoi, parseRoi, roiRegion } from '../../../src/image/Roi.js';

function regionOf(text: string, widthPx: number, heightPx: number) {
  const roi = parseRoi(text);
  assert.ok(roi !== undefined && roi !== 'malformed', text);
  const found = roiRegion(roi, widthPx, heightPx);
  if (found === undefined) return undefined;
  const { leftPx, topPx, ...size } = found.region;
  return [leftPx, topPx, size.widthPx, size.heightPx, found.isCut];
}

describe('parseRoi', () => {
  it('reads pixels and fractions, apart by commas or blanks, with brackets or without', () => {
    const pixels = { left: 10, top: 20, width: 300, height: 200.5, isFraction: false };
    for (const text of [
      '10,20,300,200.5',
      ' 10, 20, 300, 200.5 ',
      '10 20 300 200.5',
      '[10, 20, 300, 200.5]',
    ]) {
      assert.deepEqual(parseRoi(text), pixels, text);
    }
    assert.deepEqual(parseRoi('0,.25,1,0.5'), {
      left: 0,
      top: 0.25,
      width: 1,
      height: 0.5,
      isFraction: true,
    });
    assert.equal(parseRoi(''), undefined);
    assert.equal(parseRoi('  '), undefined);
  });

  it('tells what is none', () => {
    for (const text of [
      '1,2,3',
      '1,2,3,4,5',
      '1,2,3,x',
      '1,,2,3',
      '-1,0,10,10',
      '0,0,0,10',
      '0,0,10,0',
      '0,0,NaN,10',
      '0,0,Infinity,10',
      '0,0,70000,10',
      '0.5,0,0.6,1',
      '2,2,0.5,0.5',
      '100,100,50,0.5',
      '0,0.5,1,0.6',
      '[]',
    ]) {
      assert.equal(parseRoi(text), 'malformed', text);
    }
  });

  it('takes fractions that add up to 1 but for their last bit', () => {
    assert.notEqual(parseRoi('0.7,0,0.30000000000000004,1'), 'malformed');
  });

  it('reads back what formatRoi writes', () => {
    const roi = { left: 1.5, top: 2, width: 30, height: 40, isFraction: false };
    assert.deepEqual(parseRoi(formatRoi(roi)), roi);
  });
});

describe('roiRegion', () => {
  it('has its edges on the nearest pixels', () => {
    assert.deepEqual(regionOf('0.25,0.5,0.5,0.5', 641, 481), [160, 241, 321, 240, false]);
    assert.deepEqual(regionOf('0,0,1,1', 641, 481), [0, 0, 641, 481, false]);
    assert.deepEqual(regionOf('10.4,20.6,30.2,40', 640, 480), [10, 21, 31, 40, false]);
  });

  it('is cut to the picture, and says so', () => {
    assert.deepEqual(regionOf('600,400,100,80', 640, 480), [600, 400, 40, 80, true]);
    assert.deepEqual(regionOf('0,0,641,480', 640, 480), [0, 0, 640, 480, true]);
  });

  it('is none where it lies beyond', () => {
    assert.equal(regionOf('640,0,10,10', 640, 480), undefined);
    assert.equal(regionOf('0,480,10,10', 640, 480), undefined);
    // Less than half a pixel of this picture.
    assert.equal(regionOf('0,0,0.001,1', 100, 100), undefined);
  });
});

describe('boxRegion', () => {
  const picture = wholeRegion(640, 480);
  const box = (leftPx: number, topPx: number, widthPx: number, heightPx: number) => ({
    leftPx,
    topPx,
    widthPx,
    heightPx,
  });

  it('is cut to the picture', () => {
    assert.deepEqual(boxRegion(box(-10.2, -3, 20, 5.6), picture), box(0, 0, 10, 3));
    assert.deepEqual(boxRegion(box(-1000, -1000, 5000, 5000), picture), picture);
    assert.deepEqual(boxRegion(box(1, 2, 3, 4), picture), box(1, 2, 3, 4));
  });

  it('says why there is none', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let place = 0; place < 4; place++) {
        const numbers = [1, 2, 3, 4].map((number, index) => (index === place ? wrong : number));
        const [left = 0, top = 0, width = 0, height = 0] = numbers;
        assert.equal(boxRegion(box(left, top, width, height), picture), 'invalid');
      }
    }
    assert.equal(boxRegion(box(10, 10, 0, 5), picture), 'empty');
    assert.equal(boxRegion(box(10, 10, 5, -5), picture), 'empty');
    assert.equal(boxRegion(box(10, 10, 0.2, 5), picture), 'empty');
    assert.equal(boxRegion(box(640, 10, 5, 5), picture), 'outside');
    assert.equal(boxRegion(box(10, -20, 5, 20), picture), 'outside');
  });

  it('lies in its bounds, whatever the box', () => {
    const number = fc.double({ noNaN: false });
    const bounds = box(100, 50, 33, 77);
    fc.assert(
      fc.property(number, number, number, number, (left, top, width, height) => {
        const region = boxRegion(box(left, top, width, height), bounds);
        if (typeof region === 'string') return;
        assert.ok(region.widthPx >= 1 && region.heightPx >= 1);
        assert.ok(region.leftPx >= 100 && region.leftPx + region.widthPx <= 133);
        assert.ok(region.topPx >= 50 && region.topPx + region.heightPx <= 127);
      }),
    );
  });

  it('grows by a margin on each side', () => {
    assert.deepEqual(withMargin(box(100, 100, 40, 20), 0.25), box(90, 95, 60, 30));
    assert.deepEqual(withMargin(box(100, 100, 40, 20), 0), box(100, 100, 40, 20));
  });
});
