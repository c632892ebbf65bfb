import { EffvitError } from '../core/EffvitError.js';
import { CdrCursor, decodeText } from './cdr/CdrCursor.js';
import { frameByEncoding, type ImageFrame } from './ImageFrame.js';

/** Bytes of `data` in each image message of TROS (hbm_img_msgs); all else is the same. */
export const HBM_DATA_BYTES: Readonly<Record<string, number>> = {
  'hbm_img_msgs/msg/HbmMsg480P': 640 * 480 * 3,
  'hbm_img_msgs/msg/HbmMsg540P': 960 * 540 * 3,
  'hbm_img_msgs/msg/HbmMsg1080P': 1920 * 1080 * 3,
};

/**
 * Offsets of the fields. All have a fixed size, so they are the same in the C structure and in the CDR after its
 * header.
 */
export const HBM_LAYOUT = {
  index: 0,
  stampSec: 4,
  stampNanosec: 8,
  height: 12,
  width: 16,
  dataSize: 20,
  step: 24,
  encoding: 28,
  data: 40,
} as const;

/**
 * An hbm_img_msgs/msg/HbmMsg480P, 540P or 1080P as a frame; `data` is a view of the `data_size` valid bytes. As in
 * TROS's own nodes, `frameId` is the index as text, because the message has no frame id.
 *
 * @param message the fields by {@link HBM_LAYOUT} to the end of `data`.
 * @param source the frame's `source`: the topic's name.
 * @throws EffvitError BAD_IMAGE: no bytes, more than there are, an encoding without an end. Size, step and encoding are
 *   checked when the frame's conversion is planned.
 */
export function hbmImageFrame(message: Uint8Array, source: string, isLittleEndian = true): ImageFrame {
  const refuse = (reason: string): EffvitError =>
    new EffvitError('BAD_IMAGE', `The HbmMsg image message on ${source} ${reason}.`, { context: { source } });
  const capacityBytes = message.length - HBM_LAYOUT.data;
  if (capacityBytes < 0) throw refuse(`has ${message.length} bytes, fewer than its fields take`);
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const word = (offset: number): number => view.getUint32(offset, isLittleEndian);
  const sizeBytes = word(HBM_LAYOUT.dataSize);
  if (sizeBytes === 0) throw refuse('has a data_size of 0: its camera filled in no image');
  if (sizeBytes > capacityBytes) {
    throw refuse(`has a data_size of ${sizeBytes} bytes where its array holds ${capacityBytes}`);
  }
  // Writers fill in the name and at best a NUL; the bytes after it are left over from another message.
  const end = message.indexOf(0, HBM_LAYOUT.encoding);
  if (end < 0 || end >= HBM_LAYOUT.data) {
    throw refuse(
      `has an encoding of ${HBM_LAYOUT.data - HBM_LAYOUT.encoding} bytes without a NUL at its end`,
    );
  }
  const encoding = decodeText(message, HBM_LAYOUT.encoding, end);
  return frameByEncoding({
    kind: 'raw',
    stamp: {
      sec: view.getInt32(HBM_LAYOUT.stampSec, isLittleEndian),
      nanosec: word(HBM_LAYOUT.stampNanosec),
    },
    frameId: String(view.getInt32(HBM_LAYOUT.index, isLittleEndian)),
    source,
    encoding,
    widthPx: word(HBM_LAYOUT.width),
    heightPx: word(HBM_LAYOUT.height),
    strideBytes: word(HBM_LAYOUT.step),
    isBigEndian: false,
    data: message.subarray(HBM_LAYOUT.data, HBM_LAYOUT.data + sizeBytes),
  });
}

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
