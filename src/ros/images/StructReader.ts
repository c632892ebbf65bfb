import { EffvitError } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import type { Stamp } from '../../core/Stamp.js';
import { decodeText } from '../../image/cdr/CdrCursor.js';
import type { SampleKind } from './MessageSample.js';
import type { NativeMemory } from './NativeMemory.js';

const POINTER_BYTES = 8;
const LITTLE_ENDIAN = true;
const NOTHING = new Uint8Array(0);

/** The library with the functions of sensor_msgs' structures; programs that take such messages have loaded it. */
const LIBRARY = 'libsensor_msgs__rosidl_generator_c.so';

/**
 * The function that frees the memory that a structure of sensor_msgs points to.
 *
 * @param name of the message, e.g. Image.
 * @throws EffvitError ROS_UNAVAILABLE, UNSUPPORTED
 */
export function loadFinalize(name: string): SampleKind['finalize'] {
  const koffi = loadNative<typeof import('koffi')>('koffi');
  try {
    return koffi
      .load(LIBRARY)
      .func(`void sensor_msgs__msg__${name}__fini(void *message)`) as SampleKind['finalize'];
  } catch (error) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      `${LIBRARY} does not load (${error instanceof Error ? error.message : String(error)}): source setup.bash of your ROS distribution anew.`,
      { cause: error },
    );
  }
}

/**
 * Reads a C structure in the layout of rosidl_generator_c on 64-bit platforms. A string or a sequence is a pointer, the
 * number of elements and the capacity (rosidl_runtime_c/string.h, primitives_sequence.h).
 */
export class StructReader {
  readonly #view: DataView;
  readonly #memory: NativeMemory;

  constructor(struct: Buffer, memory: NativeMemory) {
    this.#view = new DataView(struct.buffer, struct.byteOffset, struct.byteLength);
    this.#memory = memory;
  }

  uint8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  uint32(offset: number): number {
    return this.#view.getUint32(offset, LITTLE_ENDIAN);
  }

  /** builtin_interfaces/Time */
  stamp(offset: number): Stamp {
    return { sec: this.#view.getInt32(offset, LITTLE_ENDIAN), nanosec: this.uint32(offset + 4) };
  }

  text(offset: number): string {
    const bytes = this.bytes(offset);
    return decodeText(bytes, 0, bytes.length);
  }

  /** The elements of a string or a byte sequence: native memory, valid until the structure is filled or freed. */
  bytes(offset: number): Uint8Array {
    const length = this.#word(offset + POINTER_BYTES);
    return length === 0 ? NOTHING : this.#memory.at(this.#word(offset), length);
  }

  /** A pointer or a size_t: user space has 47 bits, which a number represents exactly. */
  #word(offset: number): number {
    return this.uint32(offset) + this.uint32(offset + 4) * 2 ** 32;
  }
}
