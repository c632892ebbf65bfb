import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import { PoolWorker, type WorkerEvents, type WorkerLimits } from './PoolWorker.js';
import { RestartBackoff } from './RestartBackoff.js';
import { withinLimit } from './withinLimit.js';

/** How the crew fares, for diagnostics. */
export interface CrewStatus {
  /** Workers that serve. */
  readonly serving: number;
  /** Workers that should. */
  readonly wanted: number;
  /** Workers that died, or were given up because they hung, since the start. */
  readonly deaths: number;
  readonly lastDeath: EffvitError | undefined;
  /** Nobody serves, and the last attempts to replace have failed: frames cannot be classified for now. */
  readonly isBroken: boolean;
}

export interface CrewEvents<Job> extends WorkerEvents<Job> {
  /** Workers came to serve, or nobody is expected to any more. */
  changed(): void;
}

interface Batch<Job> {
  readonly workers: PoolWorker<Job>[];
  readonly spec: BackendSpec;
  readonly info: LoadedModelInfo;
}

/** After so many failed replacements in a row, with nobody left who serves, frames are not kept waiting. */
const BROKEN_AFTER_FAILURES = 3;
/** Hung workers keep their memory: no more are risked while so many have not come back. */
const MOST_HUNG = 8;

/**
 * The worker threads of a pool, on seats 0 to wanted - 1. They change by generation: those of an older one
 * finish their frame and leave, and none of the new ones serves before all of them can. One that dies is
 * replaced after a back-off; replacements start one at a time.
 */
export class WorkerCrew<Job> {
  readonly #limits: WorkerLimits;
  readonly #events: CrewEvents<Job>;
  readonly #backoff = new RestartBackoff();
  /** Everybody whose thread has not ended. */
  readonly #present = new Set<PoolWorker<Job>>();
  readonly #hung = new Set<PoolWorker<Job>>();
  #serving: PoolWorker<Job>[] = [];
  #batch: Omit<Batch<Job>, 'workers'> | undefined;
  #wanted = 0;
  #generation = 0;
  #isClosed = false;
  /** Changes of the crew come one after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  #replacementTimer: NodeJS.Timeout | undefined;
  #failedReplacements = 0;
  #deaths = 0;
  #lastDeath: EffvitError | undefined;

  constructor(limits: WorkerLimits, events: CrewEvents<Job>) {
    this.#limits = limits;
    this.#events = events;
  }

  /** Counts up with every change of the crew, but not with replacements. */
  get generation(): number {
    return this.#generation;
  }

  status(): CrewStatus {
    return {
      serving: this.#serving.length,
      wanted: this.#wanted,
      deaths: this.#deaths,
      lastDeath: this.#lastDeath,
      isBroken: this.isBroken,
    };
  }

  get isBroken(): boolean {
    return this.#serving.length === 0 && this.#failedReplacements >= BROKEN_AFTER_FAILURES;
  }

  /**
   * The worker that takes the next frame: an idle one, always the first of them, so that at a low load the same
   * caches stay warm. Else a busy one that is expected to be free by `untilNs` of the monotonic clock, of several the
   * first: it finds the frame in its memory when it is done, and no time passes between its frames.
   */
  taker(untilNs: number): PoolWorker<Job> | undefined {
    let best: PoolWorker<Job> | undefined;
    for (const worker of this.#serving) {
      if (!worker.hasRoom) continue;
      if (worker.load === 0) return worker;
      if (worker.expectedFreeNs <= Math.min(untilNs, best?.expectedFreeNs ?? untilNs)) best = worker;
    }
    return best;
  }

