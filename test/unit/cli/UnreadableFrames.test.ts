import assert from 'node:assert/strict';
import { UnreadableFrames } from '../../../src/cli/UnreadableFrames.js';

describe('UnreadableFrames', () => {
  it('tells each cause of each source once, with the count', () => {
    const frames = new UnreadableFrames();
    assert.equal(frames.add('/depth', 'It has 10 bytes where 20 are needed.'), true);
    assert.equal(frames.add('/depth', 'It has 11 bytes where 20 are needed.'), false);
    assert.equal(frames.add('/depth', 'It is depth.'), true);
    assert.equal(frames.add('/other', 'It is depth.'), true);
    assert.deepEqual(frames.sentences(), [
      '2 frames of /depth could not be read, the first since: It has 10 bytes where 20 are needed.',
      'It is depth.',
      'It is depth.',
    ]);
  });

  it('keeps count of ever new causes without keeping them all', () => {
    const frames = new UnreadableFrames();
    for (let index = 0; index < 500; index++) {
      frames.add('/cam', String.fromCodePoint(0x4e00 + index));
    }
    const sentences = frames.sentences();
    assert.equal(sentences.length, 51);
    assert.equal(sentences.at(-1), '450 more frames could not be read for other reasons.');
  });
});
