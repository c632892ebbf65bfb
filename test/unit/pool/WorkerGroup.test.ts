import assert from 'node:assert/strict';
import { systemClock } from '../../../src/pool/PoolClock.js';
import { poolOptions } from '../../../src/pool/PoolOptions.js';
import { WorkerGroup } from '../../../src/pool/WorkerGroup.js';

describe('WorkerGroup', () => {
  for (let turns = 0; turns <= 5; turns++) {
    it(`leaves no thread where it is closed ${turns} microtasks after a swap began`, async () => {
      const { fixed } = poolOptions({});
      const group = new WorkerGroup<never>(fixed, systemClock);
      const running = new Set<number>();
      group.on('created', (worker) => {
        running.add(worker.id);
        worker.on('exited', () => running.delete(worker.id));
      });
      const spec = { kind: 'module', moduleUrl: 'file:///absent/backend.mjs' } as const;
      const swap = group
        .swap(spec, 1, () => undefined)
        .then(
          () => 'served',
          () => 'refused',
        );
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await group.retireAll();
      assert.equal(running.size, 0);
      assert.equal(await swap, 'refused');
      assert.equal(running.size, 0);
    });
  }
});
