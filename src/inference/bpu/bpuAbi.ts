import { EffvitError } from '../../core/EffvitError.js';

/** Sizes and byte offsets of the runtime's structures from version 1.18 on, on 64-bit machines. */
export const SHAPE = { size: 36, dimensionSize: 0, numDimensions: 32 } as const;
export const PROPERTIES = {
  size: 176,
  validShape: 0,
  alignedShape: 36,
  tensorLayout: 72,
  tensorType: 76,
  shiftLen: 80,
  shiftData: 88,
  scaleLen: 96,
  scaleData: 104,
  zeroPointLen: 112,
  zeroPointData: 120,
  quantiType: 128,
  quantizeAxis: 132,
  alignedByteSize: 136,
  stride: 140,
} as const;
export const SYS_MEM = { size: 24, phyAddr: 0, virAddr: 8, memSize: 16 } as const;
export const TENSOR = { size: 272, sysMem: 0, properties: 96 } as const;
/** A region, given by its first and last pixel. */
export const ROI = { size: 16, left: 0, top: 4, right: 8, bottom: 12 } as const;
export const CONTROL = {
  size: 32,
  bpuCoreId: 0,
  dspCoreId: 4,
  priority: 8,
  more: 12,
  customId: 16,
  reserved1: 24,
  reserved2: 28,
} as const;

export const MOST_DIMENSIONS = 8;
/** A tensor has four memories; an NV12 input uses at most two. */
export const MEMORIES_PER_TENSOR = 4;

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

type Members = Readonly<Record<string, string | readonly [string, number]>>;

/** The C declarations of the structures, by the names in the tables above. */
const DECLARATIONS: Readonly<Record<string, { members: Members; wanted: Readonly<Record<string, number>> }>> =
  {
    shape: { members: { dimensionSize: ['int32', MOST_DIMENSIONS], numDimensions: 'int32' }, wanted: SHAPE },
    properties: {
      members: {
        validShape: ['int32', 9],
        alignedShape: ['int32', 9],
        tensorLayout: 'int32',
        tensorType: 'int32',
        shiftLen: 'int32',
        shiftData: 'void *',
        scaleLen: 'int32',
        scaleData: 'void *',
        zeroPointLen: 'int32',
        zeroPointData: 'void *',
        quantiType: 'int32',
        quantizeAxis: 'int32',
        alignedByteSize: 'int32',
        stride: ['int32', MOST_DIMENSIONS],
      },
      wanted: PROPERTIES,
    },
    sysMem: { members: { phyAddr: 'uint64', virAddr: 'void *', memSize: 'uint32' }, wanted: SYS_MEM },
    tensor: {
      // Four memories of three 8-byte words; the properties of 22 words.
      members: { sysMem: ['uint64', 12], properties: ['uint64', 22] },
      wanted: TENSOR,
    },
    roi: { members: { left: 'int32', top: 'int32', right: 'int32', bottom: 'int32' }, wanted: ROI },
    control: {
      members: {
        bpuCoreId: 'int32',
        dspCoreId: 'int32',
        priority: 'int32',
        more: 'int32',
        customId: 'int64',
        reserved1: 'int32',
        reserved2: 'int32',
      },
      wanted: CONTROL,
    },
  };

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
  for (const [name, { members, wanted }] of Object.entries(DECLARATIONS)) {
    const type = layouter.struct(
      Object.fromEntries(
        Object.entries(members).map(([member, declared]) => [
          member,
          typeof declared === 'string' ? declared : layouter.array(declared[0], declared[1]),
        ]),
      ),
    );
    for (const [member, offset] of Object.entries(wanted)) {
      const found = member === 'size' ? layouter.sizeof(type) : layouter.offsetof(type, member);
      if (found === offset) continue;
      const what = member === 'size' ? `the size of ${name}` : `the offset of ${name}.${member}`;
      throw new EffvitError(
        'UNSUPPORTED',
        `Expected ${offset} bytes for ${what} in the BPU runtime's memory layout but this machine (${process.arch}) gives ${found}: use a 64-bit system.`,
        { context: { byteOffset: offset } },
      );
    }
  }
}
