import assert from 'node:assert/strict';
import { unlessForced } from '../../../src/ros/unlessForced.js';

const never = new Promise<void>(() => undefined);

/** A pipeline that notes how it was closed. */
class Pipeline {
  readonly closed: object[] = [];
  async close(options: object): Promise<void> {
    this.closed.push(options);
  }
}

describe('unlessForced', () => {
  it('waits for the work, and passes on how it failed', async () => {
    const pipeline = new Pipeline();
    const forceStop = new AbortController();
    await unlessForced(Promise.resolve(), forceStop.signal, () => pipeline);
    await unlessForced(Promise.resolve(), undefined, () => pipeline);
    const failed = Promise.reject(new Error('no end'));
    await assert.rejects(
      unlessForced(failed, forceStop.signal, () => pipeline),
      /no end/,
    );
    forceStop.abort();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(pipeline.closed, []);
  });

  it('drops what waits after a forced stop, and does not wait for work that hangs', async () => {
    const pipeline = new Pipeline();
    const forceStop = new AbortController();
    const done = unlessForced(never, forceStop.signal, () => pipeline);
    forceStop.abort();
    await done;
    assert.equal(pipeline.closed.length, 1);
    assert.equal((pipeline.closed[0] as { drain: boolean }).drain, false);
    await unlessForced(never, forceStop.signal, () => undefined);
  });

  it('waits for work that the forced stop ends', async () => {
    const forceStop = new AbortController();
    let isDone = false;
    let end: () => void = () => undefined;
    const work = new Promise<void>((resolve) => {
      end = resolve;
    }).then(() => {
      isDone = true;
    });
    forceStop.abort();
    await unlessForced(work, forceStop.signal, () => ({ close: async () => end() }));
    assert.equal(isDone, true);
  });
});
