/** The part of the classifier that decides when a frame is taken; see Classifier. */
export interface FrameDemand {
  /** Whether a worker will be free for a frame soon, or within this time if it is longer. */
  wantsFrame(withinNs?: number): boolean;
  /** Calls once, when {@link wantsFrame} becomes true. */
  whenWanted(callback: () => void): void;
}

/** Takes every frame on arrival, e.g. because frames wait elsewhere for their detections. */
export const TAKES_ALL: FrameDemand = { wantsFrame: () => true, whenWanted: () => {} };

/** A camera whose frames wait in the middleware until they are taken. */
export interface WaitingCamera {
  /** Time between two frames, nanoseconds; 0 if unknown. */
  readonly periodNs: number;
  /** Whether the camera notifies this class of its next frame. */
  readonly isWatched: boolean;
  /** Takes the next frame and passes it on. @returns false if there was none. */
  takeNext(): boolean;
  watch(): void;
  unwatch(): void;
}

/** Share of the camera's period: how early a frame is taken for a worker that will be free before the next frame. */
const AHEAD_SHARE = 0.75;

/**
 * Decides when frames are taken from the middleware, and from which camera. A frame that no worker can take soon stays
 * in its camera's reader, where a newer one replaces it at no cost. Cameras with frames are served round-robin. A
 * camera that has to wait is no longer watched: under overload there is always a frame when a worker becomes free, and
 * the frames in between do not wake this thread.
 */
export class CameraTurns {
  readonly #demand: FrameDemand;
  /** Cameras that may have a frame; the first one is served next. */
  readonly #waiting: WaitingCamera[] = [];
  #isTaking = false;
  #isAsked = false;

  constructor(demand: FrameDemand) {
    this.#demand = demand;
  }

  /** Called when a watched camera has a frame. */
  ready(camera: WaitingCamera): void {
    if (!this.#waiting.includes(camera)) this.#waiting.push(camera);
    this.take();
    if (this.#waiting.includes(camera)) camera.unwatch();
  }

  /** Takes as many frames as the classifier accepts now. */
  take(): void {
    // Passing a frame on may call this again.
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

  /** Removes a camera. */
  remove(camera: WaitingCamera): void {
    const index = this.#waiting.indexOf(camera);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  #next(): WaitingCamera | undefined {
    const [camera] = this.#waiting;
    if (camera === undefined) return undefined;
    // A frame that will still be the newest when the worker is free can be taken early.
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
