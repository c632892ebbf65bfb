import { readFile } from 'node:fs/promises';
import { EffvitError } from '../core/EffvitError.js';
import type { CompressedImageFrame } from '../image/ImageFrame.js';

/** A picture file as a frame; the path is its source. @throws EffvitError NOT_FOUND, IO_FAILED */
export async function pictureFrame(path: string): Promise<CompressedImageFrame> {
  const data = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') {
      throw new EffvitError('NOT_FOUND', `There is no picture ${path}: check the path.`, { cause });
    }
    throw new EffvitError('IO_FAILED', `Cannot read the picture ${path}: ${cause.message}.`, { cause });
  });
  return {
    kind: 'compressed',
    format: '',
    origin: 'file',
    data,
    stamp: { sec: 0, nanosec: 0 },
    frameId: '',
    source: path,
  };
}
