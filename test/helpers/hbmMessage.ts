import { base64 } from './imageMessage.js';

/** What of the message is not as {@link hbmMessage} has it. */
export interface HbmFields {
  readonly nanosec?: number;
  readonly index?: number;
  readonly encoding?: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
  readonly strideBytes?: number;
  readonly sizeBytes?: number;
  readonly data?: Uint8Array;
}

/** hbm_img_msgs/HbmMsg480P, 540P or 1080P as mipi_cam fills it, for a test peer to publish: nv12, grey where no data is given. */
export function hbmMessage(fields: HbmFields = {}): object {
  const { encoding = 'nv12', widthPx = 64, heightPx = 48, strideBytes = widthPx } = fields;
  const data = fields.data ?? new Uint8Array((strideBytes * heightPx * 3) / 2).fill(128);
  return {
    index: fields.index ?? 0,
    time_stamp: { sec: 7, nanosec: fields.nanosec ?? 0 },
    height: heightPx,
    width: widthPx,
    data_size: fields.sizeBytes ?? data.length,
    step: strideBytes,
    encoding: base64(Buffer.from(encoding.padEnd(12, '\0'), 'latin1')),
    data: base64(data),
  };
}
