import { checkAbi, type StructLayouter } from '../../../../src/inference/bpu/bpuAbi.js';
import { assertRefused } from '../../../helpers/assertRefused.js';

interface Layout {
  readonly size: number;
  readonly alignment: number;
  readonly offsets: Readonly<Record<string, number>>;
}

/** C's rules for structures, on a machine with pointers of that size. */
function layouter(pointerBytes: number): StructLayouter<Layout> {
  const primitive = (name: string): Layout => {
    const size = name === 'void *' ? pointerBytes : name.endsWith('64') ? 8 : 4;
    return { size, alignment: size, offsets: {} };
  };
  return {
    struct: (members) => {
      let end = 0;
      let alignment = 1;
      const offsets: Record<string, number> = {};
      for (const [name, member] of Object.entries(members)) {
        const type = typeof member === 'string' ? primitive(member) : member;
        end = Math.ceil(end / type.alignment) * type.alignment;
        offsets[name] = end;
        end += type.size;
        alignment = Math.max(alignment, type.alignment);
      }
      return { size: Math.ceil(end / alignment) * alignment, alignment, offsets };
    },
    array: (member, length) => {
      const { size, alignment } = primitive(member);
      return { size: size * length, alignment, offsets: {} };
    },
    sizeof: ({ size }) => size,
    offsetof: ({ offsets }, member) => offsets[member] ?? Number.NaN,
  };
}

describe('checkAbi', () => {
  it('accepts the layout of 64-bit machines', () => checkAbi(layouter(8)));

  it('refuses another, before any memory is touched by it', () => {
    assertRefused(
      () => checkAbi(layouter(4)),
      'UNSUPPORTED',
      /Expected 176 bytes for the size of properties .* gives \d+: use a 64-bit system/,
    );
  });
});
