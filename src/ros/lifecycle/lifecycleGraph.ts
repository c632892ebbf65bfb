/** lifecycle_msgs/msg/State: the primary states, then the states while a transition is running. */
export const STATES = {
  unconfigured: 1,
  inactive: 2,
  active: 3,
  finalized: 4,
  configuring: 10,
  cleaningup: 11,
  shuttingdown: 12,
  activating: 13,
  deactivating: 14,
  errorprocessing: 15,
} as const;

export type PrimaryState = 'unconfigured' | 'inactive' | 'active' | 'finalized';
export type TransitionState = Exclude<LifecycleState, PrimaryState>;
export type LifecycleState = keyof typeof STATES;

/** The transitions that may be requested. */
export type TransitionLabel = 'configure' | 'cleanup' | 'activate' | 'deactivate' | 'shutdown';

/** How the work of a transition ended. */
export type Outcome = 'success' | 'failure' | 'error';

/** One edge of the graph; published on ~/transition_event when it is taken. */
export interface Edge {
  /** lifecycle_msgs/msg/Transition */
  readonly id: number;
  readonly label: TransitionLabel | `transition_${Outcome}`;
  readonly start: LifecycleState;
  readonly goal: LifecycleState;
}

/** An edge that may be requested. */
export interface Transition extends Edge {
  readonly label: TransitionLabel;
  readonly start: PrimaryState;
  readonly goal: TransitionState;
}

/** The transitions of a managed node, numbered and ordered as in rcl_lifecycle's default_state_machine.c. */
export const TRANSITIONS: readonly Transition[] = [
  { id: 1, label: 'configure', start: 'unconfigured', goal: 'configuring' },
  { id: 2, label: 'cleanup', start: 'inactive', goal: 'cleaningup' },
  { id: 3, label: 'activate', start: 'inactive', goal: 'activating' },
  { id: 4, label: 'deactivate', start: 'active', goal: 'deactivating' },
  { id: 5, label: 'shutdown', start: 'unconfigured', goal: 'shuttingdown' },
  { id: 6, label: 'shutdown', start: 'inactive', goal: 'shuttingdown' },
  { id: 7, label: 'shutdown', start: 'active', goal: 'shuttingdown' },
];

/** The states after the work of each transition; the ids of the three edges are consecutive. */
const OUTCOMES: Readonly<
  Record<TransitionState, { readonly firstId: number } & Readonly<Record<Outcome, LifecycleState>>>
> = {
  configuring: { firstId: 10, success: 'inactive', failure: 'unconfigured', error: 'errorprocessing' },
  cleaningup: { firstId: 20, success: 'unconfigured', failure: 'inactive', error: 'errorprocessing' },
  activating: { firstId: 30, success: 'active', failure: 'inactive', error: 'errorprocessing' },
  deactivating: { firstId: 40, success: 'inactive', failure: 'active', error: 'errorprocessing' },
  shuttingdown: { firstId: 50, success: 'finalized', failure: 'finalized', error: 'errorprocessing' },
  errorprocessing: { firstId: 60, success: 'unconfigured', failure: 'finalized', error: 'finalized' },
};

/** The edge out of a transition state. */
export function outcomeEdge(start: TransitionState, outcome: Outcome): Edge {
  const { firstId, [outcome]: goal } = OUTCOMES[start];
  const id = firstId + ['success', 'failure', 'error'].indexOf(outcome);
  return { id, label: `transition_${outcome}`, start, goal };
}

const OUTCOME_EDGES: readonly Edge[] = (Object.keys(OUTCOMES) as TransitionState[]).flatMap((state) =>
  (['success', 'failure', 'error'] as const).map((outcome) => outcomeEdge(state, outcome)),
);

/** The whole graph in rcl's order: each transition with its outcome edges. */
export const EDGES: readonly Edge[] = [
  ...TRANSITIONS.filter(({ label }) => label !== 'shutdown').flatMap((transition) => [
    transition,
    ...OUTCOME_EDGES.filter(({ start }) => start === transition.goal),
  ]),
  ...TRANSITIONS.filter(({ label }) => label === 'shutdown'),
  ...OUTCOME_EDGES.filter(({ start }) => start === 'shuttingdown' || start === 'errorprocessing'),
];
