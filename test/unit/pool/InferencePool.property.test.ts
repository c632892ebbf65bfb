import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { EffvitError } from '../../../src/core/EffvitError.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import type { FrameOutcome } from '../../../src/pool/FrameOutcome.js';
import { DROP_POLICIES } from '../../../src/pool/FrameQueue.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import { REGION_UNKNOWN_CAUSES, type RegionsOutcome } from '../../../src/pool/RegionOutcome.js';
import { assertBalanced, DROP_CAUSES } from '../../../src/stats/FrameAccounting.js';
import {
  type Action,
  ScriptedModel,
  SIDE_PX,
  scriptedFrame,
  tiledFrame,
  tileRegion,
} from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });
const RUN_TIMEOUT_MS = 250;

/** One thing that happens to a pool; all of them at once, with nobody waiting for the other. */
type Event =
  | { readonly kind: 'submit'; readonly count: number; readonly source: string; readonly serviceMs: number }
  | { readonly kind: 'fault'; readonly action: Action }
  | {
      readonly kind: 'regions';
      readonly source: string;
      /** A tile a region. */
      readonly tiles: readonly { readonly action: Action; readonly serviceMs: number }[];
      /** Boxes beyond the frame, behind those of the tiles. */
      readonly strayBoxes: number;
    }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'threads'; readonly threads: number }
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
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('regions' as const),
      source: fc.constantFrom('/left', '/right', '/rear'),
      tiles: fc.array(
        fc.record({
          action: fc.oneof(
            { weight: 20, arbitrary: fc.constant<Action>('work') },
            { weight: 1, arbitrary: fc.constantFrom<Action>('throw', 'nan', 'die', 'exit', 'crash', 'hang') },
          ),
          serviceMs: fc.integer({ min: 0, max: 3 }),
        }),
        { maxLength: 12 },
      ),
      strayBoxes: fc.constantFrom(0, 0, 1, 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('garbage' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('threads' as const),
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
  outcome?: FrameOutcome<number> | RegionsOutcome<number>;
  /** Of a frame with regions: those of its tiles, from `number` on, and all boxes. */
  readonly tileCount?: number;
  readonly boxCount?: number;
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
  #nextNumber = 0;

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
      assertBalanced(this.#pool.statistics.frames.counts());
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
      case 'regions':
        this.#submitRegions(event);
        break;
      case 'garbage':
        this.#observe(this.#pool.submit({ ...scriptedFrame(0), widthPx: 0 }), { number: -1 }, '/garbage');
        break;
      case 'threads':
        this.#note(this.#pool.setThreadCount(event.threads));
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
    const number = this.#nextNumber++;
    const frame = scriptedFrame(number, action, { source, serviceMs });
    this.#observe(this.#pool.submit(frame), { number }, source);
  }

  #submitRegions({ source, tiles, strayBoxes }: Extract<Event, { kind: 'regions' }>): void {
    const number = this.#nextNumber;
    this.#nextNumber += Math.max(1, tiles.length);
    const frame = tiledFrame(
      tiles.map((tile, index) => ({ number: number + index, ...tile })),
      { source },
    );
    const strays = Array.from({ length: strayBoxes }, (_, index) => tileRegion(tiles.length + 1 + index));
    const boxes = [...tiles.map((_, index) => tileRegion(index)), ...strays];
    const submitted = { number, tileCount: tiles.length, boxCount: boxes.length };
    this.#observe(this.#pool.submitRegions(frame, boxes), submitted, source);
  }

  #observe(
    outcome: Promise<FrameOutcome<number> | RegionsOutcome<number>>,
    submitted: Submitted,
    source: string,
  ): void {
    const { number, tileCount = 0 } = submitted;
    this.#outcomes.push(submitted);
    const observed = outcome.then((what) => {
      submitted.outcome = what;
      if (what.kind === 'dropped') return;
      // It comes before another test sees it: a swapped result is told here.
      if (what.kind === 'result') assert.equal(what.value, number);
      else {
        assert.equal(what.regions.length, submitted.boxCount);
        for (const [index, region] of what.regions.entries()) {
          if (index >= tileCount) {
            assert.equal(region.kind, 'unknown');
          } else if (region.kind === 'classified') {
            assert.equal(region.value, number + index);
            assert.deepEqual(region.region, tileRegion(index));
          }
        }
      }
      assert.ok(what.batchSize >= 0 && what.batchSize <= this.#largestBatch);
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

  /** The regions of published frames: each has one outcome, is counted once, and was run once at most. */
  #checkRegions(): void {
    const counts = this.#pool.statistics.regions.counts();
    const outcomes = this.#outcomes.flatMap(({ outcome }) =>
      outcome?.kind === 'regions' ? outcome.regions : [],
    );
    const classified = outcomes.filter(({ kind }) => kind === 'classified');
    assert.deepEqual([counts.received, counts.classified], [outcomes.length, classified.length]);
    for (const cause of REGION_UNKNOWN_CAUSES) {
      const unknown = outcomes.filter((region) => region.kind === 'unknown' && region.cause === cause);
      assert.equal(counts.unknown[cause], unknown.length, cause);
    }
    for (const { number, outcome, tileCount = 0 } of this.#outcomes) {
      for (let index = 0; index < tileCount; index++) {
        const runs = this.#scripted.runsOf(number + index);
        const region = outcome?.kind === 'regions' ? outcome.regions[index] : undefined;
        assert.ok(
          region?.kind === 'classified' ? runs === 1 : runs <= 1,
          `region ${number + index}: ${runs}`,
        );
      }
    }
  }

  #check(): void {
    const counts = this.#pool.statistics.frames.counts();
    assertBalanced(counts);
    assert.equal(counts.inFlight, 0);
    assert.equal(counts.received, this.#outcomes.length);
    const published = this.#outcomes.filter(({ outcome }) => outcome?.kind !== 'dropped');
    assert.equal(counts.published, published.length);
    for (const cause of DROP_CAUSES) {
      const dropped = this.#outcomes.filter(
        ({ outcome }) => outcome?.kind === 'dropped' && outcome.cause === cause,
      );
      assert.equal(counts.dropped[cause], dropped.length, cause);
    }
    this.#checkRegions();
    for (const { number, outcome, tileCount } of this.#outcomes) {
      if (number < 0 || tileCount !== undefined) continue;
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
