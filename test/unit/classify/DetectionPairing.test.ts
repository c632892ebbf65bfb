import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DetectionPairing, UNMATCHED_CAUSES } from '../../../src/classify/DetectionPairing.js';

const MS = 1e6;
const OPTIONS = { detectionsSlopMs: 0, detectionsWaitMs: 500, detectionsBuffer: 10 };

/** A stamp so many milliseconds after the first second. */
const at = (ms: number, frameId = '') => ({
  stamp: { sec: 1 + Math.floor(ms / 1000), nanosec: (ms % 1000) * MS },
  frameId,
});

function pairing(options = OPTIONS) {
  const told: string[] = [];
  const made = new DetectionPairing<string, string>(options, {
    onMatch: (frame, detections) => told.push(`${frame}+${detections}`),
    onUnmatchedFrame: (frame, cause) => told.push(`${frame} ${cause}`),
    onUnmatchedDetections: (detections, cause) => told.push(`${detections} ${cause}`),
  });
  return { made, told };
}

describe('DetectionPairing', () => {
  it('brings frames and detections of one stamp together, whichever comes first', () => {
    const { made, told } = pairing();
    made.addFrame('f1', at(0), 0);
    made.addDetections('d1', at(0), 10 * MS);
    made.addDetections('d2', at(33), 20 * MS);
    made.addFrame('f2', at(33), 30 * MS);
    assert.deepEqual(told, ['f1+d1', 'f2+d2']);
    assert.equal(made.frames.waiting.length, 0);
  });

  it('takes no stamp for another that is a nanosecond apart', () => {
    const { made, told } = pairing();
    made.addFrame('f', { stamp: { sec: 1_764_000_000, nanosec: 123_456_789 }, frameId: '' }, 0);
    made.addDetections('d', { stamp: { sec: 1_764_000_000, nanosec: 123_456_788 }, frameId: '' }, 0);
    assert.deepEqual(told, []);
  });

  it('passes over what the detector left out, on either side', () => {
    const { made, told } = pairing();
    for (const [index, ms] of [0, 33, 66].entries()) made.addFrame(`f${index}`, at(ms), 0);
    made.addDetections('d2', at(66), MS);
    assert.deepEqual(told, ['f0 passed_over', 'f1 passed_over', 'f2+d2']);
    made.addDetections('d3', at(99), 2 * MS);
    made.addDetections('d4', at(132), 2 * MS);
    made.addFrame('f4', at(132), 3 * MS);
    assert.deepEqual(told.slice(3), ['d3 passed_over', 'f4+d4']);
    assert.deepEqual(made.frames.unmatched.passed_over, 2);
    assert.deepEqual(made.detections.unmatched.passed_over, 1);
  });

  it('takes the nearest within the slop, once no nearer one can come', () => {
    const { made, told } = pairing({ ...OPTIONS, detectionsSlopMs: 20 });
    made.addFrame('f0', at(0), 0);
    made.addDetections('d15', at(15), MS);
    // The frame of 18 may be on its way.
    assert.deepEqual(told, []);
    made.addFrame('f18', at(18), 2 * MS);
    assert.deepEqual(told, ['f0 passed_over', 'f18+d15']);
    made.addFrame('f40', at(40), 3 * MS);
    made.addDetections('d50', at(50), 4 * MS);
    made.expire(600 * MS);
    // None came: the one that is there is the nearest.
    assert.deepEqual(told.slice(2), ['f40+d50']);
    made.addFrame('f100', at(100), 700 * MS);
    made.addDetections('d121', at(121), 700 * MS);
    made.expire(1300 * MS);
    assert.deepEqual(told.slice(3), ['f100 waited_too_long', 'd121 waited_too_long']);
  });

  it('lets nothing wait longer than the limit', () => {
    const { made, told } = pairing();
    made.addFrame('f', at(0), 0);
    made.addDetections('d', at(5), 100 * MS);
    made.expire(499 * MS);
    assert.deepEqual(told, []);
    made.expire(500 * MS);
    assert.deepEqual(told, ['f waited_too_long']);
    made.options = { ...OPTIONS, detectionsWaitMs: 450 };
    made.expire(550 * MS);
    assert.deepEqual(told, ['f waited_too_long', 'd waited_too_long']);
  });

  it('keeps so many at most, the newest', () => {
    const { made, told } = pairing({ ...OPTIONS, detectionsBuffer: 2 });
    for (let index = 0; index < 4; index++) made.addFrame(`f${index}`, at(index), 0);
    for (let index = 10; index < 13; index++) made.addDetections(`d${index}`, at(index), 0);
    assert.deepEqual(told, ['f0 buffer_full', 'f1 buffer_full', 'd10 buffer_full']);
    made.addDetections('d3', at(3), 0);
    assert.deepEqual(told.slice(3), ['f2 passed_over', 'f3+d3']);
  });

  it('keeps cameras apart that share a topic, by their coordinate frames', () => {
    const { made, told } = pairing();
    made.addFrame('left', at(0, 'left_optical'), 0);
    made.addFrame('right', at(0, 'right_optical'), 0);
    made.addDetections('dr', at(0, 'right_optical'), 0);
    made.addDetections('dl', at(0, 'left_optical'), 0);
    assert.deepEqual(told, ['right+dr', 'left+dl']);
    made.addFrame('left2', at(40, 'left_optical'), 0);
    made.addFrame('right2', at(41, 'right_optical'), 0);
    made.addDetections('dr2', at(41, 'right_optical'), 0);
    // The other camera's older frame waits on.
    assert.deepEqual(told.slice(2), ['right2+dr2']);
    made.addDetections('any', at(40, ''), 0);
    assert.deepEqual(told.slice(3), ['left2+any']);
  });

  it('gives all back when it is closed', () => {
    const { made, told } = pairing();
    made.addFrame('f', at(0), 0);
    made.addDetections('d', at(5), 0);
    made.close();
    assert.deepEqual(told, ['f closed', 'd closed']);
  });

  it('accounts for everything once, whatever comes', () => {
    const event = fc.record({
      kind: fc.constantFrom('frame', 'detections', 'expire', 'limits'),
      ms: fc.integer({ min: 0, max: 60 }),
      frameId: fc.constantFrom('', 'a', 'b'),
      afterMs: fc.integer({ min: 0, max: 100 }),
      slopMs: fc.constantFrom(0, 3, 10),
      bufferSize: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), (events) => {
        const ended: number[] = [];
        const matched: (readonly [number, number])[] = [];
        let given = 0;
        let nowNs = 0;
        const made = new DetectionPairing<number, number>(OPTIONS, {
          onMatch: (frame, detections) => {
            ended.push(frame, detections);
            matched.push([frame, detections]);
          },
          onUnmatchedFrame: (frame) => ended.push(frame),
          onUnmatchedDetections: (detections) => ended.push(detections),
        });
        for (const { kind, ms, frameId, afterMs, slopMs, bufferSize } of events) {
          nowNs += afterMs * MS;
          if (kind === 'frame') made.addFrame(given++, at(ms, frameId), nowNs);
          else if (kind === 'detections') made.addDetections(given++, at(ms, frameId), nowNs);
          else if (kind === 'expire') made.expire(nowNs);
          else made.options = { ...OPTIONS, detectionsSlopMs: slopMs, detectionsBuffer: bufferSize };
          assert.ok(made.frames.waiting.length <= 10);
        }
        made.close();
        assert.deepEqual(
          ended.toSorted((a, b) => a - b),
          Array.from({ length: given }, (_, index) => index),
        );
        const { frames, detections } = made;
        const total = UNMATCHED_CAUSES.reduce(
          (sum, cause) => sum + frames.unmatched[cause] + detections.unmatched[cause],
          0,
        );
        assert.equal(total + 2 * matched.length, given);
      }),
    );
  });
});
