/** Offset of a PNG's colour type, and its bit for colours (PNG specification, 11.2.1). */
const PNG_COLOUR_TYPE = 25;
const PNG_COLOUR_BIT = 2;

/** Whether a jpeg or png has one channel (and perhaps alpha), by its header; false if unknown. */
export function isGreyPicture(format: string, data: Uint8Array): boolean {
  if (format === 'png') return ((data[PNG_COLOUR_TYPE] ?? PNG_COLOUR_BIT) & PNG_COLOUR_BIT) === 0;
  return format === 'jpeg' && jpegChannels(data) === 1;
}

/** The number of components in a jpeg's frame header (ITU-T T.81, B.2.2). */
function jpegChannels(data: Uint8Array): number | undefined {
  for (let at = 2; at + 9 < data.length; ) {
    const marker = data[at + 1] ?? 0;
    // Fill bytes or stray bytes.
    if (data[at] !== 0xff || marker === 0xff || marker === 0) {
      at += 1;
      continue;
    }
    // SOF0 to SOF15 except DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return data[at + 9];
    // The scan starts: no more headers follow.
    if (marker === 0xda) return undefined;
    at += 2 + (data[at + 2] ?? 0) * 256 + (data[at + 3] ?? 0);
  }
  return undefined;
}
