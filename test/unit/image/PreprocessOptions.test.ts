import assert from 'node:assert/strict';
import { type PreprocessOptions, preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { assertRefused } from '../../helpers/assertRefused.js';

describe('preprocessOptions', () => {
  it('fills in the defaults and freezes them', () => {
    const options = preprocessOptions();
    assert.deepEqual(options, {
      widthPx: 224,
      heightPx: 224,
      resizeMode: 'crop',
      resizeShortSidePx: 256,
      padValue: 127,
      range: 'full',
      sourceRange: 'full',
      filter: 'auto',
      resizeOn: 'auto',
      isMeasured: false,
      roi: undefined,
    });
    assert.ok(Object.isFrozen(options));
    assert.equal(preprocessOptions({ padValue: 0 }).padValue, 0);
  });

  it('takes what is undefined for not given', () => {
    const given = { widthPx: undefined } as unknown as Partial<PreprocessOptions>;
    assert.equal(preprocessOptions(given).widthPx, 224);
  });

  it('names every wrong value at once', () => {
    const given = { widthPx: 15, heightPx: 0, padValue: 256, filter: 'cubic' } as unknown;
    const all =
      /widthPx but received 15; .*heightPx but received 0; .*padValue but received 256; .*received 'cubic'\.$/;
    assertRefused(() => preprocessOptions(given as Partial<PreprocessOptions>), 'BAD_ARGUMENT', all);
  });

  for (const [name, value] of [
    ['widthPx', Number.NaN],
    ['widthPx', 14],
    ['heightPx', 4098],
    ['heightPx', 224.5],
    ['resizeShortSidePx', 223],
    ['resizeShortSidePx', Number.POSITIVE_INFINITY],
    ['padValue', -1],
    ['padValue', 1.5],
    ['range', 'tv'],
    ['sourceRange', 'pc'],
    ['resizeMode', 'model'],
    ['filter', ''],
  ] as const) {
    it(`refuses ${name} ${value}`, () => {
      const given = { [name]: value } as Partial<PreprocessOptions>;
      assertRefused(() => preprocessOptions(given), 'BAD_ARGUMENT', new RegExp(`for ${name} but received`));
    });
  }

  it('lets the short side be small where it is not used', () => {
    assert.equal(preprocessOptions({ resizeMode: 'stretch', resizeShortSidePx: 1 }).resizeShortSidePx, 1);
  });
});
