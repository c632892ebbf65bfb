import assert from 'node:assert/strict';
import { type ClassifierOptions, classifierOptions } from '../../../src/classify/classifierOptions.js';
import { FrameJudge } from '../../../src/classify/FrameJudge.js';
import type { RegionResult } from '../../../src/classify/RegionResult.js';
import { stampFromNs } from '../../../src/core/Stamp.js';
import { defaultManifest } from '../../../src/model/defaultManifest.js';

const LABELS = ['red', 'green'];
const manifest = { ...defaultManifest('/x/model.onnx'), output: { activation: 'probabilities' } } as const;
const PLACE = { leftPx: 0, topPx: 0, widthPx: 4, heightPx: 4 };
const FIRST_NS = 1_000_000_000n;

/** A box of a frame: its track, and the score of green; undefined: the box could not be classified. */
type Box = readonly [track: string, green: number | undefined];

/** Judges frames of boxes, one after another. */
class Frames {
  readonly #judge = new FrameJudge();
  readonly #options: ClassifierOptions;

  constructor(options: Partial<ClassifierOptions>) {
    this.#options = classifierOptions({ hysteresisMargin: 0, hysteresisTimeMs: 0, topK: 2, ...options });
  }

  take(atMs: number, boxes: readonly Box[], source = '/camera', isSingle = false): readonly RegionResult[] {
    const judge = this.#judge.judgeRegionsWith({ model: { manifest }, labels: LABELS }, this.#options);
    assert.ok(judge !== undefined);
    const stamp = stampFromNs(FIRST_NS + BigInt(Math.round(atMs * 1e6)));
    const regions = boxes.map(([track, green]) => {
      const logits = green === undefined ? undefined : Float32Array.of(1 - green, green);
      const outcome: RegionResult =
        green === undefined
          ? { kind: 'unknown', cause: 'over_limit' }
          : { kind: 'classified', region: PLACE, value: [{ index: 1, label: 'green', score: green }] };
      return { outcome, logits, track };
    });
    const header = { stamp, frameId: 'optical', source };
    return judge(regions, { header, admittedNs: 0, isSingle });
  }

  /** The smoothed score of green; undefined without smoothed classes. */
  greens(atMs: number, boxes: readonly Box[]): (number | undefined)[] {
    return this.take(atMs, boxes).map(({ smoothed }) =>
      smoothed?.length === 0 ? undefined : smoothed?.find(({ label }) => label === 'green')?.score,
    );
  }

  helds(atMs: number, boxes: readonly Box[]): (string | undefined)[] {
    return this.take(atMs, boxes).map(({ smoothed }) => smoothed?.[0]?.label);
  }
}

const assertClose = (actual: number | undefined, expected: number): void => {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-6, `${actual} instead of ${expected}`);
};

const FIGURES = { brightness: 120, contrast: 40, sharpness: 300, flatShare: 0.1, contentHash: 1 };

describe('FrameJudge: pictures of no stream', () => {
  it('neither smooths them nor finds them frozen, however often the same one comes', () => {
    const options = classifierOptions({
      smoothing: 'majority',
      pictureChecks: 'unknown',
      maxUnchangedMs: 100,
    });
    const judge = new FrameJudge().judgeWith({ model: { manifest }, labels: LABELS }, options);
    assert.ok(judge !== undefined);
    const take = (atMs: number, green: number, isSingle: boolean) =>
      judge([{ index: 1, label: 'green', score: green }], {
        header: { stamp: stampFromNs(FIRST_NS + BigInt(atMs * 1e6)), frameId: '', source: '/service' },
        logits: Float32Array.of(1 - green, green),
        figures: FIGURES,
        admittedNs: 0,
        isSingle,
      });
    for (const [atMs, green] of [
      [0, 1],
      [500, 0],
    ] as const) {
      const { value, smoothed, unknownCauses, picture } = take(atMs, green, true);
      assert.deepEqual([value[0]?.score, smoothed, unknownCauses], [green, undefined, undefined]);
      assert.equal(picture?.unchangedNs, 0);
    }
    take(600, 1, false);
    assert.deepEqual(take(900, 1, false).unknownCauses, ['frozen'], 'a stream is judged as before');
  });
});

