import { frameByEncoding, type ImageFrame } from '../../image/ImageFrame.js';
import type { MessageSample, SampleKind } from './MessageSample.js';
import { NativeMemory } from './NativeMemory.js';
import { loadFinalize, StructReader } from './StructReader.js';

/** Byte offsets of the fields of `sensor_msgs__msg__Image`: see {@link StructReader}. */
export const IMAGE_LAYOUT = {
  stampSec: 0,
  stampNanosec: 4,
  frameId: 8,
  height: 32,
  width: 36,
  encoding: 40,
  isBigEndian: 64,
  step: 68,
  data: 72,
  bytes: 96,
} as const;

/** @throws EffvitError ROS_UNAVAILABLE */
export function imageSamples(finalize = loadFinalize('Image')): SampleKind {
  const memory = new NativeMemory();
  return {
    type: { pkgName: 'sensor_msgs', subFolder: 'msg', interfaceName: 'Image' },
    make: () => new ImageSample(memory),
    finalize,
  };
}

/**
 * One `sensor_msgs__msg__Image`, into which the middleware writes a message. The pixels are copied once, from the
 * middleware's memory to this structure's, and are read in place.
 */
class ImageSample implements MessageSample {
  readonly struct = Buffer.from(new ArrayBuffer(IMAGE_LAYOUT.bytes));
  readonly #reader: StructReader;

  constructor(memory: NativeMemory) {
    this.#reader = new StructReader(this.struct, memory);
  }

  frame(source: string): ImageFrame {
    const reader = this.#reader;
    return frameByEncoding({
      kind: 'raw',
      stamp: reader.stamp(IMAGE_LAYOUT.stampSec),
      frameId: reader.text(IMAGE_LAYOUT.frameId),
      source,
      encoding: reader.text(IMAGE_LAYOUT.encoding),
      widthPx: reader.uint32(IMAGE_LAYOUT.width),
      heightPx: reader.uint32(IMAGE_LAYOUT.height),
      strideBytes: reader.uint32(IMAGE_LAYOUT.step),
      isBigEndian: reader.uint8(IMAGE_LAYOUT.isBigEndian) !== 0,
      data: reader.bytes(IMAGE_LAYOUT.data),
    });
  }
}
