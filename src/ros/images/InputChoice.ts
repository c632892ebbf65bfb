import { type CameraInput, isSameInput } from './cameraInput.js';

/**
 * Which of a camera's offered inputs to listen to. The one in use is kept as long as it is offered, unless it is silent
 * and another came after it was chosen: a publisher that was killed stays in the graph for a while.
 */
export class InputChoice {
  #current: CameraInput;
  /** What was offered when the current one was chosen, and ever since. */
  #known: readonly CameraInput[] = [];

  /** @param first what is listened to while nothing is offered. */
  constructor(first: CameraInput) {
    this.#current = first;
  }

  get current(): CameraInput {
    return this.#current;
  }

  /** @returns whether another input is current now. */
  update(offered: readonly CameraInput[], isSilent: boolean): boolean {
    const isKnown = (one: CameraInput): boolean => this.#known.some((other) => isSameInput(one, other));
    const isOffered = offered.some((one) => isSameInput(one, this.#current));
    // Offered for the first time, with all that is there beside it.
    if (isOffered && !isKnown(this.#current)) {
      this.#known = offered;
      return false;
    }
    const next = isOffered ? (isSilent ? offered.find((one) => !isKnown(one)) : undefined) : offered[0];
    if (next === undefined) {
      // What has gone counts as new when it comes again.
      this.#known = offered.filter(isKnown);
      return false;
    }
    this.#current = next;
    this.#known = offered;
    return true;
  }
}
