import { EffvitError } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { decodeText } from '../../image/cdr/decodeText.js';
import { frameByEncoding } from '../../image/frameByEncoding.js';
import type { ImageFrame } from '../../image/ImageFrame.js';
import type { MessageSample, SampleKind } from './MessageSample.js';
import { NativeMemory } from './NativeMemory.js';

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

/** With the functions of `sensor_msgs__msg__Image`; every program that takes such messages has loaded it. */
const LIBRARY = 'libsensor_msgs__rosidl_generator_c.so';

/** @throws EffvitError ROS_UNAVAILABLE, UNSUPPORTED */
function loadFinalize(): SampleKind['finalize'] {
  const koffi = loadNative<typeof import('koffi')>('koffi');
  try {
    return koffi
      .load(LIBRARY)
      .func('void sensor_msgs__msg__Image__fini(void *message)') as SampleKind['finalize'];
  } catch (error) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      `${LIBRARY} does not load (${error instanceof Error ? error.message : String(error)}): source setup.bash of your ROS distribution anew.`,
      { cause: error },
    );
  }
}

/** @throws EffvitError ROS_UNAVAILABLE */
export function imageSamples(finalize = loadFinalize()): SampleKind {
  const memory = new NativeMemory();
  return {
    type: { pkgName: 'sensor_msgs', subFolder: 'msg', interfaceName: 'Image' },
    make: () => new ImageSample(memory),
    finalize,
  };
}

/**
 * One `sensor_msgs__msg__Image`, into which the middleware writes a message: the pixels go from its own memory to
 * this structure's in one copy, and are read there in place.
 */
export class ImageSample implements MessageSample {
  /** The structure itself; zeros are an empty message. Off the JavaScript heap, so it never moves. */
  readonly struct = Buffer.from(new ArrayBuffer(IMAGE_LAYOUT.bytes));
  readonly #view = new DataView(this.struct.buffer);
  readonly #memory: NativeMemory;

  constructor(memory: NativeMemory) {
    this.#memory = memory;
  }

  /** The message as a frame; `data` is a view of native memory, valid until the structure is filled or freed. */
  frame(source: string): ImageFrame {
    const view = this.#view;
    return frameByEncoding({
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
    });
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
