import assert from 'node:assert/strict';
import { EffvitError } from '../../../src/core/EffvitError.js';
import {
  HBM_DATA_BYTES,
  HBM_LAYOUT,
  hbmImageFrame,
  parseHbmImageCdr,
} from '../../../src/image/hbmImageFrame.js';

interface Fields {
  readonly encoding?: string;
  readonly sizeBytes?: number;
  readonly arrayBytes?: number;
  readonly isLittleEndian?: boolean;
}

/** The fields of a message, 4x2 nv12 where nothing else is said. */
function message(fields: Fields = {}): Uint8Array {
  const { encoding = 'nv12\0', sizeBytes = 12, arrayBytes = 24, isLittleEndian = true } = fields;
  const bytes = new Uint8Array(HBM_LAYOUT.data + arrayBytes);
  const view = new DataView(bytes.buffer);
  view.setInt32(HBM_LAYOUT.index, -42, isLittleEndian);
  view.setInt32(HBM_LAYOUT.stampSec, 1_700_000_000, isLittleEndian);
  view.setUint32(HBM_LAYOUT.stampNanosec, 999_999_999, isLittleEndian);
  view.setUint32(HBM_LAYOUT.height, 2, isLittleEndian);
  view.setUint32(HBM_LAYOUT.width, 4, isLittleEndian);
  view.setUint32(HBM_LAYOUT.dataSize, sizeBytes, isLittleEndian);
  view.setUint32(HBM_LAYOUT.step, 4, isLittleEndian);
  bytes.fill(0x38, HBM_LAYOUT.encoding, HBM_LAYOUT.data);
  bytes.set(Buffer.from(encoding, 'latin1'), HBM_LAYOUT.encoding);
  for (let at = 0; at < arrayBytes; at++) bytes[HBM_LAYOUT.data + at] = at;
  return bytes;
}

const refusal = (fields: Fields, reason: RegExp): void => {
  assert.throws(
    () => hbmImageFrame(message(fields), '/hbmem_img'),
    (error: unknown) =>
      error instanceof EffvitError &&
      error.code === 'BAD_IMAGE' &&
      error.message.startsWith('The HbmMsg image message on /hbmem_img ') &&
      reason.test(error.message),
  );
};

describe('hbmImageFrame', () => {
  const expected = {
    kind: 'raw',
    stamp: { sec: 1_700_000_000, nanosec: 999_999_999 },
    frameId: '-42',
    source: '/hbmem_img',
    encoding: 'nv12',
    widthPx: 4,
    heightPx: 2,
    strideBytes: 4,
    isBigEndian: false,
  };

  it('reads every field, the encoding to its first NUL, and the valid bytes in place', () => {
    const bytes = message();
    const { data, ...header } = hbmImageFrame(bytes, '/hbmem_img');
    assert.deepEqual(header, expected);
    assert.equal(data.buffer, bytes.buffer);
    assert.deepEqual([...data], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('reads the message as it is serialised, in both byte orders', () => {
    for (const isLittleEndian of [true, false]) {
      const cdr = Buffer.concat([
        Uint8Array.of(0, isLittleEndian ? 1 : 0, 0, 0),
        message({ isLittleEndian }),
      ]);
      const { data, ...header } = parseHbmImageCdr(cdr, '/hbmem_img');
      assert.deepEqual(header, expected);
      assert.equal(data.length, 12);
    }
    assert.throws(() => parseHbmImageCdr(new Uint8Array(3), '/hbmem_img'), { code: 'BAD_IMAGE' });
  });

  it('gives a jpeg as the compressed picture that it is', () => {
    const frame = hbmImageFrame(message({ encoding: 'jpeg\0' }), '/hbmem_img');
    assert.equal(frame.kind === 'compressed' && frame.format, 'jpeg');
    assert.equal(frame.data.length, 12);
  });

  it('takes all of the array, and no more', () => {
    assert.equal(hbmImageFrame(message({ sizeBytes: 24 }), '/c').data.length, 24);
    refusal({ sizeBytes: 25 }, /data_size of 25 bytes where its array holds 24/);
    refusal({ sizeBytes: 0xff_ff_ff_ff }, /data_size of 4294967295 bytes/);
    refusal({ sizeBytes: 0 }, /data_size of 0/);
    assert.throws(() => hbmImageFrame(new Uint8Array(39), '/c'), /has 39 bytes/);
  });

  it('refuses an encoding without an end', () => {
    refusal({ encoding: 'nv12nv12nv12' }, /encoding of 12 bytes without a NUL/);
  });

  it('knows the three sizes of the messages', () => {
    assert.deepEqual(Object.values(HBM_DATA_BYTES), [921_600, 1_555_200, 6_220_800]);
  });
});
