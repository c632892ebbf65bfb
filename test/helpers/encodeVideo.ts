import { spawnSync } from 'node:child_process';
import { splitAnnexB } from './splitAnnexB.js';
export const FFMPEG = process.env['EFFVIT_FFMPEG'] ?? 'ffmpeg';

/** Whether FFmpeg is here, with the encoder. */
export function hasEncoder(encoder: string): boolean {
  const { stdout } = spawnSync(FFMPEG, ['-hide_banner', '-encoders'], { encoding: 'utf8', timeout: 30_000 });
  return (stdout ?? '').includes(` ${encoder} `);
}

export interface EncodedVideo {
  readonly encoder: 'libx264' | 'libx265';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly count: number;
  /** A key frame every so many. */
  readonly interval: number;
  readonly args?: readonly string[];
}

/**
 * Encodes full pictures of one grey level each, 16 + 4 times the frame's number, so that a decoded one tells which it
 * was.
 *
 * @returns access units in Annex B, in the order of decoding.
 */
export function encodeVideo({
  encoder,
  widthPx,
  heightPx,
  count,
  interval,
  args,
}: EncodedVideo): Uint8Array[] {
  const pictures = Buffer.concat(
    Array.from({ length: count }, (_, frame) => Buffer.alloc(widthPx * heightPx, greyOf(frame))),
  );
  const run = spawnSync(
    FFMPEG,
    [
      ...['-hide_banner', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'gray'],
      ...['-video_size', `${widthPx}x${heightPx}`, '-i', 'pipe:0', '-c:v', encoder, '-pix_fmt', 'yuv420p'],
      ...['-preset', 'ultrafast', '-g', String(interval), '-qp', '4', ...(args ?? ['-tune', 'zerolatency'])],
      ...['-bsf:v', `${encoder === 'libx264' ? 'h264' : 'hevc'}_metadata=aud=insert`],
      ...['-f', encoder === 'libx264' ? 'h264' : 'hevc', 'pipe:1'],
    ],
    { input: pictures, maxBuffer: 2 ** 28, timeout: 60_000 },
  );
  if (run.status !== 0) throw new Error(String(run.stderr));
  return splitAnnexB(run.stdout, encoder === 'libx264' ? 'h264' : 'hevc');
}

export const greyOf = (frame: number): number => 16 + 4 * frame;
