import { EffvitError } from '../core/EffvitError.js';
import type { FrameHeader } from '../image/ImageFrame.js';

/** FFmpeg's names of the codecs. */
export const VIDEO_CODECS = ['h264', 'hevc', 'av1', 'vp9'] as const;

export type VideoCodec = (typeof VIDEO_CODECS)[number];

/** One message of a video topic: the compressed data of one picture, which depends on the packets before it. */
export interface VideoPacket extends FrameHeader {
  readonly codec: VideoCodec;
  /** H.264 and H.265 in Annex B form, AV1 as low-overhead OBUs, VP9 as one frame. */
  readonly data: Uint8Array;
}

const OTHER_NAMES: Readonly<Record<string, VideoCodec>> = {
  avc: 'h264',
  avc1: 'h264',
  h265: 'hevc',
  hev1: 'hevc',
  hvc1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
};

/**
 * The codec that a message names: `h264`, or `hevc;yuv420p;bgr8;bgr8` as ffmpeg_image_transport writes it.
 *
 * @throws EffvitError BAD_IMAGE
 */
export function videoCodec(name: string, source: string): VideoCodec {
  const plain = (/^[^;/]*/.exec(name)?.[0] ?? '').trim().toLowerCase();
  const codec = VIDEO_CODECS.find((known) => known === plain) ?? OTHER_NAMES[plain];
  if (codec !== undefined) return codec;
  throw new EffvitError(
    'BAD_IMAGE',
    `The video on ${source} is in the codec '${name}'; ${VIDEO_CODECS.join(', ')} are decoded.`,
    { context: { source } },
  );
}
