import { EventEmitter } from 'node:events';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { FixedPoolOptions } from './PoolOptions.js';
import { RestartBackoff } from './RestartBackoff.js';
import { WorkerThread } from './WorkerThread.js';

/** How the workers fare, for diagnostics. */
export interface WorkerStatus {
  /** Workers that serve. */
  readonly serving: number;
  /** Workers that should. */
  readonly targetCount: number;
  /** Workers that died, or were abandoned because they hung, since the start. */
  readonly deaths: number;
  readonly lastDeath: EffvitError | undefined;
  /** Nobody serves, and the last attempts to replace have failed: frames cannot be classified for now. */
  readonly isBroken: boolean;
}

export interface WorkerGroupEvents<Job> {
  /** A worker is loading; from now on it emits what becomes of its frames. */
  created: [worker: WorkerThread<Job>];
  /** Workers came to serve, or nobody is expected to any more. */
  changed: [];
}

/** Workers that have loaded a model. */
interface LoadedWorkers<Job> {
  readonly workers: WorkerThread<Job>[];
  readonly spec: BackendSpec;
  readonly info: LoadedModelInfo;
}

/** After so many failed replacements in a row, with nobody left who serves, frames are not kept waiting. */
const BROKEN_AFTER_FAILURES = 3;
/** Hung workers keep their memory: no more are risked while so many have not come back. */
const MOST_HUNG = 8;
const NS_PER_MS = 1e6;

/**
 * The worker threads of a pool, with the ids 0 to targetCount - 1. They change by generation: those of an older one
 * finish their frames and leave, and none of the new ones serves before all of them can. One that dies is
 * replaced after a back-off; replacements start one at a time.
 */
export class WorkerGroup<Job> extends EventEmitter<WorkerGroupEvents<Job>> {
  readonly #options: FixedPoolOptions;
  readonly #clock: PoolClock;
  readonly #backoff = new RestartBackoff();
  /** Everybody whose thread has not ended. */
  readonly #present = new Set<WorkerThread<Job>>();
  readonly #hung = new Set<WorkerThread<Job>>();
  #serving: WorkerThread<Job>[] = [];
  #current: Omit<LoadedWorkers<Job>, 'workers'> | undefined;
  #targetCount = 0;
  #generation = 0;
  #isClosed = false;
  /** Changes of the group come one after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  #replacementTimer: PoolTimer | undefined;
  #failedReplacements = 0;
  #deaths = 0;
  #lastDeath: EffvitError | undefined;

  constructor(options: FixedPoolOptions, clock: PoolClock) {
    super();
    this.#options = options;
    this.#clock = clock;
  }

  /** Those that take frames, by their ids. */
  get serving(): readonly WorkerThread<Job>[] {
    return this.#serving;
  }

  status(): WorkerStatus {
    return {
      serving: this.#serving.length,
      targetCount: this.#targetCount,
      deaths: this.#deaths,
      lastDeath: this.#lastDeath,
      isBroken: this.isBroken,
    };
  }

  get isBroken(): boolean {
    return this.#serving.length === 0 && this.#failedReplacements >= BROKEN_AFTER_FAILURES;
  }

