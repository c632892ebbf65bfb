import { McapBagWriter } from '../../src/bag/writing/McapBagWriter.js';
import { stampFromNs } from '../../src/core/Stamp.js';
import { Random } from '../../training/Random.js';

export const WIDTH_PX = 320;
export const HEIGHT_PX = 240;

/** `good` moves and has noise, `frozen` sends its first picture for ever, `covered` sees the inside of a cap. */
export type CameraFault = 'good' | 'frozen' | 'covered';

/** An rgb8 picture of a camera. */
export function faultyPicture(fault: CameraFault, frame: number): Uint8Array {
  const shown = fault === 'frozen' ? 0 : frame;
  const random = new Random(7, shown);
  return Uint8Array.from({ length: WIDTH_PX * HEIGHT_PX * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const [x, y] = [(pixel % WIDTH_PX) + 3 * shown, Math.floor(pixel / WIDTH_PX)];
    if (fault === 'covered') return 6 + Math.floor(random.next() * 5);
    const scene = ((x >> 4) + (y >> 4)) % 2 === 0 ? 70 : 170;
    return scene + Math.floor(random.next() * 9);
  });
}

/** Writes a recording of these cameras, each on a topic of its fault's name, ten frames a second. */
export async function writeFaultyBag(
  path: string,
  faults: readonly CameraFault[],
  frames: number,
): Promise<void> {
  const writer = await McapBagWriter.create(path);
  for (const fault of faults) await writer.addTopic({ name: `/${fault}`, type: 'sensor_msgs/msg/Image' });
  for (let frame = 0; frame < frames; frame++) {
    const logTimeNs = 1_700_000_000_000_000_000n + BigInt(frame) * 100_000_000n;
    for (const fault of faults) {
      const image = {
        header: { stamp: stampFromNs(logTimeNs), frame_id: fault },
        height: HEIGHT_PX,
        width: WIDTH_PX,
        encoding: 'rgb8',
        is_bigendian: 0,
        step: WIDTH_PX * 3,
        data: faultyPicture(fault, frame),
      };
      await writer.write(`/${fault}`, image, { logTimeNs });
    }
  }
  await writer.close();
}
