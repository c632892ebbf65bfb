import { CameraTurns, type FrameDemand, type WaitingCamera } from '../classify/CameraTurns.js';

/** Weight of the newest interval in the moving average of the time between two frames. */
const PERIOD_WEIGHT = 1 / 8;

export interface RecordedCamerasOptions<Item> {
  readonly demand: FrameDemand;
  /** Frames of each camera that may wait, from 1. */
  readonly depth: number;
  readonly nowNs: () => number;
  /** The frame is wanted. @param waitedNs how long it waited. */
  readonly take: (item: Item, waitedNs: number) => void;
  /** A newer frame of its camera took its place. */
  readonly replaced: (item: Item) => void;
}

/**
 * Where the frames of a recording that is replayed at a pace wait for the classifier: each camera has a reader that
 * keeps the newest, and {@link CameraTurns} takes from them, as in the node.
 */
export class RecordedCameras<Item> {
  readonly #options: RecordedCamerasOptions<Item>;
  readonly #turns: CameraTurns;
  readonly #cameras = new Map<string, RecordedCamera<Item>>();
  #onEmpty: (() => void) | undefined;

  constructor(options: RecordedCamerasOptions<Item>) {
    this.#turns = new CameraTurns(options.demand);
    const { take } = options;
    this.#options = {
      ...options,
      take: (item, waitedNs) => {
        take(item, waitedNs);
        if (this.#isEmpty) this.#onEmpty?.();
      },
    };
  }

  arrive(source: string, item: Item): void {
    let camera = this.#cameras.get(source);
    if (camera === undefined) {
      camera = new RecordedCamera(this.#options);
      this.#cameras.set(source, camera);
    }
    camera.arrive(item);
    if (camera.isWatched) this.#turns.ready(camera);
  }

  /** Resolves when no frame waits. */
  async emptied(): Promise<void> {
    if (this.#isEmpty) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  get #isEmpty(): boolean {
    return [...this.#cameras.values()].every(({ isEmpty }) => isEmpty);
  }
}

class RecordedCamera<Item> implements WaitingCamera {
  readonly #options: RecordedCamerasOptions<Item>;
  readonly #waiting: { readonly item: Item; readonly arrivedNs: number }[] = [];
  #lastNs: number | undefined;
  periodNs = 0;
  isWatched = true;

  constructor(options: RecordedCamerasOptions<Item>) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  arrive(item: Item): void {
    const { depth, nowNs, replaced } = this.#options;
    const arrivedNs = nowNs();
    if (this.#lastNs !== undefined) {
      const distanceNs = arrivedNs - this.#lastNs;
      this.periodNs += this.periodNs === 0 ? distanceNs : (distanceNs - this.periodNs) * PERIOD_WEIGHT;
    }
    this.#lastNs = arrivedNs;
    const oldest = this.#waiting.length >= depth ? this.#waiting.shift() : undefined;
    this.#waiting.push({ item, arrivedNs });
    if (oldest !== undefined) replaced(oldest.item);
  }

  takeNext(): boolean {
    const next = this.#waiting.shift();
    if (next === undefined) return false;
    this.#options.take(next.item, this.#options.nowNs() - next.arrivedNs);
    return true;
  }

  watch(): void {
    this.isWatched = true;
  }

  unwatch(): void {
    this.isWatched = false;
  }
}