  /**
   * Loads a model on `targetCount` new workers (as many as before where that is absent), then lets the old ones leave.
   *
   * @param accept called at the moment from which the new workers serve; refuses the model by throwing.
   * @throws EffvitError why it did not load; the old workers serve on.
   */
  async swap(
    spec: BackendSpec,
    targetCount: number | undefined,
    accept: (info: LoadedModelInfo) => void,
  ): Promise<LoadedModelInfo> {
    return await this.#change(async () => {
      const count = targetCount ?? this.#targetCount;
      if (count === 0) throw notStarted();
      const loaded = await this.#load(spec, idsFrom(0, count), this.#generation + 1);
      try {
        accept(loaded.info);
      } catch (error) {
        for (const worker of loaded.workers) worker.retire();
        throw error;
      }
      for (const worker of this.#serving) worker.retire();
      this.#serving = [];
      this.#current = loaded;
      this.#targetCount = count;
      this.#generation += 1;
      this.#failedReplacements = 0;
      this.#serve(loaded.workers);
      return loaded.info;
    });
  }

  /** More or fewer workers of the same model. @throws EffvitError; the old number serves on then. */
  async resize(targetCount: number): Promise<void> {
    await this.#change(async () => {
      if (this.#current === undefined) throw notStarted();
      const { spec } = this.#current;
      const missing = idsFrom(this.#targetCount, targetCount);
      const added = missing.length === 0 ? undefined : await this.#load(spec, missing, this.#generation + 1);
      for (const worker of this.#serving.filter(({ id }) => id >= targetCount)) worker.retire();
      this.#serving = this.#serving.filter(({ id }) => id < targetCount);
      this.#targetCount = targetCount;
      this.#generation += 1;
      this.#serve(added?.workers ?? []);
    });
  }

  /** Tells everybody to leave, those that load too. @returns resolves when those have left of whom it is expected. */
  async retireAll(): Promise<void> {
    this.#isClosed = true;
    this.#replacementTimer?.cancel();
    this.#serving = [];
    for (const worker of this.#present) worker.retire();
    const expected = [...this.#present].filter((worker) => !worker.isAbandoned);
    await Promise.all(expected.map((worker) => worker.exited));
  }

  /** Expects nothing more of those that have not left. */
  abandonAll(reason: string): void {
    for (const worker of this.#present) {
      worker.abandon(new EffvitError('CLOSED', `Worker ${worker.id} did not end in time: ${reason}.`));
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

  /** Starts workers with these ids; all of them load, or none stays. */
  async #load(spec: BackendSpec, ids: readonly number[], generation: number): Promise<LoadedWorkers<Job>> {
    const workers: WorkerThread<Job>[] = [];
    try {
      const [firstId = 0, ...furtherIds] = ids;
      // The first alone: what it prepares (the optimised model), the others find.
      const first = this.#create(spec, firstId, generation);
      workers.push(first);
      const { preparedSpec, info } = await first.loaded;
      this.#throwIfClosed();
      const further = furtherIds.map((id) => this.#create(preparedSpec, id, generation));
      workers.push(...further);
      await Promise.all(further.map((worker) => worker.loaded));
      this.#throwIfClosed();
      return { workers, spec: preparedSpec, info };
    } catch (error) {
      for (const worker of workers) worker.retire();
      throw asEffvitError(error, 'INTERNAL', 'A worker thread did not start');
    }
  }

  #create(spec: BackendSpec, id: number, generation: number): WorkerThread<Job> {
    const { runTimeoutMs, loadTimeoutMs } = this.#options;
    const clock = this.#clock;
    const worker = new WorkerThread<Job>({ spec, id, generation, runTimeoutMs, loadTimeoutMs, clock });
    this.#present.add(worker);
    // Who waits for it may have given up already, over another worker that loads with it.
    worker.loaded.catch(() => undefined);
    worker.on('lost', (_begun, _unbegun, error) => this.#onLost(worker, error));
    worker.on('exited', () => {
      this.#present.delete(worker);
      this.#hung.delete(worker);
    });
    this.emit('created', worker);
    return worker;
  }

  #serve(workers: readonly WorkerThread<Job>[]): void {
    // One may have died while the others were still loading.
    this.#serving.push(...workers.filter((worker) => worker.isServing));
    this.#serving.sort((a, b) => a.id - b.id);
    if (this.#serving.length < this.#targetCount) this.#replaceLater(0);
    this.emit('changed');
  }

  #onLost(worker: WorkerThread<Job>, error: EffvitError): void {
    this.#deaths += 1;
    this.#lastDeath = error;
    if (error.code === 'TIMED_OUT') this.#hung.add(worker);
    this.#serving = this.#serving.filter((other) => other !== worker);
    if (worker.generation <= this.#generation) this.#replaceLater(this.#nextDelayMs());
  }

  #replaceLater(delayMs: number): void {
    if (this.#isClosed || this.#replacementTimer !== undefined) return;
    const replace = (): void => void this.#replace();
    this.#replacementTimer = this.#clock.setTimer(delayMs, replace, { keepsAlive: true });
  }

  async #replace(): Promise<void> {
    let nextDelayMs = 0;
    try {
      await this.#change(async () => await this.#replaceOne());
      this.#failedReplacements = 0;
    } catch (error) {
      this.#failedReplacements += 1;
      this.#lastDeath = asEffvitError(error);
      nextDelayMs = this.#nextDelayMs();
    }
    this.#replacementTimer = undefined;
    if (this.#serving.length < this.#targetCount) this.#replaceLater(nextDelayMs);
    this.emit('changed');
  }

  async #replaceOne(): Promise<void> {
    const id = idsFrom(0, this.#targetCount).find(
      (each) => !this.#serving.some((worker) => worker.id === each),
    );
    if (this.#current === undefined || id === undefined) return;
    if (this.#hung.size >= MOST_HUNG) {
      throw new EffvitError(
        'TIMED_OUT',
        `${this.#hung.size} workers hang in inference: restart the process, and check the model and its device.`,
      );
    }
    const { workers } = await this.#load(this.#current.spec, [id], this.#generation);
    this.#serving.push(...workers.filter((worker) => worker.isServing));
    this.#serving.sort((a, b) => a.id - b.id);
  }

  #nextDelayMs(): number {
    return this.#backoff.delayAfterDeathMs(this.#clock.nowNs() / NS_PER_MS);
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new EffvitError('CLOSED', 'The pool was closed.');
  }
}

function notStarted(): EffvitError {
  return new EffvitError('CLOSED', 'The pool has not been started: call start first.');
}

function idsFrom(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, offset) => from + offset);
}
