import type { ImageFrame } from '../../image/ImageFrame.js';
import type { MessageSample, SampleKind } from './MessageSample.js';
import { NativeMemory } from './NativeMemory.js';
import { loadFinalize, StructReader } from './StructReader.js';

/** Byte offsets of the fields of `sensor_msgs__msg__CompressedImage`: see {@link StructReader}. */
export const COMPRESSED_IMAGE_LAYOUT = { stampSec: 0, frameId: 8, format: 32, data: 56, bytes: 80 } as const;

/** @throws EffvitError ROS_UNAVAILABLE */
export function compressedImageSamples(finalize = loadFinalize('CompressedImage')): SampleKind {
  const memory = new NativeMemory();
  return {
    type: { pkgName: 'sensor_msgs', subFolder: 'msg', interfaceName: 'CompressedImage' },
    make: () => new CompressedImageSample(memory),
    finalize,
  };
}

/** One `sensor_msgs__msg__CompressedImage`. The decoder determines the format from the picture's bytes. */
class CompressedImageSample implements MessageSample {
  readonly struct = Buffer.from(new ArrayBuffer(COMPRESSED_IMAGE_LAYOUT.bytes));
  readonly #reader: StructReader;

  constructor(memory: NativeMemory) {
    this.#reader = new StructReader(this.struct, memory);
  }

  frame(source: string): ImageFrame {
    const reader = this.#reader;
    return {
      kind: 'compressed',
      stamp: reader.stamp(COMPRESSED_IMAGE_LAYOUT.stampSec),
      frameId: reader.text(COMPRESSED_IMAGE_LAYOUT.frameId),
      source,
      format: reader.text(COMPRESSED_IMAGE_LAYOUT.format),
      data: reader.bytes(COMPRESSED_IMAGE_LAYOUT.data),
    };
  }
}
