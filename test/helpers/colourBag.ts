import sharp from 'sharp';
import { McapBagWriter } from '../../src/bag/writing/McapBagWriter.js';
import { COLOURS } from './colourModel.js';

export const RAW_TOPIC = '/front/image_raw';
export const JPEG_TOPIC = '/rear/image_raw/compressed';

const WIDTH_PX = 64;
const HEIGHT_PX = 48;

/** Frame i of a topic shows colour i modulo 3: the answer that {@link writeColourBag} has for it. */
export function colourOfFrame(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '';
}

function picture(index: number): Uint8Array {
  const channel = index % 3;
  return Uint8Array.from({ length: WIDTH_PX * HEIGHT_PX * 3 }, (_, i) => (i % 3 === channel ? 200 : 40));
}

/**
 * Writes a recording of two cameras, one raw (rgb8) and one JPEG, whose frames are red, green and blue in turn.
 *
 * @param path as {@link McapBagWriter.create} takes it.
 * @param frames of each camera, 100 ms apart.
 * @param startSec of the first, seconds since the epoch.
 */
export async function writeColourBag(path: string, frames: number, startSec = 1_700_000_000): Promise<void> {
  const writer = await McapBagWriter.create(path, { chunkBytes: 16_384 });
  await writer.addTopic({ name: RAW_TOPIC, type: 'sensor_msgs/msg/Image' });
  await writer.addTopic({ name: JPEG_TOPIC, type: 'sensor_msgs/msg/CompressedImage' });
  for (let index = 0; index < frames; index++) {
    const logTimeNs = BigInt(startSec) * 1_000_000_000n + BigInt(index) * 100_000_000n;
    const stamp = {
      sec: Number(logTimeNs / 1_000_000_000n),
      nanosec: Number(logTimeNs % 1_000_000_000n),
    };
    const data = picture(index);
    const image = {
      header: { stamp, frame_id: 'front_optical' },
      height: HEIGHT_PX,
      width: WIDTH_PX,
      encoding: 'rgb8',
      is_bigendian: 0,
      step: WIDTH_PX * 3,
      data,
    };
    await writer.write(RAW_TOPIC, image, { logTimeNs });
    const jpeg = await sharp(data, { raw: { width: WIDTH_PX, height: HEIGHT_PX, channels: 3 } })
      .jpeg({ quality: 95 })
      .toBuffer();
    const compressed = { header: { stamp, frame_id: 'rear_optical' }, format: 'jpeg', data: jpeg };
    await writer.write(JPEG_TOPIC, compressed, { logTimeNs: logTimeNs + 1000n });
  }
  await writer.close();
}
