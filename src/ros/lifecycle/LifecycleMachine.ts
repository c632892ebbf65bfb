import { EffvitError } from '../../core/EffvitError.js';
import {
  type Edge,
  type LifecycleState,
  outcomeEdge,
  type PrimaryState,
  TRANSITIONS,
  type Transition,
} from './lifecycleGraph.js';

/**
 * The work of each transition. If it throws an {@link EffvitError}, it has failed cleanly and the node returns to its
 * previous state (after a shutdown to finalized). Any other exception is an error, and `onError` has to clean up.
 */
export interface LifecycleCallbacks {
  readonly configure: () => Promise<void>;
  readonly activate: () => Promise<void>;
  readonly deactivate: () => Promise<void>;
  readonly cleanup: () => Promise<void>;
  readonly shutdown: (from: PrimaryState) => Promise<void>;
  /** Frees everything; afterwards the node is unconfigured, or finalized if this throws too. */
  readonly onError: (cause: unknown) => Promise<void>;
  /** Called for each edge that was taken; must not throw. */
  readonly onTransition: (edge: Edge) => void;
}

/** Whether a requested transition was carried out, and why not. */
export interface TransitionOutcome {
  readonly isSuccess: boolean;
  readonly error?: unknown;
}

/**
 * The state machine of a managed node with asynchronous transitions: the node answers its other services while a model
 * loads. One transition runs at a time; requests during a transition are refused, as in rcl.
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

  /** The transitions that may be requested in the current state. */
  available(): readonly Transition[] {
    return TRANSITIONS.filter(({ start }) => start === this.#state);
  }

  /** Resolves when no transition is running. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /**
   * Carries out a transition, given by its label or else by its id.
   *
   * @returns false with the reason if the state does not allow it or its work failed; never rejects.
   */
  request(requested: { readonly id: number; readonly label: string }): Promise<TransitionOutcome> {
    const transition = this.available().find(({ id, label }) =>
      requested.label === '' ? id === requested.id : label === requested.label,
    );
    if (transition === undefined) {
      return Promise.resolve({ isSuccess: false, error: this.#refusal(requested) });
    }
    const outcome = this.#carryOut(transition);
    this.#running = outcome;
    return outcome;
  }

  #refusal({ id, label }: { readonly id: number; readonly label: string }): EffvitError {
    const possible = this.available().map((edge) => edge.label);
    const advice =
      this.#state === 'finalized' ? 'none, start the node anew' : 'none until the running one ends';
    return new EffvitError(
      'BAD_ARGUMENT',
      `Transition ${label === '' ? id : label} is not possible in state ${this.#state}; possible now: ${possible.join(', ') || advice}.`,
    );
  }

  async #carryOut(transition: Transition): Promise<TransitionOutcome> {
    const { goal: state } = transition;
    this.#take(transition);
    try {
      const { label, start } = transition;
      await (label === 'shutdown' ? this.#callbacks.shutdown(start) : this.#callbacks[label]());
      this.#take(outcomeEdge(state, 'success'));
      return { isSuccess: true };
    } catch (error) {
      if (error instanceof EffvitError) {
        this.#take(outcomeEdge(state, 'failure'));
      } else {
        this.#take(outcomeEdge(state, 'error'));
        await this.#recover(error);
      }
      return { isSuccess: false, error };
    }
  }

  async #recover(cause: unknown): Promise<void> {
    try {
      await this.#callbacks.onError(cause);
      this.#take(outcomeEdge('errorprocessing', 'success'));
    } catch (error) {
      this.#take(outcomeEdge('errorprocessing', error instanceof EffvitError ? 'failure' : 'error'));
    }
  }

  #take(edge: Edge): void {
    this.#state = edge.goal;
    this.#callbacks.onTransition(edge);
  }
}
