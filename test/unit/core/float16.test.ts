import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float16ToNumber,
  float32ToFloat16,
} from '../../../src/core/float16.js';

const numberToFloat16 = (value: number): number => float32ToFloat16(Float32Array.of(value))[0] ?? Number.NaN;

describe('float16', () => {
  it('gives every bit pattern back, NaN apart', () => {
    for (let pattern = 0; pattern < 65536; pattern++) {
      const value = float16ToNumber(pattern);
      if (Number.isNaN(value)) assert.ok(Number.isNaN(float16ToNumber(numberToFloat16(value))));
      else assert.equal(numberToFloat16(value), pattern);
    }
  });

  it('knows the landmarks of IEEE 754 binary16', () => {
    const landmarks: [number, number][] = [
      [0x0001, 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0x8000, -0],
    ];
    for (const [pattern, value] of landmarks) {
      assert.equal(float16ToNumber(pattern), value);
      assert.equal(numberToFloat16(value), pattern);
    }
    assert.equal(numberToFloat16(65519.9), 0x7bff);
    assert.equal(numberToFloat16(65520), 0x7c00);
    // Ties go to the even neighbour.
    assert.equal(numberToFloat16(1 + 1 / 2048), 0x3c00);
    assert.equal(numberToFloat16(1 + 3 / 2048), 0x3c02);
    assert.equal(numberToFloat16(2 - 2 ** -30), 0x4000);
    assert.equal(numberToFloat16(2 ** -25), 0);
    assert.equal(numberToFloat16(2 ** -25 * 1.01), 1);
  });

  it('rounds to the nearest', () => {
    fc.assert(
      fc.property(fc.float({ min: -65000, max: 65000, noNaN: true }), (value) => {
        const pattern = numberToFloat16(value);
        const error = Math.abs(float16ToNumber(pattern) - value);
        for (const neighbour of [pattern - 1, pattern + 1]) {
          const other = float16ToNumber(neighbour & 0xffff);
          if (Number.isFinite(other)) assert.ok(error <= Math.abs(other - value));
        }
      }),
    );
  });

  it('converts arrays, bfloat16 too', () => {
    assert.deepEqual(float16ToFloat32(float32ToFloat16(Float32Array.of(1, -0.5))), Float32Array.of(1, -0.5));
    assert.deepEqual(bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc040)), Float32Array.of(1, -3));
  });
});
