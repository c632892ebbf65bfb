import { asEffvitError } from '../../core/EffvitError.js';
import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';
import type { LifecycleMachine } from './LifecycleMachine.js';
import { EDGES, type Edge, type LifecycleState, STATES } from './lifecycleGraph.js';

/** lifecycle_msgs/msg/State, and the requested or taken lifecycle_msgs/msg/Transition. */
interface LabelMessage {
  readonly id: number;
  readonly label: string;
}

const stateMessage = (state: LifecycleState): LabelMessage => ({ id: STATES[state], label: state });

const UNKNOWN: LabelMessage = { id: 0, label: 'unknown' };

/** As in rcl, including the unknown state. */
const ALL_STATES: readonly LabelMessage[] = [
  UNKNOWN,
  ...(Object.keys(STATES) as LifecycleState[]).map(stateMessage),
];

/** lifecycle_msgs/msg/TransitionDescription */
const describe = ({ id, label, start, goal }: Edge): object => ({
  transition: { id, label },
  start_state: stateMessage(start),
  goal_state: stateMessage(goal),
});

/** Creates ~/transition_event. @returns a function for {@link LifecycleMachine}'s `onTransition`. */
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
  const offer = <Request extends object>(
    type: string,
    name: string,
    answer: (request: Request) => object | Promise<object>,
    refusal: object,
  ): void => offerService(node, `lifecycle_msgs/srv/${type}`, `~/${name}`, answer, () => refusal);
  const offerTransitions = (name: string, edges: () => readonly Edge[]): void => {
    const answer = (): object => ({ available_transitions: edges().map(describe) });
    offer('GetAvailableTransitions', name, answer, { available_transitions: [] });
  };

  const change = async ({ transition }: { readonly transition: LabelMessage }): Promise<object> => {
    const { isSuccess, error } = await machine.request(transition);
    if (!isSuccess) node.getLogger().error(asEffvitError(error).message);
    return { success: isSuccess };
  };
  offer('ChangeState', 'change_state', change, { success: false });
  const state = (): object => ({ current_state: stateMessage(machine.state) });
  offer('GetState', 'get_state', state, { current_state: UNKNOWN });
  const states = (): object => ({ available_states: ALL_STATES });
  offer('GetAvailableStates', 'get_available_states', states, { available_states: [] });
  offerTransitions('get_available_transitions', () => EDGES.filter(({ start }) => start === machine.state));
  offerTransitions('get_transition_graph', () => EDGES);
}
