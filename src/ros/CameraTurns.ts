/** Who classifies, as far as it decides when a frame is taken; see Classifier. */
export interface FrameDemand {
  /** Whether a worker is about to be free for a frame; within this time, where it is longer than that. */
  wantsFrame(withinNs?: number): boolean;
  /** Calls once, when a frame is wanted. */
  whenWanted(callback: () => void): void;
}

/** A camera whose frames lie in the middleware until they are taken. */
export interface WaitingCamera {
  /** Between two frames, nanoseconds; 0 where it is not known. */
  readonly periodNs: number;
  /** Whether it announces its next frame by itself. */
  readonly isWatched: boolean;
  /** Takes the next frame and hands it on. @returns false where there was none. */
  takeNext(): boolean;
  watch(): void;
  unwatch(): void;
}

/** Of the time between two frames: how early a frame is taken for a worker that will be free before the next one. */
const AHEAD_SHARE = 0.75;

/**
 * When frames are taken out of the middleware, and from which camera: a frame that no worker can take soon stays in its
 * camera's reader, where a newer one replaces it at no cost. Cameras with frames are served in turn. A camera that has
 * to wait is no longer watched: as long as more frames come than can be served there is one each time that a worker
 * is free, and nothing wakes this thread for those between.
 */
export class CameraTurns {
  readonly #demand: FrameDemand;
  /** Those that may have a frame; whose turn it is stands first. */
  readonly #waiting: WaitingCamera[] = [];
  #isTaking = false;
  #isAsked = false;

  constructor(demand: FrameDemand) {
    this.#demand = demand;
  }

  /** A watched camera has a frame. */
  ready(camera: WaitingCamera): void {
    if (!this.#waiting.includes(camera)) this.#waiting.push(camera);
    this.take();
    if (this.#waiting.includes(camera)) camera.unwatch();
  }

  /** Takes as many frames as are wanted now. */
  take(): void {
    // What is handed on may call for more.
    if (this.#isTaking) return;
    this.#isTaking = true;
    try {
      for (let camera = this.#next(); camera !== undefined; camera = this.#next()) {
        this.#waiting.shift();
        const wasThere = camera.takeNext();
        if (camera.isWatched) continue;
        if (wasThere) this.#waiting.push(camera);
        else camera.watch();
      }
    } finally {
      this.#isTaking = false;
    }
    this.#ask();
  }

  /** The camera goes. */
  remove(camera: WaitingCamera): void {
    const index = this.#waiting.indexOf(camera);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  #next(): WaitingCamera | undefined {
    const [camera] = this.#waiting;
    if (camera === undefined) return undefined;
    // A frame that would be the newest still when the worker is free need not wait for that in the reader.
    const withinNs = camera.isWatched ? camera.periodNs * AHEAD_SHARE : 0;
    return this.#demand.wantsFrame(withinNs) ? camera : undefined;
  }

  #ask(): void {
    if (this.#waiting.length === 0 || this.#isAsked) return;
    this.#isAsked = true;
    this.#demand.whenWanted(() => {
      this.#isAsked = false;
      this.take();
    });
  }
}
