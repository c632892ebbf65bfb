import { EventEmitter } from 'node:events';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import type { BackendSpec } from '../inference/BackendSpec.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { PoolClock, PoolTimer } from './PoolClock.js';
import type { FixedPoolOptions } from './PoolOptions.js';
import { RestartBackoff } from './RestartBackoff.js';
import { WorkerThread } from './WorkerThread.js';

/** State of the workers, for diagnostics. */
export interface WorkerStatus {
  /** Number of serving workers. */
  readonly serving: number;
  /** Number of workers that should serve. */
  readonly targetCount: number;
  /** Number of workers that died or were abandoned as hung since the start. */
  readonly deaths: number;
  readonly lastDeath: EffvitError | undefined;
  /** No worker serves and the last replacements failed: frames cannot be classified for now. */
  readonly isBroken: boolean;
}

export interface WorkerGroupEvents<Job> {
  /** A worker is loading; attach listeners for its frames now. */
  created: [worker: WorkerThread<Job>];
  /** Workers started serving, or no further worker is expected. */
  changed: [];
}

/** After this number of failed replacements in a row, and if no worker serves, frames are dropped. */
const BROKEN_AFTER_FAILURES = 3;
/** Hung workers keep their memory, so no worker is started while this many are hung. */
const MOST_HUNG = 8;

/**
 * The worker threads of a pool, with the ids 0 to targetCount - 1. A new generation serves only when all of its
 * workers are loaded; workers of the older generation then finish their frames and exit. A dead worker is replaced
 * after a back-off; replacements start one at a time.
 */
export class WorkerGroup<Job> extends EventEmitter<WorkerGroupEvents<Job>> {
  readonly #options: FixedPoolOptions;
  readonly #clock: PoolClock;
  readonly #backoff: RestartBackoff;
  /** All workers whose thread has not ended. */
  readonly #present = new Set<WorkerThread<Job>>();
  #serving: WorkerThread<Job>[] = [];
  /** Of the loaded model; undefined until one is loaded. */
  #spec: BackendSpec | undefined;
  #targetCount = 0;
  #generation = 0;
  #isClosed = false;
  /** Serialises the changes of the group. */
  #changes: Promise<unknown> = Promise.resolve();
  #replacementTimer: PoolTimer | undefined;
  #failedReplacements = 0;
  #deaths = 0;
  #lastDeath: EffvitError | undefined;

  constructor(options: FixedPoolOptions, clock: PoolClock) {
    super();
    this.#options = options;
    this.#clock = clock;
    this.#backoff = new RestartBackoff(clock);
  }

