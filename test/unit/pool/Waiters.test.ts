import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Waiters } from '../../../src/pool/Waiters.js';

describe('Waiters', () => {
  it('does not wait for what holds already', async () => {
    await new Waiters(() => true).wait();
  });

  it('resolves for everybody once it holds and somebody looks', async () => {
    let isMet = false;
    let resolved = 0;
    const waiters = new Waiters(() => isMet);
    const both = [waiters.wait(), waiters.wait()].map((each) =>
      each.then(() => {
        resolved += 1;
      }),
    );
    waiters.look();
    await turn();
    assert.equal(resolved, 0);
    isMet = true;
    waiters.look();
    await Promise.all(both);
  });

  it('waits on where it no longer holds when the turn of a waiter comes', async () => {
    let isMet = true;
    let isResolved = false;
    const waiters = new Waiters(() => isMet);
    isMet = false;
    const waiting = waiters.wait().then(() => {
      isResolved = true;
    });
    isMet = true;
    waiters.look();
    isMet = false;
    await turn();
    assert.equal(isResolved, false);
    isMet = true;
    waiters.look();
    await waiting;
  });
});
