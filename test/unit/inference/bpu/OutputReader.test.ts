import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OutputReader } from '../../../../src/inference/bpu/OutputReader.js';
import type { TensorProperties } from '../../../../src/inference/bpu/TensorProperties.js';
import { assertRefused } from '../../../helpers/assertRefused.js';

const NONE = { length: 0, address: 0n };

function propertiesOf(overrides: Partial<TensorProperties> = {}): TensorProperties {
  return {
    validShape: [1, 4, 1, 1],
    alignedShape: [1, 4, 1, 1],
    tensorLayout: 2,
    tensorType: 13,
    shift: NONE,
    scale: NONE,
    zeroPoint: NONE,
    quantiType: 0,
    alignedByteSize: 16,
    stride: [0, 0, 0, 0, 0, 0, 0, 0],
    ...overrides,
  };
}

const noMemory = (): never => assert.fail('nothing is to be copied');

describe('OutputReader', () => {
  it('gives back every float16 as JavaScript reads it', () => {
    const memory = new Uint8Array(2 * 65_536);
    const view = new DataView(memory.buffer);
    for (let bits = 0; bits < 65_536; bits++) view.setUint16(2 * bits, bits, true);
    const shape = [1, 65_536];
    const properties = {
      validShape: shape,
      alignedShape: shape,
      tensorType: 10,
      alignedByteSize: memory.length,
    };
    const values = new Float32Array(65_536);
    new OutputReader(propertiesOf(properties), 1, 'm', noMemory).read(memory, 0, values);
    assert.equal(values[0x3c00], 1);
    assert.equal(values[0xc500], -5);
    assert.equal(values[0x0001], 2 ** -24);
    assert.equal(values[0x7bff], 65_504);
    assert.equal(values[0x7c00], Number.POSITIVE_INFINITY);
    assert.ok(Number.isNaN(values[0x7e00]));
    assert.ok(Object.is(values[0x8000], -0));
    for (let bits = 0; bits < 0x7c00; bits++)
      assert.ok((values[bits + 1] ?? 0) > (values[bits] ?? 0), `${bits}`);
  });

  it('dequantises what was quantised to within half a step, per class', () => {
    const one = fc.record({
      value: fc.double({ min: -20, max: 20, noNaN: true }),
      exponent: fc.integer({ min: -6, max: -3 }),
      zero: fc.integer({ min: -20, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 2, maxLength: 40 }), (classes) => {
        const count = classes.length;
        const memory = new Int16Array(count);
        const scales = new Float32Array(count);
        const zeros = new Int8Array(count);
        for (const [index, { value, exponent, zero }] of classes.entries()) {
          scales[index] = 2 ** exponent;
          zeros[index] = zero;
          memory[index] = Math.round(value / 2 ** exponent) + zero;
        }
        const reader = new OutputReader(
          propertiesOf({
            validShape: [1, count],
            alignedShape: [1, count],
            tensorType: 11,
            quantiType: 2,
            scale: { length: count, address: 1n },
            zeroPoint: { length: count, address: 2n },
            alignedByteSize: 2 * count,
          }),
          1,
          'm',
          (address) => (address === 1n ? scales.buffer : zeros.buffer) as ArrayBuffer,
        );
        const values = new Float32Array(count);
        reader.read(new Uint8Array(memory.buffer), 0, values);
        for (const [index, { value, exponent }] of classes.entries()) {
          assert.ok(Math.abs((values[index] ?? Number.NaN) - value) <= 2 ** exponent / 2 + 1e-6);
        }
      }),
    );
  });

  it('reads each picture of a batch, by the strides or by the aligned shape', () => {
    const memory = new Float32Array(3 * 8);
    for (const picture of [0, 1, 2]) {
      for (const index of [0, 1, 2, 3]) memory[8 * picture + 2 * index] = 10 * picture + index;
    }
    const shapes = { validShape: [3, 4, 1, 1], alignedShape: [3, 4, 1, 2], alignedByteSize: 96 };
    for (const stride of [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [32, 8, 8, 4, 0, 0, 0, 0],
    ]) {
      const reader = new OutputReader(propertiesOf({ ...shapes, tensorType: 13, stride }), 3, 'm', noMemory);
      assert.equal(reader.classCount, 4);
      for (const picture of [0, 1, 2]) {
        const values = new Float32Array(4);
        reader.read(new Uint8Array(memory.buffer), picture, values);
        assert.deepEqual(
          [...values],
          [0, 1, 2, 3].map((index) => 10 * picture + index),
        );
      }
    }
    const other = propertiesOf({ ...shapes, validShape: [2, 4, 1, 1], tensorType: 13 });
    assertRefused(
      () => new OutputReader(other, 3, 'm', noMemory),
      'BAD_MODEL',
      /not .* for each of 3 pictures/,
    );
    const short = propertiesOf({ ...shapes, tensorType: 13, alignedByteSize: 80 });
    assertRefused(() => new OutputReader(short, 3, 'm', noMemory), 'BAD_MODEL', /needs 92 bytes but has 80/);
  });

  it('refuses what is not one readable score a class', () => {
    const cases: [Partial<TensorProperties>, RegExp][] = [
      [{ validShape: [1, 4, 7, 1] }, /shape 1x4x7x1, not one score a class/],
      [{ validShape: [1, 1] }, /shape 1x1/],
      [{ validShape: [] }, /shape of nothing/],
      [{ validShape: [1, 0] }, /shape 1x0/],
      [{ tensorType: 6 }, /data type 6/],
      [{ alignedByteSize: 12 }, /needs 16 bytes but has 12/],
      [{ stride: [0, 2, 0, 0, 0, 0, 0, 0] }, /cannot be used/],
      [{ quantiType: 1, shift: { length: 3, address: 1n } }, /has 3 shifts for 4 classes/],
      [{ quantiType: 2, scale: { length: 0, address: 0n } }, /has 0 scales for 4 classes/],
      [{ quantiType: 5 }, /quantised in the way 5/],
    ];
    for (const [overrides, message] of cases) {
      assertRefused(
        () => new OutputReader(propertiesOf(overrides), 1, 'm.bin', noMemory),
        'BAD_MODEL',
        message,
      );
    }
  });
});
