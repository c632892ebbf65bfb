import { McapBagWriter } from '../../src/bag/writing/McapBagWriter.js';
import { DETECTIONS_TYPE } from '../../src/messages/detectionsMessage.js';

export const IMAGE_TOPIC = '/front/image_raw';
export const DETECTIONS_TOPIC = '/detector/detections';
/** Of each of the three stripes (red, green, blue) of a frame. */
export const STRIPE_PX = 40;

export interface RecordedBox {
  readonly id: string;
  /** Centre, pixels. */
  readonly x: number;
  readonly sizePx?: number;
}

/** One frame of the recording, and what the detector said of it. */
export interface DetectedFrame {
  /** Absent: the detector says nothing of this frame. */
  readonly boxes?: readonly RecordedBox[];
  /** The detector's stamp is so much later than the frame's. */
  readonly stampOffMs?: number;
  /** Absent: there is no image, the detector's message stands alone. */
  readonly hasImage?: boolean;
}

export const stripeMiddle = (index: number): number => STRIPE_PX * (index + 0.5);

/** Writes a recording of a camera, 100 ms a frame, and its detector, whose messages come 30 ms after the images. */
export async function writeDetectionsBag(path: string, frames: readonly DetectedFrame[]): Promise<void> {
  const width = 3 * STRIPE_PX;
  const data = Uint8Array.from({ length: width * STRIPE_PX * 3 }, (_, index) => {
    const column = Math.floor(index / 3) % width;
    return index % 3 === Math.floor(column / STRIPE_PX) ? 220 : 20;
  });
  const writer = await McapBagWriter.create(path);
  await writer.addTopic({ name: IMAGE_TOPIC, type: 'sensor_msgs/msg/Image' });
  await writer.addTopic({ name: DETECTIONS_TOPIC, type: DETECTIONS_TYPE });
  for (const [index, { boxes, stampOffMs = 0, hasImage = true }] of frames.entries()) {
    const logTimeNs = 1_700_000_000_000_000_000n + BigInt(index) * 100_000_000n;
    const header = (laterMs: number): object => {
      const stampNs = logTimeNs + BigInt(laterMs) * 1_000_000n;
      const stamp = { sec: Number(stampNs / 1_000_000_000n), nanosec: Number(stampNs % 1_000_000_000n) };
      return { stamp, frame_id: 'front_optical' };
    };
    if (hasImage) {
      const shape = { width, height: STRIPE_PX, encoding: 'rgb8', is_bigendian: 0, step: 3 * width };
      await writer.write(IMAGE_TOPIC, { header: header(0), ...shape, data }, { logTimeNs });
    }
    if (boxes === undefined) continue;
    const detections = boxes.map(({ id, x, sizePx = STRIPE_PX - 8 }) => ({
      header: header(stampOffMs),
      id,
      results: [{ hypothesis: { class_id: 'thing', score: 0.25 } }],
      bbox: { center: { position: { x, y: STRIPE_PX / 2 }, theta: 0 }, size_x: sizePx, size_y: sizePx },
    }));
    const message = { header: header(stampOffMs), detections };
    await writer.write(DETECTIONS_TOPIC, message, { logTimeNs: logTimeNs + 30_000_000n });
  }
  await writer.close();
}
