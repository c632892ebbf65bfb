import assert from 'node:assert/strict';
import { PARAMETERS } from '../../../../src/ros/parameters/parameterTable.js';
import { fromRos, plainValue, type ValueMessage } from '../../../../src/ros/parameters/parameterValues.js';

const UNSET: ValueMessage = {
  type: 0,
  bool_value: true,
  integer_value: 7,
  double_value: 0.5,
  string_value: 'text',
  byte_array_value: Uint8Array.of(1, 2),
  bool_array_value: [true, false],
  integer_array_value: BigInt64Array.of(3n, 4n),
  double_array_value: Float64Array.of(0.25),
  string_array_value: ['a'],
};

describe('parameterValues', () => {
  it('reads the field that the type names, and none where it names none', () => {
    const values = [
      undefined,
      true,
      7n,
      0.5,
      'text',
      [1, 2],
      [true, false],
      [3n, 4n],
      [0.25],
      ['a'],
      undefined,
    ];
    assert.deepEqual(
      values.map((_, type) => plainValue({ ...UNSET, type })),
      values,
    );
  });

  it('takes integers as numbers, and as the choice that is written so', () => {
    assert.equal(fromRos(PARAMETERS.max_fps, 30n), 30);
    assert.deepEqual(fromRos(PARAMETERS.threads, [1n, 2n]), [1, 2]);
    assert.equal(fromRos(PARAMETERS.bpu_core, 0n), '0');
    assert.equal(fromRos(PARAMETERS.bpu_core, 7n), 7);
    assert.equal(fromRos(PARAMETERS.model, 5n), 5);
    assert.equal(fromRos(PARAMETERS.bpu_core, 'any'), 'any');
  });
});
