import type { VideoCodec } from './VideoPacket.js';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 12;
/** FourCC codes in FFmpeg's IVF demuxer. It has none for H.265, so that codec is set by name. */
const FOUR_CC: Readonly<Record<VideoCodec, string>> = {
  h264: 'H264',
  hevc: 'HEVC',
  av1: 'AV01',
  vp9: 'VP90',
};

/**
 * Header of an IVF stream; a frame's number is its time. The picture size is left out, because the frames contain it.
 */
export function ivfHeader(codec: VideoCodec): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('DKIF', 0, 'latin1');
  header.writeUInt16LE(HEADER_BYTES, 6);
  header.write(FOUR_CC[codec], 8, 'latin1');
  // Time base: 1000 in a second.
  header.writeUInt32LE(1000, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** Header of a frame of `sizeBytes`. */
export function ivfFrameHeader(sizeBytes: number, number: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(sizeBytes, 0);
  header.writeBigUInt64LE(BigInt(number), 4);
  return header;
}
