import assert from 'node:assert/strict';
import { unlessHurried } from '../../../src/ros/unlessHurried.js';

const never = new Promise<void>(() => undefined);

/** A pipeline that notes how it was closed. */
class Pipeline {
  readonly closed: object[] = [];
  async close(options: object): Promise<void> {
    this.closed.push(options);
  }
}

describe('unlessHurried', () => {
  it('waits for the work, and passes on how it failed', async () => {
    const pipeline = new Pipeline();
    const hurry = new AbortController();
    await unlessHurried(Promise.resolve(), hurry.signal, () => pipeline);
    await unlessHurried(Promise.resolve(), undefined, () => pipeline);
    const failed = Promise.reject(new Error('no end'));
    await assert.rejects(
      unlessHurried(failed, hurry.signal, () => pipeline),
      /no end/,
    );
    hurry.abort();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(pipeline.closed, []);
  });

  it('drops what waits in a hurry, and does not wait for work that hangs', async () => {
    const pipeline = new Pipeline();
    const hurry = new AbortController();
    const done = unlessHurried(never, hurry.signal, () => pipeline);
    hurry.abort();
    await done;
    assert.equal(pipeline.closed.length, 1);
    assert.equal((pipeline.closed[0] as { drain: boolean }).drain, false);
    await unlessHurried(never, hurry.signal, () => undefined);
  });

  it('still lets work end that hurrying ends', async () => {
    const hurry = new AbortController();
    let isDone = false;
    let end: () => void = () => undefined;
    const work = new Promise<void>((resolve) => {
      end = resolve;
    }).then(() => {
      isDone = true;
    });
    hurry.abort();
    await unlessHurried(work, hurry.signal, () => ({ close: async () => end() }));
    assert.equal(isDone, true);
  });
});
