import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ReplayedFrame } from '../../../src/bag/replayBag.js';
import type { ClassifyOutcome } from '../../../src/classify/Classifier.js';
import { parseBagResult } from '../../../src/fleet/BagResult.js';
import { BagTally } from '../../../src/fleet/BagTally.js';
import { type BagTruth, parseBagTruth } from '../../../src/fleet/BagTruth.js';
import { dropped, many, result } from '../../helpers/replayReports.js';

const LABELS = ['red', 'green', 'blue'];

/** Two cameras in turn; every fifth frame is no picture. */
function frames(count: number): ReplayedFrame<ClassifyOutcome>[] {
  return many(count, (sequence) => {
    const camera = sequence % 2 === 0 ? '/front' : '/rear';
    const outcome = sequence % 5 === 4 ? dropped(camera) : result(sequence, camera, 'red');
    return { sequence, logTimeNs: BigInt(sequence) * 1_000_000_000n, outcome };
  });
}

function tallied(all: readonly ReplayedFrame<ClassifyOutcome>[], truth?: BagTruth) {
  const tally = new BagTally(LABELS, truth);
  for (const frame of all) tally.add(frame);
  return tally.result('key', []);
}

describe('BagTally', () => {
  it('counts frames, drops and classes of each camera', () => {
    const { cameras, durationMs } = tallied(frames(20));
    assert.equal(durationMs, 19_000);
    assert.deepEqual(cameras, [
      {
        topic: '/front',
        received: 10,
        published: 8,
        dropped: { bad_image: 2 },
        unnamed: 0,
        unknown: {},
        classes: [{ index: 0, label: 'red', frames: 8, scoreSum: 72_000 }],
      },
      {
        topic: '/rear',
        received: 10,
        published: 8,
        dropped: { bad_image: 2 },
        unnamed: 0,
        unknown: {},
        classes: [{ index: 0, label: 'red', frames: 8, scoreSum: 72_000 }],
      },
    ]);
  });

  it('is the same whatever the order of the outcomes, to the last byte', () => {
    const expected = JSON.stringify(tallied(frames(30)));
    fc.assert(
      fc.property(fc.shuffledSubarray(frames(30), { minLength: 30 }), (shuffled) => {
        assert.equal(JSON.stringify(tallied(shuffled)), expected);
      }),
    );
  });

  it('has a digest that a single score, stamp or drop changes', () => {
    const { framesSha256 } = tallied(frames(10));
    const others = frames(10).map((frame, at, all) => {
      const { outcome } = frame;
      const changed: ReplayedFrame<ClassifyOutcome> = {
        ...frame,
        outcome:
          outcome.kind === 'dropped'
            ? { ...outcome, cause: 'timed_out' }
            : { ...outcome, value: outcome.value.map((one) => ({ ...one, score: one.score + 1e-12 })) },
      };
      return tallied(all.map((one) => (one.sequence === at ? changed : one))).framesSha256;
    });
    assert.equal(new Set([framesSha256, ...others]).size, 11);
  });

  it('tells frames that were lost for another reason than their content', () => {
    const tally = new BagTally(LABELS);
    for (const frame of frames(10)) tally.add(frame);
    assert.equal(tally.lost.size, 0);
    const outcome = { ...dropped('/front'), cause: 'worker_died' as const };
    tally.add({ sequence: 10, logTimeNs: 0n, outcome });
    assert.deepEqual([...tally.lost], [['worker_died', 1]]);
  });

  it('judges frames by the truth of the frame, the camera or the bag, in this order', () => {
    const truth = parseBagTruth(
      JSON.stringify({
        all: { label: 'blue' },
        topics: { '/front': { index: 0 } },
        frames: [{ topic: '/front', stamp: { sec: 2, nanosec: 0 }, index: 1, label: 'green' }],
      }),
      'truth.json',
      LABELS,
    );
    const [front, rear] = tallied(frames(10), truth).cameras;
    assert.deepEqual(front?.accuracy, {
      classes: [
        { index: 0, pictures: 3, top1: 3, top5: 3 },
        { index: 1, pictures: 1, top1: 0, top5: 1 },
      ],
      confusions: [{ truth: 1, predicted: 0, pictures: 1 }],
    });
    assert.deepEqual(rear?.accuracy?.classes, [{ index: 2, pictures: 4, top1: 0, top5: 0 }]);
  });

  it('gives what can be read again, and nothing of it where a byte is missing', () => {
    const text = JSON.stringify(tallied(frames(10)));
    assert.deepEqual(parseBagResult(text), tallied(frames(10)));
    for (let length = 0; length < text.length; length += 7) {
      assert.equal(parseBagResult(text.slice(0, length)), undefined);
    }
    assert.equal(parseBagResult('null'), undefined);
    assert.equal(parseBagResult(text.replace('"version":1', '"version":2')), undefined);
  });
});

describe('BagTruth', () => {
  const wrong: readonly (readonly [content: string, reason: RegExp])[] = [
    ['{', /does not tell what a bag shows/],
    ['{}', /expected "frames", "topics" or "all"/],
    ['{"all": {}}', /needs an index or a label/],
    ['{"all": {"label": "pink"}}', /"all" names no class of the model: pink/],
    ['{"all": {"index": 3}}', /names no class of the model: 3/],
    [
      '{"topics": {"/a": {"index": 0, "label": "blue"}}}',
      /\/a has index 0 with the label blue, which is red/,
    ],
    ['{"frames": [{"topic": "/a", "index": 0}]}', /frames.0.stamp/],
  ];
  for (const [content, reason] of wrong) {
    it(`refuses ${content}`, () => {
      assert.throws(() => parseBagTruth(content, 'truth.json', LABELS), reason);
    });
  }

  it('refuses a label that two classes have, unless an index says which', () => {
    const labels = ['crane', 'crane'];
    assert.throws(
      () => parseBagTruth('{"all":{"label":"crane"}}', 't', labels),
      /two classes.*give its index/,
    );
    const truth = parseBagTruth('{"all":{"label":"crane","index":1}}', 't', labels);
    assert.equal(truth('/a', { sec: 0, nanosec: 0 }), 1);
  });
});
