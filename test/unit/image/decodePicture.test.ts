import assert from 'node:assert/strict';
import fc from 'fast-check';
import sharp from 'sharp';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { decodePicture, MAX_DECODED_PIXELS } from '../../../src/image/decodePicture.js';
import type { CompressedImageFrame, CompressedOrigin, RawImageFrame } from '../../../src/image/ImageFrame.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { planFrame } from '../../../src/image/planFrame.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { nv12ByKernel } from '../../helpers/nv12.js';
import { difference, sceneFrame, smoothScene } from '../../helpers/scenes.js';

const [widthPx, heightPx] = [64, 40];
const scene = sceneFrame(smoothScene(widthPx, heightPx), { encoding: 'rgb8', widthPx, heightPx });
const pixels = Uint8Array.from(scene.data);

function picture() {
  return sharp(pixels, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

function frameOf(data: Uint8Array, format = 'jpeg', origin?: CompressedOrigin): CompressedImageFrame {
  const frame = {
    kind: 'compressed',
    stamp: { sec: 4, nanosec: 5 },
    frameId: 'lens',
    source: '/cam/image/compressed',
  } as const;
  return { ...frame, format, data, ...(origin === undefined ? {} : { origin }) };
}

async function decoded(data: Uint8Array, format?: string, origin?: CompressedOrigin): Promise<RawImageFrame> {
  return (await decodePicture(frameOf(data, format, origin))).frame;
}

function assertPixels(frame: RawImageFrame, expected: Uint8Array, max: number): void {
  assert.equal(frame.encoding, 'rgb8');
  assert.equal(frame.strideBytes, 3 * frame.widthPx);
  const apart = difference(Uint8Array.from(frame.data), expected);
  assert.ok(apart.max <= max, `max ${apart.max}, mean ${apart.mean}`);
}

function grey(values: Uint8Array): Uint8Array {
  return values.map((_, index) => values[index - (index % 3)] ?? 0);
}

/** A PNG's checksum (PNG specification, annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Removes the Huffman tables, as USB cameras' MJPEG does. */
function withoutHuffmanTables(jpeg: Buffer): Buffer {
  const parts = [jpeg.subarray(0, 2)];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const next = at + 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] !== 0xc4) parts.push(jpeg.subarray(at, next));
    at = next;
  }
  return Buffer.concat([...parts, jpeg.subarray(at)]);
}