  /**
   * Loads a model on `wanted` new workers (as many as before where that is absent), then lets the old ones leave.
   *
   * @param adopt called at the moment from which {@link taker} gives the new workers.
   * @throws EffvitError why it did not load; the old workers serve on.
   */
  async swap(
    spec: BackendSpec,
    wanted: number | undefined,
    adopt: (info: LoadedModelInfo) => void,
  ): Promise<LoadedModelInfo> {
    return await this.#change(async () => {
      const count = wanted ?? this.#wanted;
      if (count === 0) throw notStarted();
      const batch = await this.#start(spec, seats(0, count), this.#generation + 1);
      try {
        adopt(batch.info);
      } catch (error) {
        for (const worker of batch.workers) worker.retire();
        throw error;
      }
      for (const worker of this.#serving) worker.retire();
      this.#serving = [];
      this.#batch = batch;
      this.#wanted = count;
      this.#generation += 1;
      this.#failedReplacements = 0;
      this.#adopt(batch.workers);
      return batch.info;
    });
  }

  /** More or fewer workers of the same model. @throws EffvitError; the old number serves on then. */
  async resize(wanted: number): Promise<void> {
    await this.#change(async () => {
      const batch = this.#batch;
      if (batch === undefined) throw notStarted();
      const missing = seats(this.#wanted, wanted);
      const added =
        missing.length === 0 ? undefined : await this.#start(batch.spec, missing, this.#generation + 1);
      for (const worker of this.#serving.filter(({ index }) => index >= wanted)) worker.retire();
      this.#serving = this.#serving.filter(({ index }) => index < wanted);
      this.#wanted = wanted;
      this.#generation += 1;
      this.#adopt(added?.workers ?? []);
    });
  }

  /** Lets everybody leave, those that load too, and waits for it; who has not left by then is given up. */
  async close(limitMs: number): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#replacementTimer);
    for (const worker of this.#present) worker.retire();
    this.#serving = [];
    const expected = [...this.#present].filter((worker) => !worker.isGivenUp);
    await withinLimit(Promise.all(expected.map((worker) => worker.gone)), limitMs);
    for (const worker of this.#present) {
      worker.giveUp(new EffvitError('CLOSED', `Worker ${worker.index} did not end within ${limitMs} ms.`));
    }
  }

  async #change<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#changes.then(async () => {
      this.#throwIfClosed();
      return await change();
    });
    this.#changes = done.catch(() => undefined);
    return await done;
  }

  /** Starts workers on these seats; all of them load, or none stays. */
  async #start(spec: BackendSpec, indices: readonly number[], generation: number): Promise<Batch<Job>> {
    const workers: PoolWorker<Job>[] = [];
    try {
      const [firstIndex = 0, ...furtherIndices] = indices;
      // The first alone: what it prepares (the optimised model), the others find.
      const first = this.#startOne(spec, firstIndex, generation);
      workers.push(first);
      const { preparedSpec, info } = await first.loaded;
      this.#throwIfClosed();
      const further = furtherIndices.map((index) => this.#startOne(preparedSpec, index, generation));
      workers.push(...further);
      await Promise.all(further.map((worker) => worker.loaded));
      this.#throwIfClosed();
      return { workers, spec: preparedSpec, info };
    } catch (error) {
      for (const worker of workers) worker.retire();
      throw asEffvitError(error, 'INTERNAL', 'A worker thread did not start');
    }
  }

  #startOne(spec: BackendSpec, index: number, generation: number): PoolWorker<Job> {
    const events = this.#events;
    const worker = new PoolWorker<Job>(spec, { index, generation }, this.#limits, {
      done: (...args) => events.done(...args),
      failed: (...args) => events.failed(...args),
      lost: (lost, begun, unbegun, error) => {
        this.#onLost(lost, error);
        events.lost(lost, begun, unbegun, error);
      },
    });
    this.#present.add(worker);
    // Who waits for it may have given up already, over another worker of the same batch.
    worker.loaded.catch(() => undefined);
    void worker.gone.then(() => {
      this.#present.delete(worker);
      this.#hung.delete(worker);
    });
    return worker;
  }

  #adopt(workers: readonly PoolWorker<Job>[]): void {
    // One may have died while the others were still loading.
    this.#serving.push(...workers.filter((worker) => worker.isServing));
    this.#serving.sort((a, b) => a.index - b.index);
    if (this.#serving.length < this.#wanted) this.#replaceLater(0);
    this.#events.changed();
  }

  #onLost(worker: PoolWorker<Job>, error: EffvitError): void {
    this.#deaths += 1;
    this.#lastDeath = error;
    if (error.code === 'TIMED_OUT') this.#hung.add(worker);
    this.#serving = this.#serving.filter((other) => other !== worker);
    if (worker.generation <= this.#generation)
      this.#replaceLater(this.#backoff.delayAfterDeathMs(performance.now()));
  }

  #replaceLater(delayMs: number): void {
    if (this.#isClosed || this.#replacementTimer !== undefined) return;
    this.#replacementTimer = setTimeout(() => {
      this.#change(async () => await this.#replaceOne())
        .then(() => {
          this.#failedReplacements = 0;
          return 0;
        })
        .catch((error: unknown) => {
          this.#failedReplacements += 1;
          this.#lastDeath = asEffvitError(error);
          return this.#backoff.delayAfterDeathMs(performance.now());
        })
        .then((nextDelayMs) => {
          this.#replacementTimer = undefined;
          if (this.#serving.length < this.#wanted) this.#replaceLater(nextDelayMs);
          this.#events.changed();
        });
    }, delayMs);
  }

  async #replaceOne(): Promise<void> {
    const batch = this.#batch;
    const index = seats(0, this.#wanted).find(
      (seat) => !this.#serving.some((worker) => worker.index === seat),
    );
    if (batch === undefined || index === undefined) return;
    if (this.#hung.size >= MOST_HUNG) {
      throw new EffvitError(
        'TIMED_OUT',
        `${this.#hung.size} workers hang in inference: restart the process, and check the model and its device.`,
      );
    }
    const { workers } = await this.#start(batch.spec, [index], this.#generation);
    this.#serving.push(...workers.filter((worker) => worker.isServing));
    this.#serving.sort((a, b) => a.index - b.index);
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new EffvitError('CLOSED', 'The pool was closed.');
  }
}

function notStarted(): EffvitError {
  return new EffvitError('CLOSED', 'The pool has not been started: call start first.');
}

function seats(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, offset) => from + offset);
}
