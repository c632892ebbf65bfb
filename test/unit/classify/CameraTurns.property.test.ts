import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { CameraTurns } from '../../../src/classify/CameraTurns.js';
import { readerDepth } from '../../../src/classify/livePoolOptions.js';
import { preprocessOptions } from '../../../src/image/PreprocessOptions.js';
import { DROP_POLICIES, type DropPolicy } from '../../../src/pool/FrameQueue.js';
import { InferencePool } from '../../../src/pool/InferencePool.js';
import { CameraSubscription } from '../../../src/ros/CameraSubscription.js';
import { MessageSamples, type SampleKind } from '../../../src/ros/images/MessageSamples.js';
import { SequenceGaps } from '../../../src/ros/images/SequenceGaps.js';
import { nodeWithDeferredTakes } from '../../../src/ros/patches/nodeWithDeferredTakes.js';
import type { RclModule } from '../../../src/ros/rcl/rcl.js';
import { assertBalanced, totalDropped } from '../../../src/stats/FrameAccounting.js';
import { FakeMiddleware } from '../../helpers/FakeMiddleware.js';
import { ScriptedModel, SIDE_PX, scriptedFrame } from '../../helpers/scriptedBackend.js';

const PREPROCESS = preprocessOptions({ widthPx: SIDE_PX, heightPx: SIDE_PX, resizeMode: 'stretch' });
const CAMERAS = ['/left', '/right'] as const;
type CameraName = (typeof CAMERAS)[number];
const MOST_MS = 5;
const LIMIT_MS = 30_000;

type Event =
  | {
      readonly kind: 'publish';
      readonly camera: CameraName;
      readonly count: number;
      readonly publisher: number;
      readonly serviceMs: number;
      readonly isLost: boolean;
      /** Whether the node's thread has its turn after each one. */
      readonly isPrompt: boolean;
    }
  | { readonly kind: 'garbage'; readonly camera: CameraName }
  | { readonly kind: 'turn' }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'threads'; readonly threads: number }
  | {
      readonly kind: 'options';
      readonly queueSize: number;
      readonly dropPolicy: DropPolicy;
      readonly maxAgeMs: number;
    }
  /** A publisher that begins to count anew: another one, for the middleware. */
  | { readonly kind: 'restart' };

