import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Condition } from '../../../src/pool/Condition.js';

describe('Condition', () => {
  it('does not wait for what holds already, even with an aborted signal', async () => {
    await new Condition(() => true).wait();
    await new Condition(() => true).wait(AbortSignal.abort());
  });

  it('resolves for everybody once it holds and is notified', async () => {
    let isMet = false;
    let resolved = 0;
    const condition = new Condition(() => isMet);
    const both = [condition.wait(), condition.wait()].map((each) =>
      each.then(() => {
        resolved += 1;
      }),
    );
    condition.notifyAll();
    await turn();
    assert.equal(resolved, 0);
    isMet = true;
    condition.notifyAll();
    await Promise.all(both);
  });

  it('waits on where it no longer holds when the turn of a waiter comes', async () => {
    let isMet = true;
    let isResolved = false;
    const condition = new Condition(() => isMet);
    isMet = false;
    const waiting = condition.wait().then(() => {
      isResolved = true;
    });
    isMet = true;
    condition.notifyAll();
    isMet = false;
    await turn();
    assert.equal(isResolved, false);
    isMet = true;
    condition.notifyAll();
    await waiting;
  });

  it('ends the wait of who cancels it, and of nobody else', async () => {
    let isMet = false;
    const condition = new Condition(() => isMet);
    const controller = new AbortController();
    const cancelled = condition.wait(controller.signal);
    const patient = condition.wait();
    const reason = new RangeError('no more time');
    controller.abort(reason);
    await assert.rejects(cancelled, { code: 'CANCELLED', cause: reason });
    isMet = true;
    condition.notifyAll();
    await patient;
  });
});
