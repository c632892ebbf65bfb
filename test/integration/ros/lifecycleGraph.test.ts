import assert from 'node:assert/strict';
import { NodeUnderTest } from '../../helpers/NodeUnderTest.js';
import type { RosPeer } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;

interface Named {
  readonly id: number;
  readonly label: string;
}

interface Description {
  readonly transition: Named;
  readonly start_state: Named;
  readonly goal_state: Named;
}

/** As rcl_lifecycle's default_state_machine.c registers them, `ros2 lifecycle list -a` shows them. */
const GRAPH = `
  1 configure: unconfigured 1 -> configuring 10
  10 transition_success: configuring 10 -> inactive 2
  11 transition_failure: configuring 10 -> unconfigured 1
  12 transition_error: configuring 10 -> errorprocessing 15
  2 cleanup: inactive 2 -> cleaningup 11
  20 transition_success: cleaningup 11 -> unconfigured 1
  21 transition_failure: cleaningup 11 -> inactive 2
  22 transition_error: cleaningup 11 -> errorprocessing 15
  3 activate: inactive 2 -> activating 13
  30 transition_success: activating 13 -> active 3
  31 transition_failure: activating 13 -> inactive 2
  32 transition_error: activating 13 -> errorprocessing 15
  4 deactivate: active 3 -> deactivating 14
  40 transition_success: deactivating 14 -> inactive 2
  41 transition_failure: deactivating 14 -> active 3
  42 transition_error: deactivating 14 -> errorprocessing 15
  5 shutdown: unconfigured 1 -> shuttingdown 12
  6 shutdown: inactive 2 -> shuttingdown 12
  7 shutdown: active 3 -> shuttingdown 12
  50 transition_success: shuttingdown 12 -> finalized 4
  51 transition_failure: shuttingdown 12 -> finalized 4
  52 transition_error: shuttingdown 12 -> errorprocessing 15
  60 transition_success: errorprocessing 15 -> unconfigured 1
  61 transition_failure: errorprocessing 15 -> finalized 4
  62 transition_error: errorprocessing 15 -> finalized 4`
  .trim()
  .split(/\s*\n\s*/);

describe('ROS node: the graph of its lifecycle', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function transitions(user: RosPeer, service: string): Promise<string[]> {
    const { available_transitions } = await user.ask<{ available_transitions: Description[] }>({
      op: 'call',
      service: `${NAME}/${service}`,
      type: 'lifecycle_msgs/srv/GetAvailableTransitions',
      request: {},
    });
    return available_transitions.map(
      ({ transition, start_state: start, goal_state: goal }) =>
        `${transition.id} ${transition.label}: ${start.label} ${start.id} -> ${goal.label} ${goal.id}`,
    );
  }

  it('is that of every managed node: states, transitions, and those of the present state', async () => {
    const user = await rig.start();
    assert.deepEqual(await transitions(user, 'get_transition_graph'), GRAPH);
    const { available_states } = await user.ask<{ available_states: Named[] }>({
      op: 'call',
      service: `${NAME}/get_available_states`,
      type: 'lifecycle_msgs/srv/GetAvailableStates',
      request: {},
    });
    assert.deepEqual(
      available_states.map(({ id, label }) => `${id} ${label}`),
      [
        '0 unknown',
        '1 unconfigured',
        '2 inactive',
        '3 active',
        '4 finalized',
        '10 configuring',
        '11 cleaningup',
        '12 shuttingdown',
        '13 activating',
        '14 deactivating',
        '15 errorprocessing',
      ],
    );
    const walk: readonly (readonly [label: string, ids: readonly number[]])[] = [
      ['', [1, 5]],
      ['configure', [2, 3, 6]],
      ['activate', [4, 7]],
      ['shutdown', []],
    ];
    for (const [label, ids] of walk) {
      if (label !== '') assert.equal(await user.transition(NAME, label), true, rig.output);
      const expected = ids.map((id) => GRAPH.find((line) => line.startsWith(`${id} `)));
      assert.deepEqual(await transitions(user, 'get_available_transitions'), expected);
    }
  });
});
