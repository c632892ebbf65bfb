import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import type { FrameOutcome } from '../../../src/pool/FrameOutcome.js';
import { DROP_POLICIES } from '../../../src/pool/FrameQueue.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import { assertBalanced, DROP_CAUSES } from '../../../src/stats/FrameAccounting.js';
import { type Action, ScriptedModel, SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });
const RUN_TIMEOUT_MS = 250;

/** One thing that happens to a pool; all of them at once, with nobody waiting for the other. */
type Event =
  | { readonly kind: 'submit'; readonly count: number; readonly source: string; readonly serviceMs: number }
  | { readonly kind: 'fault'; readonly action: Action }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'resize'; readonly threads: number }
  | {
      readonly kind: 'options';
      readonly queueSize: number;
      readonly dropPolicy: (typeof DROP_POLICIES)[number];
      readonly maxBatch: number;
      readonly batchWaitMs: number;
    }
  | { readonly kind: 'swap' }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'drain' };

const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      count: fc.integer({ min: 1, max: 12 }),
      source: fc.constantFrom('/left', '/right', '/rear'),
      serviceMs: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      action: fc.constantFrom<Action[]>('throw', 'nan', 'die', 'exit', 'crash', 'hang'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('garbage' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('resize' as const),
      threads: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('options' as const),
      queueSize: fc.integer({ min: 1, max: 20 }),
      dropPolicy: fc.constantFrom(...DROP_POLICIES),
      maxBatch: fc.integer({ min: 0, max: 9 }),
      batchWaitMs: fc.constantFrom(0, 0, 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swap' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), waitMs: fc.integer({ min: 0, max: 30 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ready' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
);

interface Submitted {
  /** -1 for a frame that is no image. */
  readonly number: number;
  outcome?: FrameOutcome<number>;
}

class Trial {
  readonly #scripted: ScriptedModel;
  readonly #largestBatch: number;
  readonly #pool: InferencePool<number>;
  readonly #outcomes: Submitted[] = [];
  /** What is asserted of each outcome, when it comes. */
  readonly #observed: Promise<void>[] = [];
  /** Changes, which may be refused, but only for one reason. */
  readonly #changes: Promise<void>[] = [];
  /** Numbers of results by source, in the order of their delivery. */
  readonly #delivered = new Map<string, number[]>();

  constructor(threads: number, largestBatch: number) {
    const batchSizes = [1, largestBatch];
    this.#largestBatch = largestBatch;
    this.#scripted = new ScriptedModel(largestBatch > 1 ? { batchSizes } : {});
    this.#pool = new InferencePool<number>({ model: this.#model, threads, runTimeoutMs: RUN_TIMEOUT_MS });
  }

  get #model() {
    return {
      backend: this.#scripted.spec,
      preprocess: PREPROCESS,
      postprocess: (logits: Float32Array) => logits[0] ?? Number.NaN,
    };
  }

  async run(happenings: readonly Event[], closeBeforeEnd: boolean): Promise<void> {
    const started = this.#pool.start();
    this.#note(started);
    for (const event of happenings) {
      await this.#apply(event);
      assertBalanced(this.#pool.counts());
    }
    if (closeBeforeEnd) {
      // A pool that is closed while it starts says so.
      await Promise.all([started.catch(() => undefined), this.#pool.close({ drain: false })]);
    } else {
      await started;
      await this.#pool.drain();
    }
    this.#scripted.release();
    await this.#pool.close();
    await Promise.all([...this.#observed, ...this.#changes]);
    this.#check();
  }

  async #apply(event: Event): Promise<void> {
    switch (event.kind) {
      case 'submit':
        for (let index = 0; index < event.count; index += 1)
          this.#submit('work', event.source, event.serviceMs);
        break;
      case 'fault':
        this.#submit(event.action, '/left', 0);
        break;
      case 'garbage':
        this.#observe(this.#pool.submit({ ...scriptedFrame(0), widthPx: 0 }), -1, '/garbage');
        break;
      case 'resize':
        this.#note(this.#pool.resize(event.threads));
        break;
      case 'options':
        this.#pool.setOptions(event);
        break;
      case 'swap':
        this.#note(this.#pool.swapModel(this.#model));
        break;
      case 'wait':
        await sleep(event.waitMs);
        break;
      case 'ready':
        await this.#pool.ready();
        break;
      case 'drain':
        await this.#pool.drain();
        break;
    }
  }

  #submit(action: Action, source: string, serviceMs: number): void {
    const number = this.#outcomes.length;
    this.#observe(this.#pool.submit(scriptedFrame(number, action, { source, serviceMs })), number, source);
  }

  #observe(outcome: Promise<FrameOutcome<number>>, number: number, source: string): void {
    const submitted: Submitted = { number };
    this.#outcomes.push(submitted);
    const observed = outcome.then((what) => {
      submitted.outcome = what;
      if (what.kind !== 'result') return;
      // It comes before another test sees it: a swapped result is told here.
      assert.equal(what.value, number);
      assert.ok(what.batchSize >= 1 && what.batchSize <= this.#largestBatch);
      this.#delivered.set(source, [...(this.#delivered.get(source) ?? []), number]);
    });
    this.#observed.push(observed);
    // Looked at in the end; until then it is not to end the process.
    observed.catch(() => undefined);
  }

  /** A pool that is closed, or was not started, refuses changes; no other reason is one. */
  #note(change: Promise<unknown>): void {
    const noted = change.then(
      () => undefined,
      (error: unknown) => assert.equal(error instanceof EffvitError ? error.code : error, 'CLOSED'),
    );
    this.#changes.push(noted);
    noted.catch(() => undefined);
  }

  #check(): void {
    const counts = this.#pool.counts();
    assertBalanced(counts);
    assert.equal(counts.inFlight, 0);
    assert.equal(counts.received, this.#outcomes.length);
    const published = this.#outcomes.filter(({ outcome }) => outcome?.kind === 'result');
    assert.equal(counts.published, published.length);
    for (const cause of DROP_CAUSES) {
      const dropped = this.#outcomes.filter(
        ({ outcome }) => outcome?.kind === 'dropped' && outcome.cause === cause,
      );
      assert.equal(counts.dropped[cause], dropped.length, cause);
    }
    for (const { number, outcome } of this.#outcomes) {
      if (number < 0) continue;
      const runs = this.#scripted.runsOf(number);
      assert.ok(outcome?.kind === 'result' ? runs === 1 : runs <= 1, `frame ${number} ran ${runs} times`);
    }
    for (const numbers of this.#delivered.values()) {
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  }
}

describe('InferencePool under anything', () => {
  it('accounts for every frame once, runs none twice and keeps the order of each camera', async function () {
    this.timeout(300_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(1, 1, 4, 8),
        fc.array(events, { minLength: 5, maxLength: 40 }),
        fc.boolean(),
        async (threads, largestBatch, happenings, closeBeforeEnd) => {
          await new Trial(threads, largestBatch).run(happenings, closeBeforeEnd);
        },
      ),
      { numRuns: 25, interruptAfterTimeLimit: 60_000, endOnFailure: true },
    );
  });
});
