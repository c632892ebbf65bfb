import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { COLOURS } from '../../helpers/colourModel.js';
import { hbmMessage } from '../../helpers/hbmMessage.js';
import { base64, imageMessage } from '../../helpers/imageMessage.js';
import {
  type Classification,
  NodeUnderTest,
  reliable,
  type Statistics,
} from '../../helpers/NodeUnderTest.js';
import { type RosPeer, waitFor } from '../../helpers/RosPeer.js';

const HBM = 'hbm_img_msgs/msg/HbmMsg1080P';
const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const { NAME } = NodeUnderTest;

/** ai_msgs/msg/PerceptionTargets as a test peer tells it. */
interface PerceptionTargets {
  readonly header: Classification['header'];
  readonly fps: number;
  readonly perfs: {
    type: string;
    stamp_start: { sec: number; nanosec: number };
    stamp_end: { sec: number; nanosec: number };
    time_ms_duration: number;
  }[];
  readonly targets: {
    type: string;
    track_id: number;
    rois: { type: string; rect: object; confidence: number }[];
    attributes: { type: string; value: number; confidence: number }[];
  }[];
}

/** What mipi_cam sends by default. */
const MIPI = { widthPx: 960, heightPx: 544 };

/** NV12 of many values, so that a byte in a wrong place would show. */
function mottledNv12({ widthPx, heightPx }: typeof MIPI): Uint8Array {
  return Uint8Array.from({ length: (widthPx * heightPx * 3) / 2 }, (_, at) => (at * 7919 + (at >> 7)) & 0xff);
}

