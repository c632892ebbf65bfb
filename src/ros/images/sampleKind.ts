import { EffvitError } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { HBM_DATA_BYTES, HBM_LAYOUT, hbmImageFrame } from '../../image/hbmImageFrame.js';
import { frameByEncoding, type ImageFrame } from '../../image/ImageFrame.js';
import { COMPRESSED_IMAGE_TYPE, IMAGE_TYPE } from './cameraInput.js';
import { copyValidBytesOnly } from './copyValidBytesOnly.js';
import type { SampleKind } from './MessageSamples.js';
import { NativeMemory, StructReader } from './StructReader.js';

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

/** Byte offsets of the fields of `sensor_msgs__msg__CompressedImage`. */
const COMPRESSED_IMAGE_LAYOUT = { stampSec: 0, frameId: 8, format: 32, data: 56, bytes: 80 } as const;

/** The library with the functions of sensor_msgs' structures; programs that take such messages have loaded it. */
const LIBRARY = 'libsensor_msgs__rosidl_generator_c.so';

/** How messages of an image type are taken into structures. @throws EffvitError ROS_UNAVAILABLE, UNSUPPORTED */
export function sampleKind(type: string): SampleKind {
  if (type === IMAGE_TYPE) return imageSamples();
  return type === COMPRESSED_IMAGE_TYPE ? compressedImageSamples() : hbmImageSamples(type);
}

/** `sensor_msgs__msg__Image`: the pixels are copied once, from the middleware's memory to the structure's. */
export function imageSamples(finalize = loadFinalize('Image')): SampleKind {
  return structSamples(IMAGE_TYPE, IMAGE_LAYOUT.bytes, finalize, (reader, source) =>
    frameByEncoding({
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
    }),
  );
}

/** `sensor_msgs__msg__CompressedImage`. The decoder determines the format from the picture's bytes. */
function compressedImageSamples(): SampleKind {
  const finalize = loadFinalize('CompressedImage');
  return structSamples(COMPRESSED_IMAGE_TYPE, COMPRESSED_IMAGE_LAYOUT.bytes, finalize, (reader, source) => ({
    kind: 'compressed',
    stamp: reader.stamp(COMPRESSED_IMAGE_LAYOUT.stampSec),
    frameId: reader.text(COMPRESSED_IMAGE_LAYOUT.frameId),
    source,
    format: reader.text(COMPRESSED_IMAGE_LAYOUT.format),
    data: reader.bytes(COMPRESSED_IMAGE_LAYOUT.data),
  }));
}

/** An image message of hbm_img_msgs: a flat block without pointers. */
export function hbmImageSamples(type: string): SampleKind {
  const dataBytes = HBM_DATA_BYTES[type] ?? 0;
  const [, , interfaceName = ''] = type.split('/');
  copyValidBytesOnly(interfaceName, dataBytes);
  const make: SampleKind['make'] = () => {
    const struct = Buffer.from(new ArrayBuffer(HBM_LAYOUT.data + dataBytes));
    return { struct, frame: (source) => hbmImageFrame(struct, source) };
  };
  return { type, make, finalize: () => {} };
}

function structSamples(
  type: string,
  lengthBytes: number,
  finalize: SampleKind['finalize'],
  read: (reader: StructReader, source: string) => ImageFrame,
): SampleKind {
  const memory = new NativeMemory();
  const make: SampleKind['make'] = () => {
    const struct = Buffer.from(new ArrayBuffer(lengthBytes));
    const reader = new StructReader(struct, memory);
    return { struct, frame: (source) => read(reader, source) };
  };
  return { type, make, finalize };
}

/** Loads the function that frees what a structure points to. @throws EffvitError ROS_UNAVAILABLE, UNSUPPORTED */
function loadFinalize(name: string): SampleKind['finalize'] {
  const koffi = loadNative<typeof import('koffi')>('koffi');
  try {
    const library = koffi.load(LIBRARY);
    return library.func(`void sensor_msgs__msg__${name}__fini(void *message)`) as SampleKind['finalize'];
  } catch (error) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      `${LIBRARY} does not load (${error instanceof Error ? error.message : String(error)}): source setup.bash of your ROS distribution anew.`,
      { cause: error },
    );
  }
}
