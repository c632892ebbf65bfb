import assert from 'node:assert/strict';
import { chooseWorker } from '../../../src/pool/WorkerChoice.js';

describe('chooseWorker', () => {
  const worker = (held: Partial<Record<'hasCapacity' | 'isGathering' | 'isEmpty', boolean>>, freeNs = 0) => ({
    state: 'serving' as const,
    held: { hasCapacity: true, isGathering: false, isEmpty: false, expectedFreeNs: freeNs, ...held },
  });
  const idle = worker({ isEmpty: true });
  const gathering = worker({ isGathering: true }, Number.POSITIVE_INFINITY);
  const busy = (expectedFreeNs: number) => worker({}, expectedFreeNs);
  const full = worker({ hasCapacity: false });

  it('takes the one whose task the frame can join, before an idle one', () => {
    assert.equal(chooseWorker([busy(1), idle, gathering], 100), gathering);
  });

  it('takes an idle one before that, if the workers compute side by side', () => {
    assert.equal(chooseWorker([busy(1), gathering, idle], 100, true), idle);
    assert.equal(chooseWorker([busy(1), gathering], 100, true), gathering);
  });

  it('takes the first that is idle, before any that is busy', () => {
    const second = worker({ isEmpty: true });
    assert.equal(chooseWorker([busy(1), idle, second], 100), idle);
  });

  it('takes the busy one that is free first, in time', () => {
    const [late, soon] = [busy(90), busy(50)];
    assert.equal(chooseWorker([late, soon, busy(70)], 100), soon);
    assert.equal(chooseWorker([late, soon], 50), soon);
    assert.equal(chooseWorker([late, soon], 49), undefined);
    assert.equal(chooseWorker([busy(Number.POSITIVE_INFINITY)], 1e18), undefined);
  });

  it('takes nobody without capacity', () => {
    assert.equal(chooseWorker([full, worker({ isGathering: true, hasCapacity: false })], 100), undefined);
    assert.equal(chooseWorker([], 100), undefined);
  });

  it('takes nobody who is being lost, although there is room', () => {
    assert.equal(
      chooseWorker(
        [
          { ...idle, state: 'abandoned' },
          { ...gathering, state: 'exited' },
        ],
        100,
      ),
      undefined,
    );
  });
});