describe('FrameJudge: regions of tracks', () => {
  for (const periodMs of [10, 100, 250]) {
    it(`has a track's step response at a frame each ${periodMs} ms, whatever its place in the list`, () => {
      const frames = new Frames({ smoothing: 'exponential', smoothingTimeMs: 400 });
      frames.take(0, [
        ['steady', 0],
        ['step', 0],
      ]);
      for (let atMs = periodMs; atMs <= 1000; atMs += periodMs) {
        const isFirst = (atMs / periodMs) % 2 === 0;
        const boxes: Box[] = [
          ['step', 1],
          ['steady', 0],
        ];
        const greens = frames.greens(atMs, isFirst ? boxes : boxes.toReversed());
        const [step, steady] = isFirst ? greens : greens.toReversed();
        // Single precision: the scores are the model's output.
        assertClose(step, 1 - Math.exp(-atMs / 400));
        assertClose(steady, 0);
      }
    });
  }

  it('weighs the frames that a track was seen in, by the time between them', () => {
    const frames = new Frames({ smoothing: 'exponential', smoothingTimeMs: 500 });
    frames.take(0, [['a', 0]]);
    frames.take(100, [['b', 1]]);
    const [a] = frames.greens(300, [['a', 1]]);
    assertClose(a, 1 - Math.exp(-300 / 500));
  });

  it("has each class's share of a track's frames in the window", () => {
    const frames = new Frames({ smoothing: 'majority', smoothingTimeMs: 300 });
    const shares = [0, 1, 1, 0, 1].map((green, index) => frames.greens(index * 100, [['a', green]])[0]);
    // The window of 300 ms holds three frames.
    assert.deepEqual(shares, [0, 1 / 2, 2 / 3, 2 / 3, 2 / 3]);
  });

  it('holds the class of a track until another one has led for long enough', () => {
    const frames = new Frames({ smoothing: 'hysteresis', hysteresisMargin: 0.2, hysteresisTimeMs: 200 });
    const seen = [0, 0.55, 0.9, 0.9, 0.9, 0.3].map(
      (green, index) => frames.helds(index * 100, [['a', green]])[0],
    );
    assert.deepEqual(seen, ['red', 'red', 'red', 'red', 'green', 'green']);
  });

  it('leaves the raw result as it is, and keeps the smoothed one of a box that was not classified', () => {
    const frames = new Frames({ smoothing: 'majority' });
    frames.take(0, [['a', 1]]);
    const [first, second] = frames.take(100, [
      ['a', undefined],
      ['b', 0],
    ]);
    assert.deepEqual(first, {
      kind: 'unknown',
      cause: 'over_limit',
      smoothed: [
        { index: 1, label: 'green', score: 1 },
        { index: 0, label: 'red', score: 0 },
      ],
    });
    assert.deepEqual(second?.kind === 'classified' && second.value, [{ index: 1, label: 'green', score: 0 }]);
    assert.deepEqual(frames.take(200, [['new', undefined]])[0]?.smoothed, []);
  });

  it('smooths no box without an id, and none with the id of another box of the frame', () => {
    const frames = new Frames({ smoothing: 'majority' });
    const results = frames.take(0, [
      ['', 1],
      ['x', 1],
      ['', 0],
      ['x', 0],
      ['y', 1],
      ['x', 0],
    ]);
    assert.deepEqual(
      results.map((region) => 'smoothed' in region),
      [false, false, false, false, true, false],
    );
  });

  it('begins anew after a gap and where the clock goes back, for that track and camera alone', () => {
    const frames = new Frames({ smoothing: 'majority', smoothingTimeMs: 60_000, smoothingGapMs: 1000 });
    frames.take(0, [
      ['lost', 0],
      ['seen', 0],
    ]);
    frames.take(900, [['seen', 0]]);
    frames.take(0, [['seen', 0]], '/other');
    assert.deepEqual(
      frames.greens(1100, [
        ['lost', 1],
        ['seen', 1],
      ]),
      [1, 1 / 3],
    );
    assert.deepEqual(frames.greens(500, [['seen', 1]]), [1]);
    assert.equal(frames.take(100, [['seen', 1]], '/other')[0]?.smoothed?.[0]?.score, 1 / 2);
  });

  it('keeps a frame that belongs to no stream out of the tracks, and them out of it', () => {
    const frames = new Frames({ smoothing: 'majority', smoothingTimeMs: 60_000 });
    frames.take(0, [['a', 1]]);
    assert.equal(frames.take(100, [['a', 0]], '/camera', true)[0]?.smoothed, undefined);
    assert.deepEqual(frames.greens(200, [['a', 1]]), [1]);
  });

  it('judges by the score of being known too, and such a box has no vote', () => {
    const frames = new Frames({ smoothing: 'majority', knownScore: 'max_logit', knownScoreThreshold: 0.75 });
    frames.take(0, [['a', 1]]);
    const [doubtful] = frames.take(100, [['a', 0.4]]);
    assert.equal(doubtful?.kind === 'unknown' && doubtful.cause, 'none_of_the_classes');
    assert.equal(doubtful?.smoothed?.[0]?.score, 1);
  });
});