const camera = fc.constantFrom(...CAMERAS);
const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      camera,
      count: fc.integer({ min: 1, max: 8 }),
      publisher: fc.integer({ min: 0, max: 1 }),
      serviceMs: fc.integer({ min: 0, max: MOST_MS }),
      isLost: fc.nat(5).map((value) => value === 0),
      isPrompt: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('garbage' as const), camera }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), waitMs: fc.integer({ min: 0, max: 12 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('threads' as const), threads: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('options' as const),
      queueSize: fc.integer({ min: 1, max: 8 }),
      dropPolicy: fc.constantFrom<DropPolicy[]>('oldest', 'oldest', ...DROP_POLICIES),
      maxAgeMs: fc.constantFrom(0, 0, 20),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

const GARBAGE = 2 ** 31;

class RclDouble {
  readonly QoS = class {
    readonly depth: number;
    constructor(_history: number, depth: number) {
      this.depth = depth;
    }
  };
  readonly QoSOverridingOptions = class {};
}

/** Structures whose first word is a frame's number and its service time. */
const kind: SampleKind = {
  type: 'sensor_msgs/msg/Image',
  make: () => {
    const struct = Buffer.alloc(4);
    return {
      struct,
      frame: (source) => {
        const word = struct.readUInt32LE();
        if (word === GARBAGE) throw new Error('no image');
        return scriptedFrame(word >>> 4, 'work', { source, serviceMs: word & 15 });
      },
    };
  },
  finalize: () => {},
};

/** Cameras on a middleware of ours, before a real pool. */
class Trial {
  readonly middleware = new FakeMiddleware(nodeWithDeferredTakes);
  readonly pool: InferencePool<number>;
  readonly #samples = new MessageSamples(kind);
  readonly #turns: CameraTurns;
  readonly #subscriptions = new Map<CameraName, CameraSubscription>();
  readonly #gaps = new Map(CAMERAS.map((name) => [name, new SequenceGaps()]));
  readonly #outcomes: Promise<void>[] = [];
  readonly #changes: Promise<void>[] = [];
  readonly #delivered = new Map<string, number[]>();
  #depth = 0;
  #number = 0;
  #epoch = 0;
  missing = 0;
  superseded = 0;

  constructor(threads: number) {
    this.pool = new InferencePool<number>({
      model: {
        backend: new ScriptedModel().spec,
        preprocess: PREPROCESS,
        postprocess: (logits) => logits[0] ?? Number.NaN,
      },
      threads,
      queueSize: CAMERAS.length,
    });
    this.#turns = new CameraTurns(this.pool);
    this.#subscribe();
  }

  async run(happenings: readonly Event[]): Promise<void> {
    await this.pool.start();
    await this.#bracket();
    for (const event of happenings) {
      await this.#apply(event);
      this.#check(false);
    }
    await Promise.all(this.#changes);
    await this.#bracket();
    this.#check(true);
    await this.pool.close();
    await Promise.all(this.#outcomes);
    for (const numbers of this.#delivered.values()) {
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  }

  /** A message of each publisher that is sure to be taken: the first begins its count, the last ends it. */
  async #bracket(): Promise<void> {
    await this.#settle();
    for (const name of CAMERAS) {
      for (const publisher of [0, 1]) {
        this.#publish(name, publisher, 0, false);
        await this.#settle();
      }
      this.#publishGarbage(name);
      await this.#settle();
    }
  }

  /** Until every frame that is there was taken and became something. */
  async #settle(): Promise<void> {
    const endMs = performance.now() + LIMIT_MS;
    for (;;) {
      while (this.middleware.turn());
      await this.pool.drain();
      if (this.middleware.waiting === 0 && this.pool.statistics.frames.counts().inFlight === 0) return;
      assert.ok(performance.now() < endMs, `${this.middleware.waiting} frames were never taken`);
      await sleep(1);
    }
  }

  #publish(name: CameraName, publisher: number, serviceMs: number, isLost: boolean): void {
    this.#number += 1;
    const word = this.#number * 16 + serviceMs;
    const writer = this.#epoch * 10 + CAMERAS.indexOf(name) * 2 + publisher + 1;
    this.middleware.publish(name, writer, word, isLost);
  }

  #publishGarbage(name: CameraName): void {
    this.middleware.publish(name, 200 + CAMERAS.indexOf(name), GARBAGE);
  }

  async #apply(event: Event): Promise<void> {
    switch (event.kind) {
      case 'publish':
        for (let index = 0; index < event.count; index += 1) {
          this.#publish(event.camera, event.publisher, event.serviceMs, event.isLost);
          if (event.isPrompt) this.middleware.turn();
        }
        break;
      case 'garbage':
        this.#publishGarbage(event.camera);
        break;
      case 'turn':
        this.middleware.turn();
        break;
      case 'wait':
        await sleep(event.waitMs);
        break;
      case 'threads':
        this.#changes.push(this.pool.setThreadCount(event.threads));
        break;
      case 'options':
        this.pool.setOptions(event);
        this.#subscribe();
        break;
      case 'restart':
        // What the last of its messages left open can no longer be told.
        await this.#bracket();
        this.#epoch += 1;
        await this.#bracket();
        break;
    }
  }

  /** As the node does it when the depth changes: what lay in the old readers is lost to them. */
  #subscribe(): void {
    const { dropPolicy, queueSize } = this.pool.options;
    const depth = readerDepth(dropPolicy, queueSize, CAMERAS.length);
    if (depth === this.#depth) return;
    this.#depth = depth;
    for (const name of CAMERAS) {
      this.#subscriptions.get(name)?.destroy();
      const gaps = this.#gaps.get(name) ?? new SequenceGaps();
      const subscription = new CameraSubscription({
        rcl: new RclDouble() as unknown as RclModule,
        node: this.middleware.node,
        camera: name,
        input: { topic: name, type: 'sensor_msgs/msg/Image' },
        topicName: name,
        turns: this.#turns,
        depth,
        gaps,
        samplesOf: () => this.#samples,
        events: {
          onImage: ({ frame, release }, waitedNs) => {
            this.#outcomes.push(
              this.pool.submit(frame, { waitedNs }).then((outcome) => {
                release();
                if (outcome.kind !== 'result') return;
                const { source } = outcome.header;
                this.#delivered.set(source, [...(this.#delivered.get(source) ?? []), outcome.value]);
              }),
            );
          },
          onOutdated: ({ release }) => {
            this.pool.refuse('queue_full');
            release();
          },
          onProblem: () => this.pool.refuse('bad_image'),
          onLost: (_topic, kind, count) => {
            this[kind] += count;
          },
        },
      });
      this.#subscriptions.set(name, subscription);
    }
  }

  #check(isSettled: boolean): void {
    const counts = this.pool.statistics.frames.counts();
    assertBalanced(counts);
    const { sent } = this.middleware;
    const accounted = counts.received + this.missing + this.superseded;
    assert.ok(accounted <= sent, `${accounted} accounted for of ${sent}`);
    if (!isSettled) return;
    assert.equal(counts.inFlight, 0);
    const { published } = counts;
    const text = `published ${published}, dropped ${totalDropped(counts)}, superseded ${this.superseded}, missing ${this.missing} of ${sent}`;
    assert.equal(published + totalDropped(counts) + this.superseded + this.missing, sent, text);
  }
}

describe('CameraTurns and all behind them, under anything', () => {
  it('published + dropped + superseded + missing = sent', async function () {
    this.timeout(300_000);
    // That each end is met at all.
    const met = { published: 0, dropped: 0, superseded: 0, missing: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(events, { minLength: 5, maxLength: 60 }),
        async (threads, happenings) => {
          const trial = new Trial(threads);
          await trial.run(happenings);
          const counts = trial.pool.statistics.frames.counts();
          met.published += counts.published;
          met.dropped += totalDropped(counts);
          met.superseded += trial.superseded;
          met.missing += trial.missing;
        },
      ),
      { numRuns: 25, interruptAfterTimeLimit: 60_000, endOnFailure: true },
    );
    assert.ok(
      Object.values(met).every((count) => count > 0),
      JSON.stringify(met),
    );
  });
});
