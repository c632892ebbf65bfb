import assert from 'node:assert/strict';
import { checkResizeOn } from '../../../src/classify/checkResizeOn.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import type { BackendSpec } from '../../../src/inference/BackendSpec.js';
import { assertRefused } from '../../helpers/assertRefused.js';

const RESIZER = { kind: 'bpu', isResizer: true } as BackendSpec;

describe('checkResizeOn', () => {
  it('accepts what the chip can do, and all that is not asked of it', () => {
    const options = preprocessOptions({ resizeOn: 'bpu' });
    checkResizeOn('m', RESIZER, options);
    // A bare .bin tells when it is loaded.
    checkResizeOn('m', { kind: 'bpu' } as BackendSpec, options);
    checkResizeOn('m', { kind: 'onnx' } as BackendSpec, preprocessOptions());
    checkResizeOn('m', RESIZER, preprocessOptions({ resizeMode: 'letterbox', resizeOn: 'auto' }));
  });

  const refused: [string, BackendSpec, Parameters<typeof preprocessOptions>[0], RegExp][] = [
    ['the CPU', { kind: 'onnx' } as BackendSpec, {}, /the model m runs on onnx: take resize_on auto/],
    [
      'a model of another input source',
      { kind: 'bpu', isResizer: false } as BackendSpec,
      {},
      /compile it with --input-source resizer/,
    ],
    ['a simulation of one', { kind: 'bpu_sim' } as BackendSpec, {}, /compile it with --input-source resizer/],
    ['borders', RESIZER, { resizeMode: 'letterbox' }, /the chip adds no borders/],
    [
      'another range',
      RESIZER,
      { sourceRange: 'limited' },
      /frames have limited range where the model takes full/,
    ],
  ];
  for (const [name, backend, options, message] of refused) {
    it(`refuses ${name}`, () => {
      assertRefused(
        () => checkResizeOn('m', backend, preprocessOptions({ resizeOn: 'bpu', ...options })),
        'BAD_CONFIG',
        message,
      );
      assert.doesNotThrow(() => checkResizeOn('m', backend, preprocessOptions(options)));
    });
  }
});
