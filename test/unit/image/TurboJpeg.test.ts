import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import { type DecodedPixels, TurboJpeg } from '../../../src/image/TurboJpeg.js';
import { encodeJpeg, type JpegPicture, SUBSAMPLINGS, type Subsampling } from '../../helpers/encodeJpeg.js';
import { difference, fieldScene, type Scene, sceneFrame, smoothScene } from '../../helpers/scenes.js';

const NAMES = Object.keys(SUBSAMPLINGS) as Subsampling[];
/** Of one pixel, less than a block, between blocks, and of several rows of blocks. */
const SIZES = [
  [1, 1],
  [7, 3],
  [16, 16],
  [17, 33],
  [63, 41],
  [200, 120],
] as const;

/** Every frequency in every block. */
function noiseScene(x: number, y: number): readonly [number, number, number] {
  const value = (salt: number) => ((x * 73 + y * 179 + salt) * 2_654_435_761) >>> 24;
  return [value(1), value(2), value(3)];
}

function rgbOf(scene: Scene, widthPx: number, heightPx: number): Uint8Array {
  return Uint8Array.from(sceneFrame(scene, { encoding: 'rgb8', widthPx, heightPx }).data);
}

function picture(widthPx: number, heightPx: number, parts: Partial<JpegPicture> = {}): JpegPicture {
  const pixels = rgbOf(smoothScene(widthPx, heightPx), widthPx, heightPx);
  return { widthPx, heightPx, pixels, subsampling: '4:2:0', ...parts };
}

/** As decodePicture asks sharp. */
async function bySharp(jpeg: Uint8Array): Promise<DecodedPixels> {
  const { data, info } = await sharp(jpeg, { failOn: 'warning', ignoreIcc: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, channels: 3, data: Uint8Array.from(data) };
}

describe('TurboJpeg', () => {
  const turbo = new TurboJpeg();
  // A damaged header may name any size.
  const memory = (bytes: number) => (bytes > 3e6 ? undefined : new Uint8Array(bytes));
  const decode = (jpeg: Uint8Array, keepsGrey = false) => turbo.decode(jpeg, keepsGrey, memory);

  const sameAsSharp = async (jpeg: Uint8Array, what: string) => {
    const decoded = decode(jpeg);
    assert.ok(decoded !== undefined, what);
    const expected = await bySharp(jpeg);
    const { data, ...shape } = decoded;
    assert.deepEqual(shape, { widthPx: expected.widthPx, heightPx: expected.heightPx, channels: 3 }, what);
    const apart = difference(data, expected.data);
    assert.equal(apart.max, 0, `${what}: max ${apart.max}, mean ${apart.mean}`);
  };

  for (const subsampling of NAMES) {
    it(`decodes ${subsampling} to the bytes that sharp decodes, whatever size, quality and order of the scans`, async () => {
      for (const [widthPx, heightPx] of SIZES) {
        const scenes = {
          smooth: smoothScene(widthPx, heightPx),
          fields: fieldScene(widthPx, heightPx),
          noiseScene,
        };
        for (const [name, scene] of Object.entries(scenes)) {
          const pixels = rgbOf(scene, widthPx, heightPx);
          for (const parameters of [
            { quality: 5 },
            { quality: 75, progressive: 1 },
            { quality: 90, restartBlocks: 1 },
            { quality: 100, optimise: 1 },
          ]) {
            const jpeg = encodeJpeg({ widthPx, heightPx, pixels, subsampling, parameters });
            await sameAsSharp(jpeg, `${widthPx}x${heightPx} ${name} ${JSON.stringify(parameters)}`);
          }
        }
      }
    });
  }

  it('decodes what is stored as RGB', async () => {
    const parameters = { colourSpace: 0 };
    await sameAsSharp(encodeJpeg(picture(63, 41, { subsampling: '4:4:4', parameters })), 'RGB');
  });

  it('keeps the one channel of a grey picture', () => {
    const jpeg = encodeJpeg(picture(63, 41, { subsampling: 'grey' }));
    const grey = decode(jpeg, true);
    const rgb = decode(jpeg);
    assert.equal(grey?.channels, 1);
    assert.deepEqual(
      [...grey.data],
      [...(rgb?.data ?? [])].filter((_, index) => index % 3 === 0),
    );
  });

  it('reads shared memory, and decodes into the memory that it is given', () => {
    const jpeg = encodeJpeg(picture(63, 41));
    const shared = new Uint8Array(new SharedArrayBuffer(jpeg.length + 3), 3);
    shared.set(jpeg);
    const given = new Uint8Array(3 * 63 * 41 + 5).fill(77);
    const decoded = turbo.decode(shared, false, (bytes) => given.subarray(0, bytes));
    assert.equal(decoded?.data.buffer, given.buffer);
    assert.deepEqual(decoded.data, decode(jpeg)?.data);
    assert.deepEqual([...given.subarray(-5)], [77, 77, 77, 77, 77]);
  });

  it('leaves to sharp what is no ordinary picture', () => {
    const cmyk = new Uint8Array(4 * 16 * 16).fill(90);
    const strangers: Record<string, Uint8Array> = {
      arithmetic: encodeJpeg(picture(16, 16, { parameters: { arithmetic: 1 } })),
      lossless: encodeJpeg(picture(16, 16, { subsampling: '4:4:4', parameters: { lossless: 1 } })),
      CMYK: encodeJpeg(
        picture(16, 16, { pixels: cmyk, isCmyk: true, subsampling: '4:4:4', parameters: { colourSpace: 3 } }),
      ),
      YCCK: encodeJpeg(picture(16, 16, { pixels: cmyk, isCmyk: true, parameters: { colourSpace: 4 } })),
      nothing: new Uint8Array(),
      text: Buffer.from('\xff\xd8\xff hello', 'latin1'),
    };
    for (const [name, jpeg] of Object.entries(strangers)) assert.equal(decode(jpeg), undefined, name);
    // No size is decoded for which there is no memory.
    const noMemory = () => undefined;
    assert.equal(turbo.decode(encodeJpeg(picture(16, 16)), false, noMemory), undefined);
  });

  it('leaves to sharp what is cut off anywhere, and decodes the next picture', () => {
    const jpeg = encodeJpeg(picture(63, 41));
    const whole = decode(jpeg);
    assert.ok(whole !== undefined);
    for (let bytes = 0; bytes < jpeg.length; bytes++) {
      assert.equal(decode(jpeg.subarray(0, bytes)), undefined, `${bytes} of ${jpeg.length} bytes`);
      if (bytes % 50 === 0) assert.deepEqual(decode(jpeg), whole);
    }
    // What follows the picture is no part of it.
    assert.deepEqual(decode(Buffer.concat([jpeg, Buffer.from('more')])), whole);
  });

  it('takes no damaged picture that sharp refuses, and decodes the others to the same bytes', async () => {
    const wholes = [
      encodeJpeg(picture(63, 41)),
      encodeJpeg(picture(40, 24, { subsampling: '4:2:2', parameters: { restartBlocks: 2 } })),
      encodeJpeg(picture(40, 24, { subsampling: '4:4:4', parameters: { progressive: 1 } })),
    ];
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...wholes),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        async (whole, changes) => {
          const jpeg = Uint8Array.from(whole);
          for (const [place, value] of changes) jpeg[place % jpeg.length] = value;
          if (decode(jpeg) === undefined) return;
          taken += 1;
          await sameAsSharp(jpeg, 'damaged');
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(taken > 0, 'damage that nobody can see');
  });
});
