// Writes a picture with a row of drawings for each class: the first half from training, the second held out.
import sharp, { type OverlayOptions } from 'sharp';
import { backgroundIndex, signSvg } from './signs/signClasses.js';

const output = process.argv[2] ?? 'contact_sheet.png';
const columns = 16;
const cell = 72;
const tiles: OverlayOptions[] = [];
for (let row = 0; row < backgroundIndex; row++) {
  for (let column = 0; column < columns; column++) {
    const set = column < columns / 2 ? 'train' : 'heldout';
    tiles.push({
      input: Buffer.from(signSvg(row, set, column, cell - 6)),
      left: column * cell + 3,
      top: row * cell + 3,
    });
  }
}
await sharp({
  create: { width: columns * cell, height: backgroundIndex * cell, channels: 3, background: '#8a94a0' },
})
  .composite(tiles)
  .png()
  .toFile(output);
