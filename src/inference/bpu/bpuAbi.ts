import { EffvitError } from '../../core/EffvitError.js';

export const MOST_DIMENSIONS = 8;

/** Byte offset and C type of a structure's member, and its length if it is an array. */
type Member = readonly [offset: number, type: string, length?: number];

interface Structure {
  readonly name: string;
  readonly size: number;
  readonly members: Readonly<Record<string, Member>>;
}

const structures: Structure[] = [];

/** Declares a structure of the runtime, from version 1.18 on, on 64-bit machines. @returns its size and offsets. */
function structure<Name extends string>(
  name: string,
  size: number,
  members: Readonly<Record<Name, Member>>,
): Readonly<Record<Name | 'size', number>> {
  structures.push({ name, size, members });
  const offsets = Object.entries<Member>(members).map(([member, [offset]]) => [member, offset]);
  return { size, ...(Object.fromEntries(offsets) as Record<Name, number>) };
}

export const SHAPE = structure('shape', 36, {
  dimensionSize: [0, 'int32', MOST_DIMENSIONS],
  numDimensions: [32, 'int32'],
});
export const PROPERTIES = structure('properties', 176, {
  validShape: [0, 'int32', 9],
  alignedShape: [36, 'int32', 9],
  tensorLayout: [72, 'int32'],
  tensorType: [76, 'int32'],
  shiftLen: [80, 'int32'],
  shiftData: [88, 'void *'],
  scaleLen: [96, 'int32'],
  scaleData: [104, 'void *'],
  zeroPointLen: [112, 'int32'],
  zeroPointData: [120, 'void *'],
  quantiType: [128, 'int32'],
  quantizeAxis: [132, 'int32'],
  alignedByteSize: [136, 'int32'],
  stride: [140, 'int32', MOST_DIMENSIONS],
});
export const SYS_MEM = structure('sysMem', 24, {
  phyAddr: [0, 'uint64'],
  virAddr: [8, 'void *'],
  memSize: [16, 'uint32'],
});
/** Four memories of three 8-byte words; the properties of 22 words. */
export const TENSOR = structure('tensor', 272, { sysMem: [0, 'uint64', 12], properties: [96, 'uint64', 22] });
/** A region, given by its first and last pixel. */
export const ROI = structure('roi', 16, {
  left: [0, 'int32'],
  top: [4, 'int32'],
  right: [8, 'int32'],
  bottom: [12, 'int32'],
});
export const CONTROL = structure('control', 32, {
  bpuCoreId: [0, 'int32'],
  dspCoreId: [4, 'int32'],
  priority: [8, 'int32'],
  more: [12, 'int32'],
  customId: [16, 'int64'],
  reserved1: [24, 'int32'],
  reserved2: [28, 'int32'],
});

/** All of these bytes. */
export function dataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

export const TENSOR_TYPE = {
  nv12: 1,
  nv12Separate: 2,
  s8: 8,
  u8: 9,
  f16: 10,
  s16: 11,
  u16: 12,
  f32: 13,
  s32: 14,
  u32: 15,
  f64: 16,
} as const;
export const QUANTI_TYPE = { none: 0, shift: 1, scale: 2 } as const;
export const LAYOUT_NHWC = 0;
export const LAYOUT_NCHW = 2;
export const INPUT_SOURCE_RESIZER = 1;
export const FLUSH = { invalidate: 1, clean: 2 } as const;

/** The functions of koffi that are needed to lay out a structure. */
export interface StructLayouter<Type> {
  struct(members: Record<string, string | Type>): Type;
  array(member: string, length: number): Type;
  sizeof(type: Type): number;
  offsetof(type: Type, member: string): number;
}

/**
 * Lays the structures out by this machine's rules and compares them with the tables that the binding uses.
 *
 * @throws EffvitError UNSUPPORTED if they differ (32-bit machines): memory would be corrupted.
 */
export function checkAbi<Type>(layouter: StructLayouter<Type>): void {
  const check = (what: string, expected: number, found: number): void => {
    if (found === expected) return;
    throw new EffvitError(
      'UNSUPPORTED',
      `Expected ${expected} bytes for ${what} in the BPU runtime's memory layout but this machine (${process.arch}) gives ${found}: use a 64-bit system.`,
      { context: { byteOffset: expected } },
    );
  };
  for (const { name, size, members } of structures) {
    const declared = Object.entries(members).map(([member, [, type, length]]) => [
      member,
      length === undefined ? type : layouter.array(type, length),
    ]);
    const type = layouter.struct(Object.fromEntries(declared));
    check(`the size of ${name}`, size, layouter.sizeof(type));
    for (const [member, [offset]] of Object.entries(members)) {
      check(`the offset of ${name}.${member}`, offset, layouter.offsetof(type, member));
    }
  }
}
