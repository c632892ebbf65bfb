import type { CameraInput } from './cameraInput.js';

const isSameInput = (a: CameraInput, b: CameraInput): boolean => a.topic === b.topic && a.type === b.type;

/**
 * Chooses which of a camera's offered inputs to subscribe to. The current one is retained as long as it is offered,
 * unless it is silent and another was offered later: a killed publisher stays in the graph for a while.
 */
export class InputChoice {
  #current: CameraInput;
  /** Inputs that have been offered continuously since the current one was chosen. */
  #known: readonly CameraInput[] = [];

  /** @param first the input to use while nothing is offered. */
  constructor(first: CameraInput) {
    this.#current = first;
  }

  get current(): CameraInput {
    return this.#current;
  }

  /** @returns whether the current input has changed. */
  update(offered: readonly CameraInput[], isSilent: boolean): boolean {
    const isKnown = (one: CameraInput): boolean => this.#known.some((other) => isSameInput(one, other));
    const isOffered = offered.some((one) => isSameInput(one, this.#current));
    // The current input is offered for the first time: note all inputs offered together with it.
    if (isOffered && !isKnown(this.#current)) {
      this.#known = offered;
      return false;
    }
    const next = isOffered ? (isSilent ? offered.find((one) => !isKnown(one)) : undefined) : offered[0];
    if (next === undefined) {
      // An input that disappeared counts as new when it is offered again.
      this.#known = offered.filter(isKnown);
      return false;
    }
    this.#current = next;
    this.#known = offered;
    return true;
  }
}
