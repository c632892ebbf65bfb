import { decodeText } from '../../image/cdr/decodeText.js';
import type { RawImageFrame } from '../../image/ImageFrame.js';
import type { NativeMemory } from './NativeMemory.js';

/**
 * Where the fields lie in `sensor_msgs__msg__Image`, the C structure that rosidl_generator_c makes of
 * sensor_msgs/msg/Image, on the 64-bit platforms that ROS 2 runs on. A string or a sequence is a pointer, the number
 * of elements and the capacity (rosidl_runtime_c/string.h, primitives_sequence.h).
 */
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

const POINTER_BYTES = 8;
const LITTLE_ENDIAN = true;
const NOTHING = new Uint8Array(0);

/**
 * One `sensor_msgs__msg__Image`, into which the middleware writes a message: the pixels go from its own memory to
 * this structure's in one copy, and are read there in place.
 */
export class ImageSample {
  /** The structure itself; zeros are an empty message. Off the JavaScript heap, so it never moves. */
  readonly struct = Buffer.from(new ArrayBuffer(IMAGE_LAYOUT.bytes));
  readonly #view = new DataView(this.struct.buffer);
  readonly #memory: NativeMemory;

  constructor(memory: NativeMemory) {
    this.#memory = memory;
  }

  /** The message as a frame; `data` is a view of native memory, valid until the structure is filled or freed. */
  frame(source: string): RawImageFrame {
    const view = this.#view;
    return {
      kind: 'raw',
      stamp: {
        sec: view.getInt32(IMAGE_LAYOUT.stampSec, LITTLE_ENDIAN),
        nanosec: view.getUint32(IMAGE_LAYOUT.stampNanosec, LITTLE_ENDIAN),
      },
      frameId: this.#text(IMAGE_LAYOUT.frameId),
      source,
      encoding: this.#text(IMAGE_LAYOUT.encoding),
      widthPx: view.getUint32(IMAGE_LAYOUT.width, LITTLE_ENDIAN),
      heightPx: view.getUint32(IMAGE_LAYOUT.height, LITTLE_ENDIAN),
      strideBytes: view.getUint32(IMAGE_LAYOUT.step, LITTLE_ENDIAN),
      isBigEndian: view.getUint8(IMAGE_LAYOUT.isBigEndian) !== 0,
      data: this.#sequence(IMAGE_LAYOUT.data),
    };
  }

  #text(offset: number): string {
    const bytes = this.#sequence(offset);
    return decodeText(bytes, 0, bytes.length);
  }

  /** The elements of a string or of a sequence of bytes. */
  #sequence(offset: number): Uint8Array {
    const length = this.#word(offset + POINTER_BYTES);
    return length === 0 ? NOTHING : this.#memory.at(this.#word(offset), length);
  }

  /** A pointer or a size_t: user space has 47 bits, which a number holds exactly. */
  #word(offset: number): number {
    return (
      this.#view.getUint32(offset, LITTLE_ENDIAN) + this.#view.getUint32(offset + 4, LITTLE_ENDIAN) * 2 ** 32
    );
  }
}
