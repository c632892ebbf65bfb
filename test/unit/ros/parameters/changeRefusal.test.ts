import assert from 'node:assert/strict';
import { type LifecycleState, STATES } from '../../../../src/ros/lifecycle/lifecycleGraph.js';
import { changeRefusal } from '../../../../src/ros/parameters/changeRefusal.js';

const STATE_NAMES = Object.keys(STATES) as LifecycleState[];

describe('changeRefusal', () => {
  it('lets a parameter that needs no restart change in every state', () => {
    for (const state of STATE_NAMES) {
      assert.equal(changeRefusal('threads', undefined, state, '/n'), undefined);
    }
  });

  const remedies: Readonly<Record<LifecycleState, RegExp | undefined>> = {
    unconfigured: undefined,
    inactive: /while the node is inactive: run `ros2 lifecycle set \/robot\/n cleanup` first\.$/,
    active:
      /run `ros2 lifecycle set \/robot\/n deactivate` and `ros2 lifecycle set \/robot\/n cleanup` first\.$/,
    finalized: /start the node anew/,
    shuttingdown: /start the node anew/,
    cleaningup: /set it again once .* says unconfigured/,
    errorprocessing: /set it again once .* says unconfigured/,
    configuring: /wait until that has ended, then/,
    activating: /wait until that has ended, then/,
    deactivating: /wait until that has ended, then/,
  };
  for (const state of STATE_NAMES) {
    it(`names the remedy in state ${state}`, () => {
      const refusal = changeRefusal('ordered', 'restart', state, '/robot/n');
      const expected = remedies[state];
      if (expected === undefined) assert.equal(refusal, undefined);
      else assert.match(refusal ?? '', expected);
    });
  }
});
