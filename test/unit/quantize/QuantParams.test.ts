import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quantizeValues, quantParamsOf } from '../../../src/quantize/QuantParams.js';

const anyRange = fc
  .tuple(fc.double({ min: -1e6, max: 0, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }))
  .map(([min, max]) => ({ min, max }));

describe('QuantParams', () => {
  it('holds zero exactly and every value of the range to half a step', () => {
    fc.assert(
      fc.property(anyRange, fc.double({ min: 0, max: 1, noNaN: true }), (range, share) => {
        for (const precision of ['int8', 'int16'] as const) {
          const params = quantParamsOf(range, precision);
          const value = range.min + share * (range.max - range.min);
          const [zero = 0, step = 0] = quantizeValues(Float32Array.of(0, value), params);
          assert.equal((zero - params.zeroPoint) * params.scale, 0);
          const back = (step - params.zeroPoint) * params.scale;
          // Half a step for the value, half for the zero point, and float32's own rounding.
          assert.ok(Math.abs(back - value) <= params.scale * 1.001 + 1e-30, `${value} came back as ${back}`);
        }
      }),
    );
  });

  it('is unsigned in 8 bits, signed and symmetric in 16', () => {
    assert.deepEqual(quantParamsOf({ min: 0, max: 2.55 }, 'int8'), {
      precision: 'int8',
      dataType: 'uint8',
      scale: Math.fround(0.01),
      zeroPoint: 0,
    });
    const wide = quantParamsOf({ min: -1, max: 0.5 }, 'int16');
    assert.equal(wide.dataType, 'int16');
    assert.equal(wide.zeroPoint, 0);
    assert.equal(wide.scale, Math.fround(1 / 32767));
  });

  it('rounds half to even and clips, as QuantizeLinear does', () => {
    const params = { precision: 'int8', dataType: 'uint8', scale: 1, zeroPoint: 10 } as const;
    const steps = quantizeValues(Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5, 300, -300), params);
    assert.deepEqual([...steps], [10, 12, 12, 10, 8, 255, 0]);
  });

  it('takes a value that is always zero', () => {
    const params = quantParamsOf({ min: 0, max: 0 }, 'int8');
    assert.deepEqual([params.scale, params.zeroPoint], [1, 0]);
  });
});
