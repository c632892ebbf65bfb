import { hbmImageFrame } from '../hbmImageFrame.js';
import type { ImageFrame } from '../ImageFrame.js';
import { CdrCursor } from './CdrCursor.js';

/**
 * A serialised hbm_img_msgs/msg/HbmMsg480P, 540P or 1080P as a frame; `data` is a view of `bytes`, so keep those
 * unchanged.
 *
 * @param source The frame's `source`: the topic's name.
 * @throws EffvitError BAD_IMAGE: not plain CDR, or as {@link hbmImageFrame}.
 */
export function parseHbmImageCdr(bytes: Uint8Array, source: string): ImageFrame {
  const { isLittleEndian, body } = new CdrCursor(bytes, `The HbmMsg image message on ${source}`);
  return hbmImageFrame(body, source, isLittleEndian);
}
