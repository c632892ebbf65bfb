import assert from 'node:assert/strict';
import sharp from 'sharp';
import {
  type AnnotateOptions,
  annotatePicture,
  encodePng,
  pictureWithin,
  type RgbPicture,
} from '../../../src/annotate/annotatePicture.js';
import { TextPainter } from '../../../src/annotate/TextPainter.js';
import { EffvitError } from '../../../src/core/EffvitError.js';

const RED = [200, 30, 20] as const;

function plain(widthPx: number, heightPx: number): RgbPicture {
  const rgb = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => RED[i % 3] ?? 0);
  return { rgb, widthPx, heightPx };
}

const RESULTS = [
  { index: 3, label: 'stop sign', score: 0.75 },
  { index: 7, label: 'one way', score: 0.25 },
  { index: 1, label: 'yield', score: 0 },
];

function annotate(options: Partial<AnnotateOptions> = {}, painter?: TextPainter): Promise<RgbPicture> {
  return annotatePicture(
    { picture: plain(100, 80), results: RESULTS, title: 'photo.jpg', ...options },
    painter,
  );
}

/** Pixels of about that colour, by rows, outside the picture. */
function countOf({ rgb, widthPx, heightPx }: RgbPicture, colour: readonly number[]): number[] {
  return Array.from({ length: heightPx }, (_, row) => {
    let count = 0;
    for (let column = 0; column < widthPx; column++) {
      const at = 3 * (row * widthPx + column);
      if (colour.every((value, channel) => Math.abs((rgb[at + channel] ?? 0) - value) < 3)) count++;
    }
    return count;
  });
}

const FIRST_BAR = [0x3f, 0xb6, 0x8b];
const OTHER_BAR = [0x5b, 0x8d, 0xef];
const PANEL_PX = 360;

describe('annotatePicture', () => {
  it('draws bars as long as the probabilities', async () => {
    const drawn = await annotate();
    assert.equal(Math.max(...countOf(drawn, FIRST_BAR)), 0.75 * PANEL_PX);
    assert.equal(Math.max(...countOf(drawn, OTHER_BAR)), 0.25 * PANEL_PX);
    assert.equal(countOf(drawn, OTHER_BAR).filter((count) => count > 0).length, 12);
  });

  it('outlines what was classified, with its label, within the picture', async () => {
    const outlines = [
      { left: 0.25, top: 0.5, width: 0.5, height: 0.25 },
      { left: 0.9, top: 0, width: 0.2, height: 0.1, text: 'wwwwwwww' },
    ];
    const drawn = await annotate({ picture: plain(600, 300), results: [], outlines });
    const rows = countOf(drawn, FIRST_BAR);
    // Two rows of 300 pixels above and below, and two columns of two pixels between; the label covers 18 rows.
    assert.equal(rows.filter((count) => count === 300).length, 4);
    assert.equal(rows.filter((count) => count === 4).length, 75 - 4 + 30 - 18 - 2);
    const plainRows = countOf(await annotate({ picture: plain(600, 300), results: [] }), RED);
    assert.equal(plainRows.filter((count) => count === 600).length, 300);
  });

  it('shows the picture in its own colours and shape', async () => {
    const rows = countOf(await annotate({ picture: plain(600, 300) }), RED).filter((count) => count > 0);
    assert.deepEqual([rows.length, Math.max(...rows)], [300, 600]);
  });

  it('is cut back to the picture', async () => {
    const drawn = await annotate({ picture: plain(640, 480), minPictureSidePx: 640 });
    const picture = await pictureWithin(drawn);
    assert.deepEqual([picture.widthPx, picture.heightPx], [640, 480]);
    for (const [column, row] of [
      [0, 0],
      [639, 0],
      [0, 479],
      [639, 479],
    ] as const) {
      const at = 3 * (row * picture.widthPx + column);
      assert.deepEqual([...picture.rgb.subarray(at, at + 3)], [...RED]);
    }
  });

  it('shrinks huge pictures and enlarges tiny ones', async () => {
    const huge = countOf(await annotate({ picture: plain(4000, 200) }), RED).filter((count) => count > 0);
    assert.deepEqual([huge.length, Math.max(...huge)], [48, 960]);
    const tiny = countOf(await annotate({ picture: plain(2, 1) }), RED).filter((count) => count > 0);
    assert.deepEqual([tiny.length, Math.max(...tiny)], [160, 320]);
  });

  it('keeps its size for long labels, markup and every script', async () => {
    const { widthPx, heightPx } = await annotate();
    for (const label of ['w'.repeat(100_000), '<b>&amp;</b>', 'знак «стоп»', '停止', '\ud800\u0000', '']) {
      const drawn = await annotate({
        title: label,
        results: [{ index: 0, label, score: 1 }, ...RESULTS.slice(1)],
      });
      assert.deepEqual([drawn.widthPx, drawn.heightPx], [widthPx, heightPx]);
    }
  });

  it('cuts labels before the probability begins', async () => {
    const painted = await new TextPainter().paint('w'.repeat(200), {
      sizePx: 15,
      colour: '#ffffff',
      maxWidthPx: 296,
    });
    assert.ok(painted.widthPx <= 296 && painted.widthPx > 200, String(painted.widthPx));
  });

  it('writes in stroke letters on a machine without fonts', async () => {
    const painter = new TextPainter(false);
    const style = { sizePx: 15, colour: '#ffffff', maxWidthPx: 296 };
    const text = await painter.paint('stop 0.5', style);
    assert.ok(text.rgba.some((value) => value > 200));
    assert.ok((await painter.paint('w'.repeat(200), style)).widthPx <= 296);
    const drawn = await annotate({}, painter);
    assert.ok(drawn.heightPx > 100);
  });

  it('says so where there is no result', async () => {
    const empty = await annotate({ results: [] });
    assert.ok(empty.heightPx >= 80);
    assert.equal(Math.max(...countOf(empty, FIRST_BAR)), 0);
  });

  it('adds what the network saw', async () => {
    const networkInput = { rgb: new Uint8Array(224 * 224 * 3).fill(123), widthPx: 224, heightPx: 224 };
    const rows = countOf(await annotate({ networkInput }), [123, 123, 123]).filter((count) => count >= 224);
    assert.equal(rows.length, 224);
  });

  it('reads encoded pictures, upright and without alpha, and writes a PNG', async () => {
    const png = await sharp({
      create: { width: 40, height: 400, channels: 4, background: { r: 200, g: 30, b: 20, alpha: 1 } },
    })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const drawn = await annotate({ picture: png });
    const rows = countOf(drawn, RED).filter((count) => count > 0);
    assert.deepEqual([rows.length, Math.max(...rows)], [40, 400]);
    const { width, height, channels } = await sharp(await encodePng(drawn)).metadata();
    assert.deepEqual([width, height, channels], [drawn.widthPx, drawn.heightPx, 3]);
  });

  it('refuses what is no picture', async () => {
    await assert.rejects(
      annotate({ picture: Buffer.from('no picture') }),
      (error: unknown) => error instanceof EffvitError && error.code === 'BAD_IMAGE',
    );
  });
});
