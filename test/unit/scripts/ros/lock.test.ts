import assert from 'node:assert/strict';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

type WithLock = <T>(folder: string, out: { write(text: string): void }, work: () => Promise<T>) => Promise<T>;

describe('scripts/ros/lock', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();

  it('lets one set-up work at a time, tells the other that it waits, and frees the lock after a failure', async () => {
    const { withLock } = await rosScript<{ withLock: WithLock }>('lock');
    const folder = scratch.path();
    let shown = '';
    const out = {
      write: (text: string): void => {
        shown += text;
      },
    };
    const order: string[] = [];
    let finishFirst = (): void => undefined;
    const first = withLock(folder, out, async () => {
      order.push('first begins');
      await new Promise<void>((resolve) => {
        finishFirst = resolve;
      });
      order.push('first ends');
      throw new Error('failed');
    });
    while (order.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const second = withLock(folder, out, async () => {
      order.push('second');
      return 7;
    });
    while (shown === '') await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(order, ['first begins']);
    finishFirst();
    await assert.rejects(first, /failed/);
    assert.equal(await second, 7);
    assert.deepEqual(order, ['first begins', 'first ends', 'second']);
    assert.equal(shown, 'Another set-up of ROS is at work; waiting for it ...\n');
  });
});
