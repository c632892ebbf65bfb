import { EffvitError } from '../../core/EffvitError.js';

/** lifecycle_msgs/msg/State: the primary states. */
export const PRIMARY_STATES = {
  unconfigured: 1,
  inactive: 2,
  active: 3,
  finalized: 4,
} as const;

/** lifecycle_msgs/msg/State: the states while a transition is under way. */
export const TRANSITION_STATES = {
  configuring: 10,
  cleaningup: 11,
  shuttingdown: 12,
  activating: 13,
  deactivating: 14,
  errorprocessing: 15,
} as const;

export const STATES = { ...PRIMARY_STATES, ...TRANSITION_STATES } as const;

export type PrimaryState = keyof typeof PRIMARY_STATES;
export type LifecycleState = keyof typeof STATES;

/** One edge that a user may ask for. */
export interface Transition {
  /** lifecycle_msgs/msg/Transition */
  readonly id: number;
  readonly label: 'configure' | 'cleanup' | 'activate' | 'deactivate' | 'shutdown';
  readonly from: PrimaryState;
  readonly via: keyof typeof TRANSITION_STATES;
  readonly to: PrimaryState;
  /** Ids of the edge out of `via` after success; failure is one more, error two more. */
  readonly successId: number;
}

/** The transitions of a managed node, as design.ros2.org/articles/node_lifecycle has them and rcl numbers them. */
export const TRANSITIONS: readonly Transition[] = [
  { id: 1, label: 'configure', from: 'unconfigured', via: 'configuring', to: 'inactive', successId: 10 },
  { id: 2, label: 'cleanup', from: 'inactive', via: 'cleaningup', to: 'unconfigured', successId: 20 },
  { id: 3, label: 'activate', from: 'inactive', via: 'activating', to: 'active', successId: 30 },
  { id: 4, label: 'deactivate', from: 'active', via: 'deactivating', to: 'inactive', successId: 40 },
  { id: 5, label: 'shutdown', from: 'unconfigured', via: 'shuttingdown', to: 'finalized', successId: 50 },
  { id: 6, label: 'shutdown', from: 'inactive', via: 'shuttingdown', to: 'finalized', successId: 50 },
  { id: 7, label: 'shutdown', from: 'active', via: 'shuttingdown', to: 'finalized', successId: 50 },
];

const ON_ERROR_SUCCESS_ID = 60;

/** An edge that was taken, for ~/transition_event. */
export interface TransitionEvent {
  readonly id: number;
  readonly label: string;
  readonly start: LifecycleState;
  readonly goal: LifecycleState;
}

/**
 * The work of each transition. One that throws an {@link EffvitError} has failed cleanly and the node goes back to
 * where it was; anything else is an error, and `onError` has to tidy up.
 */
export interface LifecycleCallbacks {
  readonly configure: () => Promise<void>;
  readonly activate: () => Promise<void>;
  readonly deactivate: () => Promise<void>;
  readonly cleanup: () => Promise<void>;
  readonly shutdown: (from: PrimaryState) => Promise<void>;
  /** Frees everything; the node is unconfigured afterwards, or finalized where this throws, too. */
  readonly onError: (cause: unknown) => Promise<void>;
  readonly onTransition: (event: TransitionEvent) => void;
}

/** Whether a requested transition was carried out, and why not. */
export interface TransitionOutcome {
  readonly isSuccess: boolean;
  readonly error?: unknown;
}

/**
 * The state machine of a managed node with asynchronous transitions: loading a model takes a while, and the node
 * answers its other services meanwhile. One transition runs at a time; a request during it is refused, as rcl does.
 */
export class LifecycleMachine {
  readonly #callbacks: LifecycleCallbacks;
  #state: LifecycleState = 'unconfigured';
  #running: Promise<unknown> = Promise.resolve();

  constructor(callbacks: LifecycleCallbacks) {
    this.#callbacks = callbacks;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** The transitions that the present state allows. */
  available(): readonly Transition[] {
    return TRANSITIONS.filter((transition) => transition.from === this.#state);
  }

  /** Resolves when no transition is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /**
   * Carries out a transition, named by its label or else by its id.
   *
   * @returns false with the reason where the state does not allow it or its work failed; never rejects.
   */
  request(wanted: { readonly id: number; readonly label: string }): Promise<TransitionOutcome> {
    const transition = this.available().find((edge) =>
      wanted.label === '' ? edge.id === wanted.id : edge.label === wanted.label,
    );
    if (transition === undefined) {
      const labels = this.available().map((edge) => edge.label);
      const error = new EffvitError(
        'BAD_ARGUMENT',
        `Transition ${wanted.label === '' ? wanted.id : wanted.label} is not possible in state ${this.#state}; possible now: ${labels.join(', ') || 'none until the running one ends'}.`,
      );
      return Promise.resolve({ isSuccess: false, error });
    }
    const outcome = this.#carryOut(transition);
    this.#running = outcome;
    return outcome;
  }

  async #carryOut(transition: Transition): Promise<TransitionOutcome> {
    const { from, via, to, id, label, successId } = transition;
    this.#move({ id, label, start: from, goal: via });
    try {
      await this.#work(transition);
      this.#move({ id: successId, label: 'transition_success', start: via, goal: to });
      return { isSuccess: true };
    } catch (error) {
      if (error instanceof EffvitError) {
        this.#move({ id: successId + 1, label: 'transition_failure', start: via, goal: from });
        return { isSuccess: false, error };
      }
      this.#move({ id: successId + 2, label: 'transition_error', start: via, goal: 'errorprocessing' });
      await this.#recover(error);
      return { isSuccess: false, error };
    }
  }

  #work({ label, from }: Transition): Promise<void> {
    return label === 'shutdown' ? this.#callbacks.shutdown(from) : this.#callbacks[label]();
  }

  async #recover(cause: unknown): Promise<void> {
    try {
      await this.#callbacks.onError(cause);
      this.#move({
        id: ON_ERROR_SUCCESS_ID,
        label: 'transition_success',
        start: 'errorprocessing',
        goal: 'unconfigured',
      });
    } catch {
      this.#move({
        id: ON_ERROR_SUCCESS_ID + 1,
        label: 'transition_failure',
        start: 'errorprocessing',
        goal: 'finalized',
      });
    }
  }

  #move(event: TransitionEvent): void {
    this.#state = event.goal;
    this.#callbacks.onTransition(event);
  }
}
