import assert from 'node:assert/strict';
import { EncapsulationKind } from '@foxglove/cdr';
import { parseCompressedImageCdr } from '../../../../src/image/cdr/parseCompressedImageCdr.js';
import { compressedImageCdr } from '../../../helpers/imageMessages.js';

describe('parseCompressedImageCdr', () => {
  for (const kind of [EncapsulationKind.CDR_LE, EncapsulationKind.CDR_BE]) {
    it(`reads every field of ${EncapsulationKind[kind]}`, () => {
      const data = Uint8Array.of(0xff, 0xd8, 0xff);
      const bytes = compressedImageCdr(
        { sec: 1, nanosec: 2, frameId: 'f', format: 'bgr8; jpeg compressed bgr8', data },
        kind,
      );
      const frame = parseCompressedImageCdr(bytes, '/camera/compressed');
      assert.deepEqual(
        { ...frame, data: [...frame.data] },
        {
          kind: 'compressed',
          stamp: { sec: 1, nanosec: 2 },
          frameId: 'f',
          source: '/camera/compressed',
          format: 'bgr8; jpeg compressed bgr8',
          data: [...data],
        },
      );
      assert.equal(frame.data.buffer, bytes.buffer);
    });
  }

  it('refuses every cut-off prefix', () => {
    const bytes = compressedImageCdr({ frameId: 'camera', data: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < bytes.byteLength; length++) {
      assert.throws(() => parseCompressedImageCdr(bytes.subarray(0, length), '/c'), { code: 'BAD_IMAGE' });
    }
  });
});
