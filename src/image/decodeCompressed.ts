import type { CompressedImageFrame, RawImageFrame } from './ImageFrame.js';

/** The pixels of a JPEG or PNG as rgb8. */
export async function decodeCompressed(frame: CompressedImageFrame): Promise<RawImageFrame> {
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(Buffer.from(frame.data))
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return {
    kind: 'raw',
    stamp: frame.stamp,
    frameId: frame.frameId,
    source: frame.source,
    encoding: 'rgb8',
    widthPx: info.width,
    heightPx: info.height,
    strideBytes: info.width * 3,
    isBigEndian: false,
    data,
  };
}
