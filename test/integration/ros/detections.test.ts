import assert from 'node:assert/strict';
import { imageMessage } from '../../helpers/imageMessage.js';
import { NodeUnderTest, reliable } from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const { NAME } = NodeUnderTest;
const IMAGE = 'sensor_msgs/msg/Image';
const DETECTIONS = 'vision_msgs/msg/Detection2DArray';
const REPORT = 'effvit/msg/FrameReport';

interface Header {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly frame_id: string;
}

interface Detections {
  readonly header: Header;
  readonly detections: {
    readonly id: string;
    readonly bbox: { readonly size_x: number };
    readonly results: { readonly hypothesis: { readonly class_id: string; readonly score: number } }[];
  }[];
}

/** ai_msgs/msg/PerceptionTargets */
interface Targets {
  readonly header: Header;
  readonly perfs: { readonly type: string }[];
  readonly targets: {
    readonly type: string;
    readonly track_id: number;
    readonly rois: { readonly rect: { readonly x_offset: number; readonly width: number } }[];
  }[];
}

interface Report {
  readonly header: Header;
  readonly drop_cause: string;
  readonly results: unknown[];
  readonly regions: {
    readonly id: string;
    readonly unknown_cause: string;
    readonly left_px: number;
    readonly width_px: number;
    readonly results: { readonly label: string }[];
    readonly smoothed_results: { readonly label: string }[];
  }[];
  readonly region_left_px: number;
  readonly region_width_px: number;
}

/** effvit/srv/Classify_Response */
interface Answer {
  readonly success: boolean;
  readonly message: string;
  readonly classification: { readonly results: unknown[] };
  readonly detections: Detections;
  readonly report: Report;
}

interface Counts {
  readonly received: number;
  readonly published: number;
  readonly dropped: { cause: string; count: number }[];
  readonly in_flight: number;
  readonly regions_classified: number;
  readonly regions_unknown: { cause: string; count: number }[];
  readonly unmatched_frames: { cause: string; count: number }[];
  readonly unmatched_detections: { cause: string; count: number }[];
}

/** However slow the machine is, a frame and its detections meet within this time. */
const PATIENCE_MS = 60_000;
const COLOURS = ['red', 'green', 'blue'] as const;
const SIDE_PX = 40;

/** An image of stripes, each of one colour, 40 pixels wide and high. */
function striped(nanosec: number, stripes: readonly number[], sec?: number): object {
  const width = SIDE_PX * stripes.length;
  const data = Buffer.alloc(3 * width * SIDE_PX);
  for (let row = 0; row < SIDE_PX; row++) {
    for (const [index, channel] of stripes.entries()) {
      for (let x = 0; x < SIDE_PX; x++) data[3 * (row * width + SIDE_PX * index + x) + channel] = 255;
    }
  }
  return {
    ...imageMessage(nanosec, 0, sec === undefined ? {} : { sec }),
    width,
    height: SIDE_PX,
    step: 3 * width,
    data: { base64: data.toString('base64') },
  };
}

/** What a detector says of these stripes, a box each; NaN, empty and outside ones as they are given. */
function detected(
  nanosec: number,
  boxes: readonly (readonly [id: string, x: number, size?: number])[],
  sec?: number,
): object {
  const { header } = imageMessage(nanosec, 0, sec === undefined ? {} : { sec }) as { header: object };
  return {
    header,
    detections: boxes.map(([id, x, size = SIDE_PX - 4]) => ({
      header,
      id,
      results: [{ hypothesis: { class_id: 'thing', score: 0.25 } }],
      bbox: { center: { position: { x: told(x), y: SIDE_PX / 2 }, theta: 0 }, size_x: size, size_y: size },
    })),
  };
}

/** JSON has no NaN; Python reads the word. */
const told = (x: number): number | string => (Number.isNaN(x) ? 'nan' : x);

const middle = (index: number): number => SIDE_PX * index + SIDE_PX / 2;

const countOf = (counts: readonly { cause: string; count: number }[], cause: string): number =>
  counts.find((one) => one.cause === cause)?.count ?? 0;

