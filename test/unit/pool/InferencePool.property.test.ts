import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
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
  readonly #scripted = new ScriptedModel();
  readonly #pool: InferencePool<number>;
  readonly #outcomes: Submitted[] = [];
  readonly #pending: Promise<unknown>[] = [];
  /** Numbers of results by source, in the order of their delivery. */
  readonly #delivered = new Map<string, number[]>();

  constructor(threads: number) {
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
    this.#pending.push(started);
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
    await Promise.allSettled(this.#pending);
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
        this.#note(this.#pool.submit({ ...scriptedFrame(0), widthPx: 0 }), -1, '/garbage');
        break;
      case 'resize':
        this.#pending.push(this.#pool.resize(event.threads));
        break;
      case 'options':
        this.#pool.setOptions(event);
        break;
      case 'swap':
        this.#pending.push(this.#pool.swapModel(this.#model));
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
    for (const each of this.#pending) each.catch(() => undefined);
  }

  #submit(action: Action, source: string, serviceMs: number): void {
    const number = this.#outcomes.length;
    this.#note(this.#pool.submit(scriptedFrame(number, action, { source, serviceMs })), number, source);
  }

  #note(outcome: Promise<FrameOutcome<number>>, number: number, source: string): void {
    const noted: Submitted = { number };
    this.#outcomes.push(noted);
    this.#pending.push(
      outcome.then((what) => {
        assert.equal(noted.outcome, undefined);
        noted.outcome = what;
        if (what.kind !== 'result') return;
        assert.equal(what.value, number);
        this.#delivered.set(source, [...(this.#delivered.get(source) ?? []), number]);
      }),
    );
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
        fc.array(events, { minLength: 5, maxLength: 40 }),
        fc.boolean(),
        async (threads, happenings, closeBeforeEnd) => {
          await new Trial(threads).run(happenings, closeBeforeEnd);
        },
      ),
      { numRuns: 25, interruptAfterTimeLimit: 60_000, endOnFailure: true },
    );
  });
});
