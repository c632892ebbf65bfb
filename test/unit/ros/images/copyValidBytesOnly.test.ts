import assert from 'node:assert/strict';
import { copyValidBytesOnly } from '../../../../src/ros/images/copyValidBytesOnly.js';

describe('copyValidBytesOnly', () => {
  it('leaves a type alone whose type support is not there, also when it is asked again', () => {
    for (let times = 0; times < 2; times++) assert.equal(copyValidBytesOnly('HbmMsgOfNobody', 100), false);
  });
});
