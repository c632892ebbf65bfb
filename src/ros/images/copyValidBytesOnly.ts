import { readFileSync } from 'node:fs';
import { loadNative } from '../../core/loadNative.js';
import { HBM_LAYOUT } from '../../image/hbmImageFrame.js';

/** rosidl_message_type_support_t: {identifier, data, func, ...}. */
const HANDLE = { identifier: 0, callbacks: 8 } as const;
/** message_type_support_callbacks_t: the names of the package and the type, then functions; the same in all of ROS 2. */
const CALLBACKS = { name: 8, deserialize: 24 } as const;
const IDENTIFIER = 'rosidl_typesupport_fastrtps_c';
/** Before the CDR: two bytes that say how it is encoded, of which the second is odd if it is little-endian; two options. */
const ENCODING_BEFORE_BYTES = 3;

/** `eprosima::fastcdr::Cdr::get_current_position()` in Fast CDR 2, `getCurrentPosition()` in Fast CDR 1 (Humble). */
const POSITION_SYMBOLS = [
  '_ZN8eprosima7fastcdr3Cdr20get_current_positionEv',
  '_ZN8eprosima7fastcdr3Cdr18getCurrentPositionEv',
] as const;
/** `bool eprosima::fastcdr::Cdr::jump(size_t)`: false if there are fewer bytes. */
const JUMP_SYMBOL = '_ZN8eprosima7fastcdr3Cdr4jumpEm';

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

const done = new Map<string, boolean>();

/**
 * From now on, taking an image message of TROS copies its header and its `data_size` valid bytes instead of the whole
 * array, which has 6.2 MB whatever the size of the picture. The function that deserialises the type for Fast DDS is
 * replaced in this process; it is called only while a message is taken, on this thread.
 *
 * @param interfaceName name of a type of hbm_img_msgs. @param capacityBytes size of its array.
 * @returns false if the type support is not as expected, e.g. of another middleware; then nothing has changed.
 */
export function copyValidBytesOnly(interfaceName: string, capacityBytes: number): boolean {
  const isShort = done.get(interfaceName) ?? tryReplace(interfaceName, capacityBytes);
  done.set(interfaceName, isShort);
  return isShort;
}

function tryReplace(interfaceName: string, capacityBytes: number): boolean {
  try {
    const koffi = loadNative<Koffi>('koffi');
    const library = koffi.load(`libhbm_img_msgs__${IDENTIFIER}.so`);
    const callbacks = callbacksOf(koffi, library, interfaceName);
    if (callbacks === undefined || !isWritable(callbacks + BigInt(CALLBACKS.deserialize))) return false;
    const deserialize = deserializeFunction(koffi, library, capacityBytes);
    koffi.encode(callbacks, CALLBACKS.deserialize, 'void *', deserialize);
    return true;
  } catch {
    return false;
  }
}

/** The address of the type's functions, which the middleware reads at every message. */
function callbacksOf(koffi: Koffi, library: Library, interfaceName: string): bigint | undefined {
  const getHandle = library.func(
    `void *${IDENTIFIER}__get_message_type_support_handle__hbm_img_msgs__msg__${interfaceName}()`,
  ) as () => bigint;
  const handle = getHandle();
  if (koffi.decode(handle, HANDLE.identifier, 'const char *') !== IDENTIFIER) return undefined;
  const callbacks = koffi.decode(handle, HANDLE.callbacks, 'void *') as bigint;
  return koffi.decode(callbacks, CALLBACKS.name, 'const char *') === interfaceName ? callbacks : undefined;
}

function isWritable(address: bigint): boolean {
  const regions = readFileSync('/proc/self/maps', 'latin1').matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/gm);
  for (const [, start, end, access] of regions) {
    if (address >= BigInt(`0x${start}`) && address < BigInt(`0x${end}`))
      return access?.startsWith('rw') === true;
  }
  return false;
}

/** Makes a C function for `bool (*cdr_deserialize)(Cdr &, void *message)`; it is never freed. */
function deserializeFunction(koffi: Koffi, library: Library, capacityBytes: number): bigint {
  const position = positionFunction(library);
  const jump = library.func(`bool ${JUMP_SYMBOL}(void *cdr, size_t count)`) as (
    cdr: bigint,
    count: number,
  ) => boolean;
  const memcpy = koffi.load('libc.so.6').func('void *memcpy(void *to, const void *from, size_t count)') as (
    to: bigint | Uint8Array,
    from: bigint,
    count: number,
  ) => unknown;
  const header = Buffer.from(new ArrayBuffer(HBM_LAYOUT.data));
  const encoding = new Uint8Array(1);
  const deserialize = (cdr: bigint, message: bigint): boolean => {
    const start = position(cdr);
    memcpy(encoding, start - BigInt(ENCODING_BEFORE_BYTES), encoding.length);
    const isLittleEndian = ((encoding[0] ?? 0) & 1) === 1;
    if (!isLittleEndian || !jump(cdr, header.length)) return false;
    memcpy(header, start, header.length);
    const sizeBytes = Math.min(header.readUInt32LE(HBM_LAYOUT.dataSize), capacityBytes);
    if (!jump(cdr, sizeBytes)) return false;
    memcpy(message, start, header.length + sizeBytes);
    return true;
  };
  const prototype = koffi.proto('bool (void *cdr, void *message)');
  return koffi.register(deserialize, koffi.pointer(prototype)) as unknown as bigint;
}

function positionFunction(library: Library): (cdr: bigint) => bigint {
  for (const symbol of POSITION_SYMBOLS) {
    try {
      return library.func(`void *${symbol}(void *cdr)`) as (cdr: bigint) => bigint;
    } catch {
      // The other version's.
    }
  }
  throw new Error('Neither version of Fast CDR is there.');
}