  /** The workers that take frames, ordered by id. */
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
   * Loads a model on `targetCount` new workers (absent: the same number as before), then retires the old ones.
   *
   * @param accept called right before the new workers serve; may throw to refuse the model.
   * @throws EffvitError why it did not load; the old workers continue.
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
      this.#spec = loaded.spec;
      this.#failedReplacements = 0;
      this.#renew(count, loaded.workers, () => false);
      return loaded.info;
    });
  }

  /** Changes the number of workers of the same model. @throws EffvitError; then the old workers continue. */
  async setThreadCount(targetCount: number): Promise<void> {
    await this.#change(async () => {
      if (this.#spec === undefined) throw notStarted();
      const missing = idsFrom(this.#targetCount, targetCount);
      const added =
        missing.length === 0 ? [] : (await this.#load(this.#spec, missing, this.#generation + 1)).workers;
      this.#renew(targetCount, added, (id) => id < targetCount);
    });
  }

  /** Retires all workers, also loading ones. @returns resolves when all that are not abandoned have exited. */
  async retireAll(): Promise<void> {
    this.#isClosed = true;
    this.#replacementTimer?.cancel();
    this.#serving = [];
    for (const worker of this.#present) worker.retire();
    const expected = [...this.#present].filter(({ state }) => state !== 'abandoned');
    await Promise.all(expected.map(({ exited }) => exited));
  }

  /** Abandons the workers that have not exited. */
  abandonAll(reason: string): void {
    for (const worker of this.#present) {
      worker.abandon(new EffvitError('CLOSED', `Worker ${worker.id} did not end in time: ${reason}.`));
    }
  }

  async #change<Result>(change: () => Promise<Result>): Promise<Result> {
    // Check and start in one step: between two, a closed group would get a worker that nobody waits for.
    const done = this.#changes.then(() => {
      this.#throwIfClosed();
      return change();
    });
    this.#changes = done.catch(() => undefined);
    return await done;
  }

  /** Starts workers with these ids; if one fails to load, none is retained. */
  async #load(spec: BackendSpec, ids: readonly number[], generation: number) {
    const workers: WorkerThread<Job>[] = [];
    try {
      const [firstId = 0, ...furtherIds] = ids;
      // The first one loads alone, so that the others find the optimised model that it prepares.
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
    const worker = new WorkerThread<Job>({ ...this.#options, clock: this.#clock, spec, id, generation });
    this.#present.add(worker);
    // The caller may have stopped waiting because another worker of this load failed.
    worker.loaded.catch(() => undefined);
    worker.on('lost', (_begun, _unbegun, error) => this.#onLost(worker, error));
    worker.on('exited', () => this.#present.delete(worker));
    this.emit('created', worker);
    return worker;
  }

  /** Begins a generation: workers that are not kept finish their frames and exit. */
  #renew(targetCount: number, added: readonly WorkerThread<Job>[], isKept: (id: number) => boolean): void {
    for (const worker of this.#serving) if (!isKept(worker.id)) worker.retire();
    this.#serving = this.#serving.filter(({ id }) => isKept(id));
    this.#targetCount = targetCount;
    this.#generation += 1;
    this.#add(added);
    if (this.#serving.length < targetCount) this.#replaceLater(0);
    this.emit('changed');
  }

  #add(workers: readonly WorkerThread<Job>[]): void {
    // A worker may have died while others were loading.
    this.#serving.push(...workers.filter(({ state }) => state === 'serving'));
    this.#serving.sort((a, b) => a.id - b.id);
  }

  #onLost(worker: WorkerThread<Job>, error: EffvitError): void {
    this.#deaths += 1;
    this.#lastDeath = error;
    this.#serving = this.#serving.filter((other) => other !== worker);
    if (worker.generation <= this.#generation) this.#replaceLater(this.#backoff.nextDelayMs());
  }

  #replaceLater(delayMs: number): void {
    if (this.#isClosed || this.#replacementTimer !== undefined) return;
    this.#replacementTimer = this.#clock.setTimer(delayMs, () => this.#replace(), { keepsAlive: true });
  }

  async #replace(): Promise<void> {
    let nextDelayMs = 0;
    try {
      await this.#change(async () => await this.#replaceOne());
      this.#failedReplacements = 0;
    } catch (error) {
      this.#failedReplacements += 1;
      this.#lastDeath = asEffvitError(error);
      nextDelayMs = this.#backoff.nextDelayMs();
    }
    this.#replacementTimer = undefined;
    if (this.#serving.length < this.#targetCount) this.#replaceLater(nextDelayMs);
    this.emit('changed');
  }

  async #replaceOne(): Promise<void> {
    const isServed = (id: number) => this.#serving.some((worker) => worker.id === id);
    const id = idsFrom(0, this.#targetCount).find((each) => !isServed(each));
    if (this.#spec === undefined || id === undefined) return;
    const hungCount = [...this.#present].filter(({ state }) => state === 'abandoned').length;
    if (hungCount >= MOST_HUNG) {
      throw new EffvitError(
        'TIMED_OUT',
        `${hungCount} workers hang in inference: restart the process, and check the model and its device.`,
      );
    }
    this.#add((await this.#load(this.#spec, [id], this.#generation)).workers);
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
