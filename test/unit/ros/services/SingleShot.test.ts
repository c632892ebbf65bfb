import assert from 'node:assert/strict';
import type { ClassifyOutcome } from '../../../../src/classify/Classifier.js';
import { EffvitError } from '../../../../src/core/EffvitError.js';
import { frameReportMessage } from '../../../../src/messages/frameReportMessage.js';
import type { FrameRequest, RequestedPart } from '../../../../src/ros/FrameRequests.js';
import { SingleShot, type SingleShotTarget } from '../../../../src/ros/services/SingleShot.js';
import type { DropCause } from '../../../../src/stats/FrameAccounting.js';
import { rawFrame } from '../../../helpers/rawFrames.js';

type Listener = FrameRequest['onOutcome'];

const frame = () => rawFrame({ encoding: 'rgb8', widthPx: 16, heightPx: 16 }, (data) => data.fill(9));

/** No boxes: nothing of them matters here. */
const boxes = { header: { stamp: { sec: 1, nanosec: 2 }, frame_id: '' }, detections: [] };

const SOON_MS = 50;
const LONG_MS = 30_000;

function dropped(cause: DropCause, error?: EffvitError): ClassifyOutcome {
  const header = { stamp: { sec: 1, nanosec: 2 }, frameId: 'optical', source: '/cam' };
  return { kind: 'dropped', header, cause, ...(error !== undefined && { error }) };
}

const report = (outcome: ClassifyOutcome) =>
  frameReportMessage(outcome, { sequence: 0, backend: 'onnx', isSimulated: false });

/** Frames that have these fates, one after the other; none after the last. */
function target(fates: readonly ClassifyOutcome[], cameras = ['cam'], publisherCount = 1) {
  const left = [...fates];
  const end = new AbortController();
  const counts = { waits: 0, givenUp: 0, asked: 0, parts: [] as RequestedPart[] };
  const tell = (onOutcome: Listener): void => {
    const outcome = left.shift();
    if (outcome !== undefined) setImmediate(() => onOutcome({ outcome, report: report(outcome) }));
  };
  const made: SingleShotTarget = {
    pipeline: {
      classifier: { ready: () => Promise.resolve() },
      classify: (_image, _waitedNs, request) => {
        counts.asked += 1;
        assert.equal(request?.isPublished, false);
        counts.parts.push(request.detections ?? 'whole');
        tell(request.onOutcome);
        return Promise.resolve();
      },
    },
    feed: {
      ended: end.signal,
      cameras: cameras.map((name) => ({ name, topic: `/${name}` })),
      publisherCount: () => publisherCount,
      nextOutcome: (topic, part, onOutcome) => {
        assert.equal(topic, '/cam');
        counts.parts.push(part);
        counts.waits += 1;
        tell(onOutcome);
        return () => {
          counts.givenUp += 1;
        };
      },
    },
  };
  return { made, counts, end };
}

describe('SingleShot', () => {
  it('passes over frames that were dropped for newer ones', async () => {
    const bad = dropped('bad_image', new EffvitError('BAD_IMAGE', 'No picture.'));
    const { made, counts } = target([dropped('queue_full'), dropped('too_old'), bad]);
    const answered = await new SingleShot(made, LONG_MS).ofCamera('', 'whole');
    assert.equal(answered.outcome, bad);
    assert.deepEqual(counts, { waits: 3, givenUp: 0, asked: 0, parts: ['whole', 'whole', 'whole'] });
  });

  it('tries a picture again that was dropped for frames', async () => {
    const failed = dropped('inference_failed', new EffvitError('INFERENCE_FAILED', 'It failed.'));
    const { made, counts } = target([dropped('overtaken'), failed]);
    const answered = await new SingleShot(made, LONG_MS).ofPicture(frame(), undefined);
    assert.equal(answered.outcome, failed);
    assert.deepEqual([counts.asked, counts.parts], [2, ['whole', 'whole']]);
  });

  it('asks for the boxes of a detector, or for those that are given', async () => {
    const timedOut = dropped('timed_out');
    const camera = target([dropped('unmatched'), timedOut, timedOut]);
    for (const part of ['detector', boxes] as const) {
      const { outcome } = await new SingleShot(camera.made, LONG_MS).ofCamera('cam', part);
      assert.equal(outcome, timedOut);
    }
    assert.deepEqual(camera.counts.parts, ['detector', 'detector', boxes]);
    await assert.rejects(new SingleShot(camera.made, SOON_MS).ofCamera('cam', 'detector'), {
      message: /with the boxes of its detector within 0\.05 s: no frame came with boxes of its stamp, or/,
    });
    const picture = target([timedOut]);
    await new SingleShot(picture.made, LONG_MS).ofPicture(frame(), boxes);
    assert.deepEqual([picture.counts.asked, picture.counts.parts], [1, [boxes]]);
  });

  it('gives the wait up at the end of the time, and says what came', async () => {
    const nothing = target([]);
    await assert.rejects(new SingleShot(nothing.made, SOON_MS).ofCamera('cam', 'whole'), {
      code: 'TIMED_OUT',
      message: 'No result of a frame of /cam within 0.05 s: no frame came, or none was done in time.',
    });
    assert.equal(nothing.counts.givenUp, 1);
    await assert.rejects(new SingleShot(target([], ['cam'], 0).made, SOON_MS).ofCamera('cam', 'whole'), {
      message: /: nobody publishes it\.$/,
    });
    const busy = target([dropped('queue_full'), dropped('queue_full'), dropped('too_old')]);
    await assert.rejects(new SingleShot(busy.made, 10 * SOON_MS).ofPicture(frame(), undefined), {
      message: /^No result of the picture within 0\.5 s: .* dropped, 2 as queue_full, 1 as too_old\.$/,
    });
  });

  it('ends when the node is active no more', async () => {
    const { made, end, counts } = target([]);
    const waiting = new SingleShot(made, LONG_MS).ofCamera('/cam', 'whole');
    end.abort();
    await assert.rejects(waiting, { code: 'CLOSED', message: /^The node was deactivated meanwhile/ });
    assert.equal(counts.givenUp, 1);
    await assert.rejects(new SingleShot(made, LONG_MS).ofCamera('/cam', 'whole'), { code: 'CLOSED' });
  });

  it('wants a camera that there is', async () => {
    const two = target([], ['cam', 'rear']).made;
    await assert.rejects(new SingleShot(two, LONG_MS).ofCamera('', 'whole'), {
      code: 'BAD_ARGUMENT',
      message: 'The request names no camera and gives no picture: name one of cam, rear.',
    });
    await assert.rejects(new SingleShot(two, LONG_MS).ofCamera('raer', 'whole'), {
      code: 'NOT_FOUND',
      message: 'There is no camera raer among cam, rear. Did you mean rear?',
    });
  });
});
