import assert from 'node:assert/strict';
import { metadataLabels } from '../../../src/fit/metadataLabels.js';

const labelsOf = (entries: Record<string, string>, classCount = 3) =>
  metadataLabels(new Map(Object.entries(entries)), classCount);

describe('metadataLabels', () => {
  const PETS = ['cat', "dog's", 'a "bird", grey'];

  for (const [what, text] of [
    ['a JSON list', JSON.stringify(PETS)],
    ['a JSON object', '{"0": "cat", "1": "dog\'s", "2": "a \\"bird\\", grey"}'],
    ["Python's list", `['cat', "dog's", 'a "bird", grey']`],
    ["Python's dictionary, as ultralytics writes it", `{0: 'cat', 1: "dog's", 2: 'a "bird", grey'}`],
    ['an object of indices', '{"a \\"bird\\", grey": 2, "cat": 0, "dog\'s": 1}'],
    ['lines', PETS.join('\n')],
    ['lines of Windows', `${PETS.join('\r\n')}\r\n`],
  ] as const) {
    it(`reads ${what}`, () => {
      assert.deepEqual(labelsOf({ names: text }), PETS);
      assert.deepEqual(labelsOf({ Labels: text }), PETS);
    });
  }

  it('reads texts between commas, and numbers for texts', () => {
    assert.deepEqual(labelsOf({ classes: 'a, b ,c' }), ['a', 'b', 'c']);
    assert.deepEqual(labelsOf({ character: '0\n90\n180\n270' }, 4), ['0', '90', '180', '270']);
  });

  it('takes none that does not fit, and none under another key', () => {
    assert.equal(labelsOf({ names: 'a,b' }), undefined);
    assert.equal(labelsOf({ names: '["a", "b", ""]' }), undefined);
    assert.equal(labelsOf({ names: '{"1": "a", "2": "b", "3": "c"}' }), undefined);
    assert.equal(labelsOf({ names: '[1, 2' }, 2), undefined);
    assert.equal(labelsOf({ author: 'a,b,c' }), undefined);
    assert.equal(labelsOf({}), undefined);
    assert.deepEqual(metadataLabels(new Map([['names', 'a,b']]), undefined), ['a', 'b']);
  });
});