describe('decodePicture', () => {
  it('decodes png exactly and jpeg closely, and passes the header on', async () => {
    const png = await decoded(await picture().png().toBuffer());
    assertPixels(png, pixels, 0);
    const { stamp, frameId, source, widthPx: width, heightPx: height } = png;
    assert.deepEqual(
      { stamp, frameId, source, width, height },
      {
        stamp: { sec: 4, nanosec: 5 },
        frameId: 'lens',
        source: '/cam/image/compressed',
        width: 64,
        height: 40,
      },
    );
    assertPixels(
      await decoded(await picture().jpeg({ quality: 98, chromaSubsampling: '4:4:4' }).toBuffer()),
      pixels,
      6,
    );
    assertPixels(
      await decoded(await picture().jpeg({ quality: 95, progressive: true }).toBuffer()),
      pixels,
      30,
    );
  });

  it('goes by the bytes, whatever the format text says', async () => {
    const png = await picture().png().toBuffer();
    for (const format of ['jpeg', 'png', 'rgb8; png compressed', 'bgr8; jpeg compressed bgr8', '']) {
      assertPixels(await decoded(png, format), pixels, 0);
    }
  });

  it('decodes grey, alpha, palette, 16 bit and one bit to rgb8', async () => {
    const greyPng = await picture().extractChannel(0).png().toBuffer();
    assertPixels(await decoded(greyPng), grey(pixels), 0);
    const greyJpeg = await picture().extractChannel(0).jpeg({ quality: 98 }).toBuffer();
    assertPixels(await decoded(greyJpeg), grey(pixels), 6);
    // Alpha is dropped, not blended: a raw rgba8 topic gives the same.
    assertPixels(await decoded(await picture().ensureAlpha(0.1).png().toBuffer()), pixels, 0);
    assertPixels(
      await decoded(await picture().png({ palette: true, colours: 256, dither: 0 }).toBuffer()),
      pixels,
      40,
    );
    const deep = Uint16Array.from(pixels, (value) => 257 * value);
    const deepPicture = sharp(deep, { raw: { width: widthPx, height: heightPx, channels: 3 } });
    assertPixels(await decoded(await deepPicture.toColourspace('rgb16').png().toBuffer()), pixels, 0);
    const deepGrey = sharp(
      Uint16Array.from(
        pixels.filter((_, i) => i % 3 === 0),
        (value) => 257 * value,
      ),
      {
        raw: { width: widthPx, height: heightPx, channels: 1 },
      },
    );
    assertPixels(await decoded(await deepGrey.toColourspace('grey16').png().toBuffer()), grey(pixels), 0);
  });

  it('decodes CMYK jpegs', async () => {
    const cmyk = await picture().toColourspace('cmyk').jpeg({ quality: 98 }).toBuffer();
    assert.equal((await sharp(cmyk).metadata()).space, 'cmyk');
    const frame = await decoded(cmyk);
    assert.deepEqual([frame.encoding, frame.widthPx, frame.heightPx], ['rgb8', widthPx, heightPx]);
    // Inks cannot show every colour of the screen: the picture is near, not the same.
    assert.ok(difference(Uint8Array.from(frame.data), pixels).mean < 30);
  });

  it('turns a file upright, and leaves a topic as the sensor sees it', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).png().toBuffer();
    const file = await decoded(turned, 'png', 'file');
    assert.deepEqual([file.widthPx, file.heightPx], [heightPx, widthPx]);
    // A quarter turn to the right: the first row's end is the old first column's begin.
    assert.deepEqual([...file.data.subarray(3 * (heightPx - 1), 3 * heightPx)], [...pixels.subarray(0, 3)]);
    for (const origin of [undefined, 'topic'] as const)
      assertPixels(await decoded(turned, 'png', origin), pixels, 0);
  });

  it('turns a jpeg file upright that says so, and no other', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).jpeg({ quality: 98 }).toBuffer();
    const file = await decoded(turned, 'jpeg', 'file');
    assert.deepEqual([file.widthPx, file.heightPx], [heightPx, widthPx]);
    const plain = await picture().jpeg({ quality: 98 }).toBuffer();
    const topic = await decoded(turned, 'jpeg', 'topic');
    for (const origin of ['file', 'topic'] as const)
      assertPixels(await decoded(plain, 'jpeg', origin), Uint8Array.from(topic.data), 0);
  });

  it('decodes an ordinary jpeg into the memory that the caller keeps for it', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const kept = new Uint8Array(3 * widthPx * heightPx);
    const { frame } = await decodePicture(frameOf(jpeg), (lengthBytes) => kept.subarray(0, lengthBytes));
    assert.equal(frame.data.buffer, kept.buffer);
    assert.deepEqual(Uint8Array.from((await decoded(jpeg)).data), kept);
  });

  it('decodes jpegs without Huffman tables, as USB cameras send them', async () => {
    const jpeg = await picture().jpeg({ quality: 90, optimiseCoding: false }).toBuffer();
    const bare = withoutHuffmanTables(jpeg);
    assert.ok(bare.length < jpeg.length - 400);
    assert.deepEqual((await decoded(bare)).data, (await decoded(jpeg)).data);
  });

  it('takes stray bytes from topics and files alike, and notes it once for each source', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const second = 4 + jpeg.readUInt16BE(4);
    const stray = Buffer.concat([jpeg.subarray(0, second), Buffer.from([1, 2, 3]), jpeg.subarray(second)]);
    for (const [source, origin] of [
      ['/stray', 'topic'],
      ['stray.jpg', 'file'],
    ] as const) {
      const of = (bytes: Uint8Array) => decodePicture({ ...frameOf(bytes, 'jpeg', origin), source });
      const clean = await of(jpeg);
      assert.deepEqual(clean.notes, []);
      const first = await of(stray);
      assert.deepEqual(Uint8Array.from(first.frame.data), Uint8Array.from(clean.frame.data));
      assert.deepEqual(first.notes, ['stray_bytes']);
      assert.deepEqual((await of(stray)).notes, []);
    }
  });

  it('takes the mosaic that the format names for one', async () => {
    for (const deep of [false, true]) {
      const parts = { encoding: 'bayer_gbrg8', widthPx, heightPx } as const;
      const raw = sceneFrame(smoothScene(widthPx, heightPx), parts);
      const values = deep ? Uint16Array.from(raw.data, (value) => 257 * value) : Uint8Array.from(raw.data);
      const mosaic = sharp(values, { raw: { width: widthPx, height: heightPx, channels: 1 } });
      const png = await mosaic
        .toColourspace(deep ? 'grey16' : 'b-w')
        .png()
        .toBuffer();
      for (const format of [
        `bayer_gbrg${deep ? 16 : 8}; png compressed `,
        'BAYER_GBRG8; png compressed bayer_gbrg8',
      ]) {
        const { frame, notes } = await decodePicture(frameOf(png, format));
        assert.equal(frame.encoding, 'bayer_gbrg8');
        assert.deepEqual(notes, []);
        assert.deepEqual(nv12ByKernel(frame, preprocessOptions()), nv12ByKernel(raw, preprocessOptions()));
      }
      // Demosaiced by the republisher: it is the picture that it seems to be.
      const grey = await decodePicture(frameOf(png, 'bayer_gbrg8; png compressed mono8'));
      assert.deepEqual(grey.notes, ['grey']);
    }
    const colour = await decoded(await picture().png().toBuffer(), 'bayer_gbrg8; png compressed bgr8');
    assertPixels(colour, pixels, 0);
  });

  it('notes a colour camera whose pictures are grey', async () => {
    const greyJpeg = await picture().greyscale().toColourspace('b-w').jpeg().toBuffer();
    const notesOf = async (format: string) => (await decodePicture(frameOf(greyJpeg, format))).notes;
    assert.deepEqual(await notesOf('yuv422_yuy2; jpeg compressed mono8'), ['grey']);
    assert.deepEqual(await notesOf('rgb8; jpeg compressed bgr8'), ['grey']);
    for (const format of [
      'mono8; jpeg compressed ',
      '8UC1; jpeg compressed',
      'mono16; png compressed',
      'jpeg',
      '',
    ]) {
      assert.deepEqual(await notesOf(format), [], format);
    }
  });

  it('decodes WebP and AVIF', async () => {
    assertPixels(await decoded(await picture().webp({ lossless: true }).toBuffer(), 'webp'), pixels, 0);
    const avif = await decoded(await picture().avif({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer());
    assert.ok(difference(Uint8Array.from(avif.data), pixels).mean < 3);
  });

  it('reads shared memory', async () => {
    const png = await picture().png().toBuffer();
    const shared = new Uint8Array(new SharedArrayBuffer(png.length + 3), 3);
    shared.set(png);
    const pending = decoded(shared);
    assertPixels(await pending, pixels, 0);
  });

  it('gives a frame that can be planned', async () => {
    const frame = await decoded(await picture().png().toBuffer());
    assert.ok(planFrame(frame, preprocessOptions()).slotBytes > frame.data.length);
  });

  describe('refuses', () => {
    it('no bytes', async () => {
      await assertRejected(
        decoded(new Uint8Array()),
        'BAD_IMAGE',
        /compressed is empty; send jpeg, png, webp or avif\.$/,
      );
    });

    it('other formats, by name', async () => {
      const strangers: readonly [RegExp, Uint8Array][] = [
        [/is GIF data; send jpeg, png, webp or avif/, await picture().gif().toBuffer()],
        [/is TIFF data/, await picture().tiff().toBuffer()],
        [/is HEIF data/, Buffer.from('\0\0\0\x14ftypheic\0\0\0\0mif1')],
        [/is HTML or SVG data/, Buffer.from('<!doctype html>')],
        [/is depth \(format 'h264'\)/, Buffer.concat([Buffer.alloc(12), await picture().png().toBuffer()])],
        [/\(format 'h264', 5 bytes\) is in no known picture format/, Buffer.from('hello')],
      ];
      for (const [message, data] of strangers)
        await assertRejected(decoded(data, 'h264'), 'BAD_IMAGE', message);
    });

    it('depth, by its format', async () => {
      const png = await picture().extractChannel(0).png().toBuffer();
      for (const format of [
        '16UC1; compressedDepth png',
        '16UC1; png compressed',
        '32FC1; compressedDepth rvl',
      ]) {
        await assertRejected(decoded(png, format), 'BAD_IMAGE', /is depth .*take the camera's colour topic/);
      }
    });

    for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
      it(`${format} cut off anywhere, from files and topics`, async () => {
        const whole = await picture()[format]().toBuffer();
        for (const origin of ['file', 'topic'] as const) {
          for (const share of [0.02, 0.2, 0.5, 0.8, 0.95]) {
            const part = whole.subarray(0, Math.max(40, Math.floor(share * whole.length)));
            const message = new RegExp(`\\(${format}, ${part.length} bytes\\) cannot be decoded \\([^)]+\\)`);
            await assertRejected(decoded(part, format, origin), 'BAD_IMAGE', message);
          }
        }
      });
    }

    it('damaged png', async () => {
      const png = await picture().png().toBuffer();
      const middle = png.length >> 1;
      png[middle] = (png[middle] ?? 0) ^ 0xff;
      await assertRejected(decoded(png), 'BAD_IMAGE', /cannot be decoded/);
    });

    it('a bomb, by its header', async () => {
      const png = Buffer.from(await picture().png().toBuffer());
      png.writeUInt32BE(60000, 16);
      png.writeUInt32BE(60000, 20);
      png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
      await assertRejected(
        decoded(png),
        'BAD_IMAGE',
        new RegExp(`at most ${MAX_DECODED_PIXELS / 1e6} megapixels`),
      );
    });

    it('nothing but with a BAD_IMAGE, whatever the damage', async () => {
      const wholes = [
        await picture().png().toBuffer(),
        await picture().jpeg().toBuffer(),
        await picture().webp().toBuffer(),
        await picture().avif().toBuffer(),
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...wholes),
          fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }),
          fc.constantFrom<CompressedOrigin>('file', 'topic'),
          async (whole, changes, origin) => {
            const bytes = Uint8Array.from(whole);
            for (const [place, value] of changes) bytes[place % bytes.length] = value;
            try {
              const frame = await decoded(bytes, '', origin);
              assert.equal(frame.data.length, frame.strideBytes * frame.heightPx);
            } catch (error) {
              assert.ok(error instanceof EffvitError && error.code === 'BAD_IMAGE', String(error));
            }
          },
        ),
        { numRuns: 300 },
      );
    });
  });
});
