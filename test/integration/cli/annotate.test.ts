import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { writeColourModel } from '../../helpers/colourModel.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('effvit classify --annotate', () => {
  const scratch = scratchFolder();
  let model = '';
  let picture = '';

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
    picture = scratch.path('красный знак.png');
    await sharp({ create: { width: 300, height: 200, channels: 3, background: '#c82828' } })
      .png()
      .toFile(picture);
  });

  it('writes the picture with its results, and what the network saw where asked', async () => {
    const out = scratch.path('out.png');
    const run = await runEffvit(['classify', picture, '--model', model, '--annotate', out, '--show-input']);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /red/);
    const { data, info } = await sharp(out).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    assert.ok(info.width > 600 && info.height > 224);
    let red = 0;
    for (let at = 0; at < data.length; at += 3) {
      if ((data[at] ?? 0) > 180 && (data[at + 1] ?? 0) < 60 && (data[at + 2] ?? 0) < 60) red++;
    }
    // The picture itself and the network's 224 x 224.
    assert.ok(Math.abs(red - (300 * 200 + 224 * 224)) < 500, String(red));
  });

  it('refuses before it works: several pictures, another format, an input without a picture', async () => {
    const out = scratch.path('out.png');
    for (const [args, reason] of [
      [[picture, picture, '--annotate', out], /Expected one picture with --annotate but received 2/],
      [[picture, '--annotate', scratch.path('out.jpg')], /Expected a \.png file/],
      [[picture, '--show-input'], /Expected --annotate FILE with --show-input/],
    ] as const) {
      const run = await runEffvit(['classify', ...args, '--model', model]);
      assert.equal(run.code, 2);
      assert.match(run.stderr, reason);
    }
    assert.equal(existsSync(out), false);
  });
});
