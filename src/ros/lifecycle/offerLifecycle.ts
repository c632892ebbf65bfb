import { asEffvitError } from '../../core/EffvitError.js';
import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';
import type { LifecycleMachine } from './LifecycleMachine.js';
import { EDGES, type Edge, type LifecycleState, STATES } from './lifecycleGraph.js';

interface StateMessage {
  readonly id: number;
  readonly label: string;
}

interface TransitionMessage {
  readonly id: number;
  readonly label: string;
}

interface TransitionDescription {
  readonly transition: TransitionMessage;
  readonly start_state: StateMessage;
  readonly goal_state: StateMessage;
}

const stateMessage = (state: LifecycleState): StateMessage => ({ id: STATES[state], label: state });

const UNKNOWN: StateMessage = { id: 0, label: 'unknown' };

/** As in rcl, including the unknown state. */
const ALL_STATES: readonly StateMessage[] = [
  UNKNOWN,
  ...(Object.keys(STATES) as LifecycleState[]).map(stateMessage),
];

const describe = ({ id, label, start, goal }: Edge): TransitionDescription => ({
  transition: { id, label },
  start_state: stateMessage(start),
  goal_state: stateMessage(goal),
});

/**
 * Creates the publisher of ~/transition_event; call it before creating the machine.
 *
 * @returns a function for {@link LifecycleMachine}'s `onTransition`.
 */
export function transitionPublisher(node: RclNode): (event: Edge) => void {
  const publisher = node.createPublisher<object>('lifecycle_msgs/msg/TransitionEvent', '~/transition_event');
  return (edge) => {
    try {
      publisher.publish({ timestamp: node.now().nanoseconds, ...describe(edge) });
    } catch (error) {
      // A failure to publish the event does not undo the transition.
      node.getLogger().error(`~/transition_event: ${asEffvitError(error).message}`);
    }
  };
}

/** Offers the five services with which `ros2 lifecycle` and launch control a managed node. */
export function offerLifecycle(node: RclNode, machine: LifecycleMachine): void {
  offerService<{ transition: TransitionMessage }, { success: boolean }>(
    node,
    'lifecycle_msgs/srv/ChangeState',
    '~/change_state',
    async ({ transition: { id, label } }) => {
      const { isSuccess, error } = await machine.request({ id, label });
      if (!isSuccess) node.getLogger().error(asEffvitError(error).message);
      return { success: isSuccess };
    },
    () => ({ success: false }),
  );
  offerService<object, { current_state: StateMessage }>(
    node,
    'lifecycle_msgs/srv/GetState',
    '~/get_state',
    () => ({ current_state: stateMessage(machine.state) }),
    () => ({ current_state: UNKNOWN }),
  );
  offerService<object, { available_states: readonly StateMessage[] }>(
    node,
    'lifecycle_msgs/srv/GetAvailableStates',
    '~/get_available_states',
    () => ({ available_states: ALL_STATES }),
    () => ({ available_states: [] }),
  );
  offerService<object, { available_transitions: readonly TransitionDescription[] }>(
    node,
    'lifecycle_msgs/srv/GetAvailableTransitions',
    '~/get_available_transitions',
    () => ({ available_transitions: EDGES.filter(({ start }) => start === machine.state).map(describe) }),
    () => ({ available_transitions: [] }),
  );
  offerService<object, { available_transitions: readonly TransitionDescription[] }>(
    node,
    'lifecycle_msgs/srv/GetAvailableTransitions',
    '~/get_transition_graph',
    () => ({ available_transitions: EDGES.map(describe) }),
    () => ({ available_transitions: [] }),
  );
}