async function jpeg(channel: number): Promise<Uint8Array> {
  const background = { r: 40, g: 40, b: 40, [['r', 'g', 'b'][channel] ?? 'r']: 200 };
  return await sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

describe('ROS node: cameras of TROS', function () {
  this.timeout(600_000);
  const rig = new NodeUnderTest();

  async function advertise(peer: RosPeer, topic: string, type: string, reliable = true): Promise<void> {
    await peer.ask({ op: 'advertise', topic, type, reliable });
    await peer.match(topic);
  }

  /** The statistics once everything that was sent is accounted for. */
  async function accounted(user: RosPeer, sent: number): Promise<Statistics> {
    let last: Statistics | undefined;
    await waitFor(async () => {
      last = (await user.ask<Statistics[]>({ op: 'take', topic: `${NAME}/statistics` })).at(-1) ?? last;
      if (last === undefined || last.in_flight > 0) return false;
      return last.received + last.superseded + last.missing === sent;
    }, `${sent} frames accounted for`).catch((error: unknown) => {
      throw new Error(`The last statistics were ${JSON.stringify(last)}`, { cause: error });
    });
    assert.ok(last !== undefined);
    const dropped = last.dropped.reduce((sum, { count }) => sum + count, 0);
    assert.equal(last.published + dropped, last.received);
    return last;
  }

  /** Publishes frames one by one, with numbers after `before`, until one has its result. @returns how many. */
  async function publishUntilOneServed(
    camera: RosPeer,
    user: RosPeer,
    before: number,
    results: Classification[] = [],
  ): Promise<number> {
    for (let count = 1; count <= 30; count++) {
      const nanosec = before + count;
      const message = hbmMessage({ ...MIPI, data: mottledNv12(MIPI), nanosec, index: nanosec });
      await camera.ask({ op: 'publish', topic: '/hbmem_img', message });
      // A frame that is late is not lost: the next one is sent when this one can hardly come any more.
      for (let look = 0; look < 160; look++) {
        await delay(50);
        const more = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
        results.push(...more);
        if (more.some(({ header }) => header.stamp.nanosec === nanosec)) return count;
      }
    }
    throw new Error(`None of 30 frames has a result; the node said: ${rig.output}`);
  }

  for (const hz of [30, 100]) {
    it(`accounts for every frame of an HbmMsg1080P camera, 960x544 nv12 at ${hz} Hz`, async () => {
      const user = await rig.startActive('-r', 'image:=/hbmem_img');
      const statistics = `${NAME}/statistics`;
      await user.ask({ op: 'subscribe', topic: statistics, type: 'effvit/msg/PipelineStatistics' });
      await user.match(statistics);
      const camera = await rig.startPeer();
      // Best effort, as SensorDataQoS is.
      await advertise(camera, '/hbmem_img', HBM, false);
      const message = hbmMessage({ ...MIPI, data: mottledNv12(MIPI) });
      // A frame that is lost before the first one arrives is known to nobody: counting begins after that.
      await publishUntilOneServed(camera, user, 0);
      await user.ask({
        op: 'call',
        service: `${NAME}/reset_statistics`,
        type: 'std_srvs/srv/Trigger',
        request: {},
      });
      await camera.ask({ op: 'stream', topic: '/hbmem_img', hz, message });
      const results = await rig.takeAll<Classification>(user, '/classification', 30);
      const sent = await camera.ask<number>({ op: 'unstream', topic: '/hbmem_img' });
      // A lost frame is noticed when a later one arrives.
      const extra = await publishUntilOneServed(camera, user, sent, results);
      const total = await accounted(user, sent + extra);
      assert.ok(total.published >= 30);
      let before = 0;
      for (const { header } of results) {
        assert.ok(header.stamp.nanosec > before);
        before = header.stamp.nanosec;
        assert.equal(header.frame_id, String(header.stamp.nanosec), 'the index, as hobot_dnn has it');
      }
    });
  }

  it("reads a camera's own memory by the merged profile, where TROS's zero copy is on", async () => {
    const variable = 'RMW_FASTRTPS_USE_QOS_FROM_XML';
    rig.env[variable] = '1';
    try {
      const user = await rig.startActive('-r', 'image:=/hbmem_img', '-p', 'queue_size:=100');
      const camera = await rig.startPeer();
      // Of SensorDataQoS: all of the history lies in shared memory.
      const qos = { reliable: false, depth: 5 };
      await camera.ask({ op: 'advertise', topic: '/hbmem_img', type: HBM, ...qos });
      await camera.match('/hbmem_img');
      const message = hbmMessage({ ...MIPI, data: mottledNv12(MIPI) });
      await camera.ask({ op: 'stream', topic: '/hbmem_img', hz: 30, message });
      await rig.takeAll<Classification>(user, '/classification', 5);
      // Fast DDS maps the publisher's history under this name; the segment of the other images stays as large.
      const maps = readFileSync(`/proc/${rig.node.pid}/maps`, 'utf8');
      assert.match(maps, /fast_datasharing/);
    } finally {
      delete rig.env[variable];
    }
  });

  it('gives results equal to the bit for the same picture as HbmMsg and as Image, nv12, bgr8 and mono8', async () => {
    const cameras = { hbm: '/hbmem_img', image: '/image_raw' };
    const user = await rig.startActive(
      ...['-p', `image_topics:=["${cameras.hbm}","${cameras.image}"]`, '-p', 'queue_size:=10'],
      ...Object.values(cameras).flatMap((topic) => reliable(topic)),
    );
    const data = mottledNv12(MIPI);
    let nanosec = 0;
    for (const [size, encoding, strideBytes, type] of [
      [MIPI, 'nv12', 960, HBM],
      [{ widthPx: 640, heightPx: 480 }, 'bgr8', 1920, 'hbm_img_msgs/msg/HbmMsg480P'],
      [{ widthPx: 960, heightPx: 540 }, 'mono8', 960, 'hbm_img_msgs/msg/HbmMsg540P'],
    ] as const) {
      const rows = encoding === 'nv12' ? size.heightPx * 1.5 : size.heightPx;
      const bytes = Uint8Array.from({ length: strideBytes * rows }, (_, at) => data[at % data.length] ?? 0);
      const parts = { ...size, encoding, strideBytes, data: bytes };
      await advertise(user, cameras.hbm, type);
      if (nanosec === 0) await advertise(user, cameras.image, IMAGE);
      const results: Classification[] = [];
      for (const [topic, message] of [
        [cameras.hbm, hbmMessage({ ...parts, nanosec: ++nanosec })],
        [cameras.image, imageMessage(++nanosec, 0, parts)],
      ] as const) {
        await user.ask({ op: 'publish', topic, message });
        results.push(...(await rig.takeAll<Classification>(user, '/classification', 1)));
      }
      assert.deepEqual(results[0]?.results, results[1]?.results, encoding);
      assert.equal(results.length, 2);
      await user.ask({ op: 'unadvertise', topic: cameras.hbm });
    }
  });

  it('counts malformed HbmMsg by cause, and serves the good ones between them', async () => {
    const user = await rig.startActive(
      ...['-r', 'image:=/hbmem_img', '-p', 'queue_size:=100'],
      ...reliable('/hbmem_img'),
    );
    for (const [topic, type] of [
      ['frames', 'effvit/msg/FrameReport'],
      ['statistics', 'effvit/msg/PipelineStatistics'],
    ]) {
      await user.ask({ op: 'subscribe', topic: `${NAME}/${topic}`, type });
      await user.match(`${NAME}/${topic}`);
    }
    await advertise(user, '/hbmem_img', HBM);
    const malformed: readonly (readonly [object, RegExp])[] = [
      [hbmMessage({ sizeBytes: 6_220_801 }), /6220801 bytes where its array holds 6220800/],
      [hbmMessage({ sizeBytes: 0 }), /data_size of 0/],
      [hbmMessage({ encoding: 'nv12nv12nv12' }), /without a NUL/],
      [hbmMessage({ encoding: 'h264' }), /hobot_codec/],
      [hbmMessage({ encoding: 'nv13' }), /unknown encoding 'nv13'/],
      [hbmMessage({ sizeBytes: 100 }), /100 bytes of data where .* need 4608/],
      [hbmMessage({ strideBytes: 8, data: new Uint8Array(5000) }), /step of 8 bytes/],
      [hbmMessage({ widthPx: 0, strideBytes: 64 }), /width of 0/],
      [hbmMessage({ encoding: 'jpeg' }), /in no known picture format/],
    ];
    for (const [index, [message, reason]] of malformed.entries()) {
      await user.ask({ op: 'publish', topic: '/hbmem_img', message });
      await user.ask({ op: 'publish', topic: '/hbmem_img', message: hbmMessage({ nanosec: index + 1 }) });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.equal(result?.header.stamp.nanosec, index + 1);
      const reports = await rig.takeAll<{ drop_cause: string; drop_reason: string }>(
        user,
        `${NAME}/frames`,
        2,
      );
      const [bad] = reports.filter(({ drop_cause }) => drop_cause === 'bad_image');
      assert.match(bad?.drop_reason ?? '', reason);
    }
    const { dropped, published } = await accounted(user, 2 * malformed.length);
    assert.equal(published, malformed.length);
    assert.equal(dropped.find(({ cause }) => cause === 'bad_image')?.count, malformed.length);
  });

  it("publishes results as TROS has them: the vendor's web page pairs every one with its image", async () => {
    const topic = '/hobot_dnn_detection';
    const user = await rig.startActive(
      ...['-r', 'image:=/hbmem_img', '-p', 'perception_targets:=hobot_dnn_detection', '-p', 'top_k:=2'],
      ...['-p', 'queue_size:=100', ...reliable('/hbmem_img')],
      ...['-p', 'qos_overrides./hbmem_img.subscription.depth:=100', '-p', 'resize_mode:=crop'],
    );
    await user.ask({ op: 'subscribe', topic, type: 'ai_msgs/msg/PerceptionTargets' });
    await user.ask({ op: 'subscribe', topic: `${topic}_info`, type: 'ai_msgs/msg/PerceptionInfo' });
    // The page takes images from the same topic.
    await user.ask({ op: 'subscribe_stamps', topic: '/hbmem_img', type: HBM });
    for (const name of [topic, `${topic}_info`]) await user.match(name);
    const camera = await rig.startPeer();
    await advertise(camera, '/hbmem_img', HBM);
    await waitFor(
      async () => (await camera.ask<number>({ op: 'matched', topic: '/hbmem_img' })) === 2,
      'the node and the page on the topic of the images',
    );
    await user.match('/hbmem_img');
    const beganS = Date.now() / 1000;
    const message = hbmMessage({ ...MIPI, data: mottledNv12(MIPI) });
    await camera.ask({ op: 'stream', topic: '/hbmem_img', hz: 10, message });
    const targets = await rig.takeAll<PerceptionTargets>(user, topic, 20);
    await camera.ask({ op: 'unstream', topic: '/hbmem_img' });
    const key = (sec: number, nanosec: number) => `${sec}.${nanosec}`;
    const stamps = new Set<string>();
    await waitFor(async () => {
      const images = await user.ask<[number, number][]>({ op: 'take', topic: '/hbmem_img' });
      for (const [sec, nanosec] of images) stamps.add(key(sec, nanosec));
      return targets.every(({ header: { stamp } }) => stamps.has(key(stamp.sec, stamp.nanosec)));
    }, 'the image of every result');

    const results = await rig.takeAll<Classification>(user, '/classification', targets.length);
    for (const [index, target] of targets.entries()) {
      const own = results[index];
      assert.deepEqual(target.header, own?.header);
      assert.deepEqual(
        target.targets.map(({ type }) => type),
        own?.results.map(({ class_id }) => class_id),
      );
      for (const [rank, { rois, track_id, attributes }] of target.targets.entries()) {
        const score = own?.results[rank]?.score ?? Number.NaN;
        assert.equal(rois.length, 1);
        assert.equal(rois[0]?.confidence, Math.fround(score));
        // The middle of 960x544, of which 224 of 256 pixels are seen.
        assert.deepEqual(rois[0]?.rect, {
          x_offset: 243,
          y_offset: 34,
          height: 476,
          width: 477,
          do_rectify: false,
        });
        assert.equal(track_id, 0);
        assert.deepEqual(
          attributes.map(({ type }) => type),
          ['score', 'class_index'],
        );
      }
      assert.deepEqual(
        target.perfs.map(({ type }) => type.replace(/^.*?_(?=preprocess|predict|postprocess|pipeline)/, '')),
        ['preprocess', 'predict_infer', 'predict_parse', 'postprocess', 'pipeline'],
      );
      for (const { stamp_start, stamp_end, time_ms_duration } of target.perfs) {
        const spanMs =
          1e3 * (stamp_end.sec - stamp_start.sec) + (stamp_end.nanosec - stamp_start.nanosec) / 1e6;
        assert.ok(Math.abs(spanMs - time_ms_duration) < 1e-4);
        assert.ok(stamp_start.sec >= Math.floor(beganS) && time_ms_duration >= 0);
      }
    }
    assert.ok(targets.some(({ perfs }) => !Number.isInteger(perfs[0]?.time_ms_duration)));
    assert.ok((targets.at(-1)?.fps ?? 0) > 0);
    const [info] = await rig.takeAll<{ width: number; height: number; class_names: string[] }>(
      user,
      `${topic}_info`,
      1,
    );
    assert.deepEqual([info?.width, info?.height, info?.class_names], [224, 224, COLOURS]);
  });

  it('hears a USB camera: CompressedImage on the topic itself, and Image that holds a jpeg', async () => {
    const user = await rig.startActive(...reliable());
    await advertise(user, '/image', COMPRESSED);
    const picture = await jpeg(1);
    const header = { stamp: { sec: 7, nanosec: 1 }, frame_id: 'usb' };
    await user.ask({
      op: 'publish',
      topic: '/image',
      message: { header, format: 'jpeg', data: base64(picture) },
    });
    const [first] = await rig.takeAll<Classification>(user, '/classification', 1);
    assert.equal(first?.results[0]?.class_id, 'green');
    assert.match(
      rig.output,
      /The camera \/image is heard on \/image \(sensor_msgs\/msg\/CompressedImage\) now/,
    );
    await user.ask({ op: 'unadvertise', topic: '/image' });

    await advertise(user, '/image', IMAGE);
    const padded = new Uint8Array(614_400);
    padded.set(await jpeg(2));
    for (const [nanosec, data, colour] of [
      [2, await jpeg(0), 'red'],
      [3, padded, 'blue'],
    ] as const) {
      const strideBytes = Math.floor(data.length / 48);
      const message = imageMessage(nanosec, 0, { encoding: 'jpeg', strideBytes, data });
      await user.ask({ op: 'publish', topic: '/image', message });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.deepEqual([result?.header.stamp.nanosec, result?.results[0]?.class_id], [nanosec, colour]);
    }
  });

  it('follows a publisher that changes its type, also one that was killed', async () => {
    const user = await rig.startActive('-p', 'queue_size:=100');
    const picture = await jpeg(2);
    const header = { stamp: { sec: 7, nanosec: 0 }, frame_id: 'usb' };
    for (const [type, topic, message, colour] of [
      [IMAGE, '/image', imageMessage(0, 0), COLOURS[0]],
      [COMPRESSED, '/image', { header, format: 'jpeg', data: base64(await jpeg(1)) }, COLOURS[1]],
      [COMPRESSED, '/image/compressed', { header, format: 'jpeg', data: base64(picture) }, COLOURS[2]],
      [HBM, '/image', hbmMessage({ encoding: 'jpeg', data: await jpeg(0) }), COLOURS[0]],
      [IMAGE, '/image', imageMessage(0, 1), COLOURS[1]],
    ] as const) {
      const camera = await rig.startPeer();
      await camera.ask({ op: 'advertise', topic, type, reliable: false });
      await camera.match(topic);
      await camera.ask({ op: 'stream', topic, hz: 20, message });
      await waitFor(async () => {
        const results = await user.ask<Classification[]>({ op: 'take', topic: '/classification' });
        return results.some(({ results: [best] }) => best?.class_id === colour);
      }, `results of ${type} on ${topic}: ${rig.output}`);
      await camera.kill();
    }
  });

  for (const transport of ['auto', 'compressed']) {
    it(`does not double the suffix of a topic that names its compressed images: ${transport}`, async () => {
      const topic = '/cam/image_raw/compressed';
      const user = await rig.startActive(
        ...['-p', `image_topics:=["${topic}"]`, '-p', `image_transport:=${transport}`, ...reliable(topic)],
      );
      await advertise(user, topic, COMPRESSED);
      const header = { stamp: { sec: 7, nanosec: 5 }, frame_id: 'cam' };
      await user.ask({
        op: 'publish',
        topic,
        message: { header, format: 'jpeg', data: base64(await jpeg(1)) },
      });
      const [result] = await rig.takeAll<Classification>(user, '/classification', 1);
      assert.equal(result?.results[0]?.class_id, 'green', transport);
    });
  }
});
