import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { packagePath } from '../../../src/core/packageRoot.js';
import { backgroundIndex, signClasses, signSvg } from '../../../training/signs/signClasses.js';

describe('signClasses', () => {
  it('are the labels of the bundled model, line by line', () => {
    const labels = readFileSync(packagePath('models', 'efficientvit_m5_signs', 'labels.txt'), 'utf8');
    deepEqual(labels.trimEnd().split('\n'), signClasses);
    equal(new Set(signClasses).size, 32);
    equal(signClasses[backgroundIndex], 'background');
  });

  it('draws the same for the same class, set and variant', () => {
    for (let index = 0; index < backgroundIndex; index++) {
      equal(signSvg(index, 'train', 5, 96), signSvg(index, 'train', 5, 96));
    }
  });

  it('never draws a held-out sign as a training sign, nor one variant as another', () => {
    for (let index = 0; index < backgroundIndex; index++) {
      const train = new Set(
        Array.from({ length: 300 }, (_, variant) => signSvg(index, 'train', variant, 96)),
      );
      const heldout = Array.from({ length: 100 }, (_, variant) => signSvg(index, 'heldout', variant, 96));
      equal(train.size, 300, `variants of ${signClasses[index]}`);
      for (const svg of heldout) ok(!train.has(svg), `held-out ${signClasses[index]}`);
      equal(new Set(heldout).size, 100);
    }
  });

  it('leaves no number undefined in a drawing', () => {
    for (let index = 0; index < backgroundIndex; index++) {
      for (let variant = 0; variant < 40; variant++) {
        for (const set of ['train', 'heldout'] as const) {
          const svg = signSvg(index, set, variant, 96);
          ok(!/NaN|undefined|Infinity/.test(svg), `${signClasses[index]} ${set} ${variant}: ${svg}`);
        }
      }
    }
  });

  it('paints something on a plain ground: every class covers part of its square', async () => {
    for (let index = 0; index < backgroundIndex; index++) {
      const { data } = await sharp(Buffer.from(signSvg(index, 'heldout', 1, 64)))
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      let covered = 0;
      const colours = new Set<number>();
      for (let i = 0; i < data.length; i += 4) {
        if ((data[i + 3] ?? 0) > 200) {
          covered++;
          colours.add(((data[i] ?? 0) >> 5) * 64 + ((data[i + 1] ?? 0) >> 5) * 8 + ((data[i + 2] ?? 0) >> 5));
        }
      }
      ok(covered > 64 * 64 * 0.25, `${signClasses[index]} covers ${covered} pixels`);
      notEqual(colours.size, 1, `${signClasses[index]} has more than one colour`);
    }
  });

  it('refuses a class without a drawing in one sentence', () => {
    throws(() => signSvg(backgroundIndex, 'train', 0, 96), /Expected the index of a class.*received 31\.$/);
    throws(() => signSvg(-1, 'train', 0, 96), { code: 'OUT_OF_RANGE' });
  });
});