describe('ROS node: the boxes of a detector', function () {
  this.timeout(300_000);
  const rig = new NodeUnderTest();

  async function start(...args: readonly string[]): Promise<RosPeer> {
    const topics = ['-p', 'detections_topics:=["/detections"]', ...reliable(), ...reliable('/detections')];
    const user = await rig.start(...topics, '-p', `detections_wait_ms:=${PATIENCE_MS}.0`, ...args);
    await rig.activate(user);
    await user.ask({ op: 'subscribe', topic: '/classified_detections', type: DETECTIONS });
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: REPORT });
    await user.ask({ op: 'advertise', topic: '/image', type: IMAGE });
    await user.ask({ op: 'advertise', topic: '/detections', type: DETECTIONS });
    for (const topic of ['/classified_detections', `${NAME}/frames`, '/image', '/detections']) {
      await user.match(topic);
    }
    return user;
  }

  const publish = (user: RosPeer, topic: string, message: object) =>
    user.ask({ op: 'publish', topic, message });

  const classesOf = ({ detections }: Detections): (string | undefined)[][] =>
    detections.map(({ id, results }) => [id, ...results.map(({ hypothesis }) => hypothesis.class_id)]);

  it('classifies each box, keeps order and ids, and has UNKNOWN for what is none', async () => {
    const user = await start('-p', 'top_k:=1');
    await publish(user, '/image', striped(5, [0, 1, 2]));
    const boxes = [
      ['b', middle(2)],
      ['nan', Number.NaN],
      ['r', middle(0)],
      ['none', middle(1), 0],
      ['far', 4000],
      ['g', middle(1)],
    ] as const;
    await publish(user, '/detections', detected(5, boxes));
    const [answer] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
    assert.ok(answer !== undefined);
    assert.deepEqual(answer.header, (imageMessage(5, 0) as { header: Header }).header);
    assert.deepEqual(classesOf(answer), [
      ['b', 'blue'],
      ['nan', 'UNKNOWN'],
      ['r', 'red'],
      ['none', 'UNKNOWN'],
      ['far', 'UNKNOWN'],
      ['g', 'green'],
    ]);
    const [report] = await rig.takeAll<Report>(user, `${NAME}/frames`, 1);
    assert.deepEqual(
      report?.regions.map(({ id, unknown_cause, left_px, width_px }) => [
        id,
        unknown_cause,
        left_px,
        width_px,
      ]),
      [
        ['b', '', 82, 36],
        ['nan', 'invalid', 0, 0],
        ['r', '', 2, 36],
        ['none', 'empty', 0, 0],
        ['far', 'outside', 0, 0],
        ['g', '', 42, 36],
      ],
    );
    assert.deepEqual([report?.results, report?.drop_cause], [[], '']);
  });

  it('takes detections first, appends hypotheses, and gives one frame twenty results', async () => {
    const user = await start('-p', 'top_k:=1', '-p', 'threads:=4', '-p', 'detections_hypotheses:=append');
    const stripes = Array.from({ length: 20 }, (_, index) => index % 3);
    const boxes = stripes.map((_, index) => [`${index}`, middle(index)] as const);
    await publish(user, '/detections', detected(7, boxes));
    await publish(user, '/image', striped(7, stripes));
    const [answer] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
    assert.ok(answer !== undefined);
    assert.deepEqual(
      classesOf(answer),
      stripes.map((channel, index) => [`${index}`, 'thing', COLOURS[channel]]),
    );
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await waitFor(async () => {
      const told = await user.ask<Counts[]>({ op: 'take', topic: `${NAME}/statistics` });
      const last = told.at(-1);
      return last !== undefined && last.published === 1 && last.regions_classified === 20;
    }, 'one frame with twenty regions');
  });

  it("smooths each id's classes over time, beside the raw ones, and in their place where asked", async () => {
    const user = await start('-p', 'top_k:=1', '-p', 'smoothing:=majority', '-p', 'smoothing_gap_ms:=1000.0');
    const smoothedTopic = '/classified_detections_smoothed';
    await user.ask({ op: 'subscribe', topic: smoothedTopic, type: DETECTIONS });
    await user.match(smoothedTopic);
    // 100 ms apart; the track 'left' is red but for one frame, 'right' is blue, and the place of both changes.
    const frames = [
      { stripes: [0, 2], ids: ['left', 'right'] },
      { stripes: [2, 0], ids: ['right', 'left'] },
      { stripes: [1, 2], ids: ['left', 'right'] },
      { stripes: [1, 2], ids: ['', 'right'] },
    ];
    const publishFrame = async ({ stripes, ids }: (typeof frames)[number], nanosec: number, sec?: number) => {
      const boxes = ids.map((id, index) => [id, middle(index)] as const);
      await publish(user, '/image', striped(nanosec, stripes, sec));
      await publish(user, '/detections', detected(nanosec, boxes, sec));
      const [raw] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
      const [smoothed] = await rig.takeAll<Detections>(user, smoothedTopic, 1);
      assert.ok(raw !== undefined && smoothed !== undefined);
      assert.deepEqual(smoothed.header, raw.header);
      const [report] = await rig.takeAll<Report>(user, `${NAME}/frames`, 1);
      assert.deepEqual(
        report?.regions.map(({ smoothed_results: [held] }) => held?.label),
        smoothed.detections.map(({ id, results }) =>
          id === '' ? undefined : results[0]?.hypothesis.class_id,
        ),
      );
      return { raw: classesOf(raw), smoothed: classesOf(smoothed) };
    };
    const seen: object[] = [];
    for (const [index, frame] of frames.entries()) seen.push(await publishFrame(frame, index * 1e8));
    const right = ['right', 'blue'];
    assert.deepEqual(seen, [
      { raw: [['left', 'red'], right], smoothed: [['left', 'red'], right] },
      { raw: [right, ['left', 'red']], smoothed: [right, ['left', 'red']] },
      { raw: [['left', 'green'], right], smoothed: [['left', 'red'], right] },
      { raw: [['', 'green'], right], smoothed: [['', 'green'], right] },
    ]);
    assert.equal((await user.setParameter(NAME, 'classification_results', 'smoothed')).successful, true);
    const green = { stripes: [1, 2], ids: ['left', 'right'] };
    const held = { raw: [['left', 'red'], right], smoothed: [['left', 'red'], right] };
    assert.deepEqual(await publishFrame(green, 4e8), held);
    // After a gap the track begins anew.
    const anew = { raw: [['left', 'green'], right], smoothed: [['left', 'green'], right] };
    assert.deepEqual(await publishFrame(green, 0, 12), anew);
  });

  it('publishes a target for each box to TROS: class, place and track', async () => {
    const topic = '/hobot_dnn_detection';
    const user = await start('-p', 'top_k:=1', '-p', 'perception_targets:=hobot_dnn_detection');
    await user.ask({ op: 'subscribe', topic, type: 'ai_msgs/msg/PerceptionTargets' });
    await user.match(topic);
    await publish(user, '/image', striped(9, [0, 1, 2]));
    const boxes = [
      ['18', middle(2)],
      ['car', middle(1)],
      ['3', 4000],
    ] as const;
    await publish(user, '/detections', detected(9, boxes));
    const [answer] = await rig.takeAll<Targets>(user, topic, 1);
    assert.ok(answer !== undefined);
    assert.deepEqual(answer.header, (imageMessage(9, 0) as { header: Header }).header);
    assert.deepEqual(
      answer.targets.map(({ type, track_id, rois: [roi] }) => [
        type,
        track_id,
        roi?.rect.x_offset,
        roi?.rect.width,
      ]),
      [
        ['blue', 18, 82, 36],
        ['green', 0, 42, 36],
        ['UNKNOWN', 3, 3982, 36],
      ],
    );
    assert.deepEqual(
      answer.perfs.map(({ type }) => type.replace(/^.*?_/, '')),
      ['preprocess', 'predict_infer', 'predict_parse', 'postprocess', 'pipeline'],
    );
  });

  it('counts by cause what does not meet, on both sides, and goes on', async () => {
    const user = await start(
      '-p',
      'detections_wait_ms:=400.0',
      '-p',
      'detections_buffer:=2',
      '-p',
      'max_regions:=1',
      '-p',
      'top_k:=1',
    );
    await user.ask({ op: 'subscribe', topic: `${NAME}/statistics`, type: 'effvit/msg/PipelineStatistics' });
    await user.match(`${NAME}/statistics`);
    // Nobody tells of it: it waits for its time.
    await publish(user, '/image', striped(10, [0]));
    await publish(user, '/detections', detected(11, [['x', middle(0)]]));
    const reports = await rig.takeAll<Report>(user, `${NAME}/frames`, 1);
    assert.equal(reports[0]?.drop_cause, 'unmatched');
    const patient = await user.setParameter(NAME, 'detections_wait_ms', PATIENCE_MS, 'double');
    assert.equal(patient.successful, true, patient.reason);
    // The detector left the first of these out.
    await publish(user, '/image', striped(20, [0]));
    await publish(user, '/image', striped(21, [1, 2]));
    await publish(
      user,
      '/detections',
      detected(21, [
        ['small', middle(0), 10],
        ['large', middle(1)],
      ]),
    );
    const [answer] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
    assert.ok(answer !== undefined);
    assert.deepEqual(classesOf(answer), [
      ['small', 'UNKNOWN'],
      ['large', 'blue'],
    ]);
    // A live change, and a frame without an object.
    assert.equal((await user.setParameter(NAME, 'max_regions', 5)).successful, true);
    await publish(user, '/detections', detected(30, []));
    await publish(user, '/image', striped(30, [0]));
    const [empty] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
    assert.deepEqual(empty?.detections, []);
    let last: Counts | undefined;
    await waitFor(async () => {
      last = (await user.ask<Counts[]>({ op: 'take', topic: `${NAME}/statistics` })).at(-1) ?? last;
      return last?.received === 4 && last.in_flight === 0 && last.published === 2;
    }, 'four frames');
    assert.ok(last !== undefined);
    assert.equal(countOf(last.dropped, 'unmatched'), 2);
    assert.equal(countOf(last.unmatched_frames, 'waited_too_long'), 1);
    assert.equal(countOf(last.unmatched_frames, 'passed_over'), 1);
    const lost = countOf(last.unmatched_detections, 'waited_too_long');
    assert.equal(lost + countOf(last.unmatched_detections, 'passed_over'), 1);
    assert.equal(countOf(last.regions_unknown, 'over_limit'), 1);
    assert.match(rig.output, /A frame of \/image is dropped as unmatched.*raise detections_wait_ms/);
  });

  it('gives waiting frames back when it is deactivated, and has the roi told and changed', async () => {
    const user = await start('-p', 'roi:=0.0,0.0,0.5,1.0', '-p', 'top_k:=1');
    await publish(user, '/image', striped(40, [0, 1]));
    await publish(
      user,
      '/detections',
      detected(40, [
        ['in', middle(0)],
        ['out', middle(1)],
      ]),
    );
    const [answer] = await rig.takeAll<Detections>(user, '/classified_detections', 1);
    assert.ok(answer !== undefined);
    assert.deepEqual(classesOf(answer), [
      ['in', 'red'],
      ['out', 'UNKNOWN'],
    ]);
    const [report] = await rig.takeAll<Report>(user, `${NAME}/frames`, 1);
    assert.deepEqual([report?.region_left_px, report?.region_width_px], [0, SIDE_PX]);
    await publish(user, '/image', striped(41, [0, 1]));
    // It is taken and waits.
    await waitFor(async () => {
      const told = await user.ask<{ received?: number }[]>({ op: 'take', topic: `${NAME}/frames` });
      return told.length === 0;
    }, 'no report');
    assert.equal(await user.transition(NAME, 'deactivate'), true, rig.output);
    assert.equal(await user.transition(NAME, 'cleanup'), true, rig.output);
  });

  it('classifies the roi of whole frames, another one from the next frame on', async () => {
    const user = await rig.startActive('-p', 'roi:=0,0,40,40', '-p', 'top_k:=1', ...reliable());
    await user.ask({ op: 'subscribe', topic: `${NAME}/frames`, type: REPORT });
    await user.ask({ op: 'advertise', topic: '/image', type: IMAGE });
    for (const topic of [`${NAME}/frames`, '/image']) await user.match(topic);
    const seen: (string | number | undefined)[][] = [];
    for (const [index, roi] of ['0,0,40,40', '0.5,0,0.5,1', '60,0,1000,1000', '90,0,10,10'].entries()) {
      assert.equal((await user.setParameter(NAME, 'roi', roi)).successful, true);
      await publish(user, '/image', striped(index + 1, [0, 2]));
      const [report] = await rig.takeAll<Report & { results: { label: string }[] }>(
        user,
        `${NAME}/frames`,
        1,
      );
      const label = report?.results[0]?.label;
      seen.push([label ?? report?.drop_cause, report?.region_left_px, report?.region_width_px]);
    }
    assert.deepEqual(seen, [
      ['red', 0, 40],
      ['blue', 40, 40],
      ['blue', 60, 20],
      ['bad_image', 0, 0],
    ]);
    assert.match(rig.output, /are smaller than the roi reaches/);
    assert.match(rig.output, /has nothing of the roi 90,0,10,10/);
    const refused = await user.setParameter(NAME, 'roi', '1,2');
    assert.equal(refused.successful, false);
    assert.match(refused.reason, /Expected x,y,width,height in pixels/);
  });

  it('answers ~/classify with boxes: of the detector or given ones, of a camera or a picture, running and paused', async () => {
    const user = await start('-p', 'top_k:=1', '-p', 'detections_hypotheses:=append');
    const asker = await rig.startPeer();
    const classify = (request: object) =>
      asker.ask<Answer>({
        op: 'call',
        service: `${NAME}/classify`,
        type: 'effvit/srv/Classify',
        request: { timeout: { sec: 50 }, ...request },
      });
    const stripes = striped(5, [0, 1, 2]);
    const found = detected(5, [
      ['b', middle(2)],
      ['far', 4000],
      ['r', middle(0)],
    ]);
    const given = detected(0, [['g', middle(1)]]);
    // Both with one stamp all the time: each frame meets a message of the detector.
    await user.ask({ op: 'stream', topic: '/image', message: stripes, hz: 20 });
    await user.ask({ op: 'stream', topic: '/detections', message: found, hz: 20 });
    const ofDetector = [
      ['b', 'thing', 'blue'],
      ['far', 'thing', 'UNKNOWN'],
      ['r', 'thing', 'red'],
    ];
    for (const enabled of [true, false]) {
      assert.equal((await user.setParameter(NAME, 'enabled', enabled)).successful, true);
      const cases: readonly (readonly [object, readonly (readonly string[])[]])[] = [
        [{ camera: 'image', use_detector: true }, ofDetector],
        [{ camera: '/image', detections: given }, [['g', 'thing', 'green']]],
        [{ image: stripes, detections: found }, ofDetector],
        [{ camera: '' }, []],
      ];
      for (const [request, classes] of cases) {
        const { success, message, detections, classification, report } = await classify(request);
        assert.equal(success, true, message);
        assert.deepEqual(classesOf(detections), classes);
        assert.deepEqual(detections.header, report.header);
        assert.deepEqual(
          report.regions.map(({ id }) => id),
          classes.map(([id]) => id),
        );
        assert.equal(classification.results.length, classes.length === 0 ? 1 : 0);
      }
    }
    await user.ask({ op: 'take', topic: `${NAME}/frames` });
    assert.equal((await classify({ camera: 'image', use_detector: true })).success, true);
    const [only] = await rig.takeAll<Report>(user, `${NAME}/frames`, 1);
    assert.equal(only?.regions.length, 3);
    const refused = await classify({ camera: 'image', use_detector: true, detections: given });
    assert.deepEqual(
      [refused.success, refused.message],
      [false, 'The request gives detections and use_detector: give one of them.'],
    );
  });
});
