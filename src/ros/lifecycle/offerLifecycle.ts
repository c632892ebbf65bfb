import { asEffvitError } from '../../core/EffvitError.js';
import type { RclNode } from '../rcl.js';
import {
  type LifecycleMachine,
  type LifecycleState,
  STATES,
  TRANSITIONS,
  type Transition,
  type TransitionEvent,
} from './LifecycleMachine.js';

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

const describe = ({ id, label, from, via }: Transition): TransitionDescription => ({
  transition: { id, label },
  start_state: stateMessage(from),
  goal_state: stateMessage(via),
});

/**
 * Publishes ~/transition_event and returns what sends one; to be made before the machine.
 *
 * @returns a function for {@link LifecycleMachine}'s `onTransition`.
 */
export function transitionPublisher(node: RclNode): (event: TransitionEvent) => void {
  const publisher = node.createPublisher<object>('lifecycle_msgs/msg/TransitionEvent', '~/transition_event');
  return ({ id, label, start, goal }) => {
    publisher.publish({
      timestamp: node.now().nanoseconds,
      transition: { id, label },
      start_state: stateMessage(start),
      goal_state: stateMessage(goal),
    });
  };
}

/** Offers the five services by which `ros2 lifecycle` and launch drive a managed node. */
export function offerLifecycle(node: RclNode, machine: LifecycleMachine): void {
  node.createService<{ transition: TransitionMessage }, { success: boolean }>(
    'lifecycle_msgs/srv/ChangeState',
    '~/change_state',
    (request, response) => {
      const { id, label } = request.transition;
      void machine.request({ id, label }).then(({ isSuccess, error }) => {
        if (!isSuccess) node.getLogger().error(asEffvitError(error).message);
        response.send({ success: isSuccess });
      });
    },
  );
  node.createService<object, { current_state: StateMessage }>(
    'lifecycle_msgs/srv/GetState',
    '~/get_state',
    (_, response) => response.send({ current_state: stateMessage(machine.state) }),
  );
  node.createService<object, { available_states: StateMessage[] }>(
    'lifecycle_msgs/srv/GetAvailableStates',
    '~/get_available_states',
    (_, response) => {
      const states = Object.keys(STATES) as LifecycleState[];
      response.send({ available_states: states.map(stateMessage) });
    },
  );
  node.createService<object, { available_transitions: TransitionDescription[] }>(
    'lifecycle_msgs/srv/GetAvailableTransitions',
    '~/get_available_transitions',
    (_, response) => response.send({ available_transitions: machine.available().map(describe) }),
  );
  node.createService<object, { available_transitions: TransitionDescription[] }>(
    'lifecycle_msgs/srv/GetAvailableTransitions',
    '~/get_transition_graph',
    (_, response) => response.send({ available_transitions: TRANSITIONS.map(describe) }),
  );
}
