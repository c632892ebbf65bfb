import assert from 'node:assert/strict';
import { runAllSteps, runAllStepsNow } from '../../../src/core/runAllSteps.js';

describe('runAllSteps', () => {
  const steps = (done: number[]): (() => void)[] => [
    () => {
      throw new Error('first');
    },
    () => done.push(1),
    () => {
      throw new Error('second');
    },
    () => done.push(2),
  ];

  it('runs every step and throws the first error then', async () => {
    const done: number[] = [];
    await assert.rejects(runAllSteps([...steps(done), async () => done.push(3)]), /first/);
    assert.deepEqual(done, [1, 2, 3]);
    assert.throws(() => runAllStepsNow(steps(done)), /first/);
    assert.deepEqual(done, [1, 2, 3, 1, 2]);
    await runAllSteps([]);
  });
});
